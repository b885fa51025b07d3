"""A multi-layer perceptron."""
