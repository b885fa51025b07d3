"""Pyramidal residual networks (Han, Kim and Kim 2017)."""
