"""Systems that read and write sequences of symbols."""
