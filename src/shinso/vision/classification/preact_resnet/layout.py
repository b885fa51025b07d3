"""How timm names the weights of its resnetv2_50, _101 and _152. Imports no torch."""

TIMM = (
    (r"^stem\.conv\.", "stem."),
    (r"\.blocks\.", "."),
    (r"\.downsample\.conv\.", ".shortcut."),
    (r"^head\.fc\.", "output."),
)
