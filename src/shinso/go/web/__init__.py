"""A board to play on in the browser."""
