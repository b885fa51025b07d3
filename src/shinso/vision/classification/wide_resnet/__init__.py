"""Wide residual networks (Zagoruyko and Komodakis 2016)."""
