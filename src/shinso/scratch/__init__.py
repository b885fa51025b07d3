"""The same parts in plain NumPy with hand-derived gradients, for reading and as an oracle."""
