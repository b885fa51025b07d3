"""Residual networks with activation before convolution (He et al. 2016b)."""
