"""A recurrent net that learns to add binary numbers, one bit a step."""
