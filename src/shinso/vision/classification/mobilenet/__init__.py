"""MobileNet (Howard et al. 2017)."""
