"""How other libraries name the weights of a DenseNet. Imports no torch."""

# timm has the same; the files that torchvision publishes still call norm1 norm.1.
TORCHVISION = (
    (r"\.(norm|conv)\.([12])\.", r".\1\2."),
    (r"^features\.(conv|norm)0\.", r"features.stem.\1."),
    (r"\.denseblock(\d)\.denselayer", r".block\1.layer"),
    (r"(\.layer\d+)\.(norm|conv)1\.", r"\1.bottleneck.\2."),
    (r"(\.layer\d+)\.(norm|conv)2\.", r"\1.convolution.\2."),
    (r"\.transition(\d)\.(norm|conv)\.", r".transition\1.convolution.\2."),
    (r"^features\.norm5\.", "norm."),
    (r"^classifier\.", "output."),
)
