"""The player `uct`: search with random playouts, and nothing learnt."""
