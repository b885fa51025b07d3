"""Language models over words: the next one, by a recurrent net."""
