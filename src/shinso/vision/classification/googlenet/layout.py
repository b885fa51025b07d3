"""How torchvision names the weights of its variant of GoogLeNet. Imports no torch."""

TORCHVISION = (
    (r"\.bn\.", ".norm."),
    (r"^conv(\d)\.", r"stem.conv\1."),
    (r"^inception(\d\w)\.", r"inceptions.\1."),
    (r"^aux(\d)\.", r"auxiliary\1."),
    (r"\.fc1\.", ".dense."),
    (r"\.fc2\.", ".output."),
    (r"^fc\.", "output."),
)
