"""DenseNet (Huang et al. 2017)."""
