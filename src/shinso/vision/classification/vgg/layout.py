"""How torchvision names the weights of a VGG; the convolutions' names are ours. Imports no
torch."""

TORCHVISION = ((r"^classifier\.([03])\.", r"dense.\1."), (r"^classifier\.6\.", "output."))
