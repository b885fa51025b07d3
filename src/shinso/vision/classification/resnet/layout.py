"""How torchvision and timm name the weights of a residual network. Imports no torch."""

TORCHVISION = (
    (r"^conv1\.", "stem.0."),
    (r"^bn1\.", "stem.1."),
    (r"^layer1\.", "stages.0."),
    (r"^layer2\.", "stages.1."),
    (r"^layer3\.", "stages.2."),
    (r"^layer4\.", "stages.3."),
    (r"\.downsample\.", ".shortcut."),
    (r"^fc\.", "output."),
)
