"""torchvision names the weights of wide_resnet50_2 as those of its residual networks."""

from shinso.vision.classification.resnet.layout import TORCHVISION

__all__ = ["TORCHVISION"]
