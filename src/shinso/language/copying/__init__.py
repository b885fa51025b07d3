"""A recurrent net that remembers symbols over a distance: memory, and nothing else, measured."""
