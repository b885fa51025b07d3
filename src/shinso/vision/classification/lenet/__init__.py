"""LeNet-5 (LeCun et al. 1998)."""
