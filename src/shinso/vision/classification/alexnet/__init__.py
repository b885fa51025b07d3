"""AlexNet (Krizhevsky, Sutskever and Hinton 2012)."""
