"""How other libraries name the weights of a MobileNet. Imports no torch."""

# timm's mobilenetv1: the blocks in stages, (stage, block) in our order.
_PLACES = [(stage, block) for stage, count in enumerate((1, 2, 2, 6, 2)) for block in range(count)]

TIMM = (
    *(
        (rf"^blocks\.{stage}\.{block}\.", f"blocks.{number}.")
        for number, (stage, block) in enumerate(_PLACES)
    ),
    (r"\.conv_dw\.", ".depthwise.conv."),
    (r"^(blocks\.\d+)\.bn1\.", r"\1.depthwise.norm."),
    (r"\.conv_pw\.", ".pointwise.conv."),
    (r"^(blocks\.\d+)\.bn2\.", r"\1.pointwise.norm."),
    (r"^conv_stem\.", "stem.conv."),
    (r"^bn1\.", "stem.norm."),
    (r"^classifier\.", "output."),
)
