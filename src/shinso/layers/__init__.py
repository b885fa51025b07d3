"""Parts that several systems share, each with its equation."""
