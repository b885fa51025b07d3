"""A recurrent net that reads typed letters in both directions, finds those that are wrong and says
what belongs there."""
