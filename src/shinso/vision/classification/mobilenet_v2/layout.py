"""How other libraries name the weights of a MobileNetV2. Imports no torch."""

TORCHVISION = (
    (r"^features\.0\.0\.", "stem.conv."),
    (r"^features\.0\.1\.", "stem.norm."),
    (r"^features\.18\.0\.", "last.conv."),
    (r"^features\.18\.1\.", "last.norm."),
    # The first block does not expand, so that all else moves up.
    (r"^features\.1\.conv\.0\.0\.", "blocks.0.depthwise.conv."),
    (r"^features\.1\.conv\.0\.1\.", "blocks.0.depthwise.norm."),
    (r"^features\.1\.conv\.1\.", "blocks.0.project.conv."),
    (r"^features\.1\.conv\.2\.", "blocks.0.project.norm."),
    *((rf"^features\.{number + 1}\.", f"blocks.{number}.") for number in range(1, 17)),
    (r"\.conv\.0\.0\.", ".expand.conv."),
    (r"\.conv\.0\.1\.", ".expand.norm."),
    (r"\.conv\.1\.0\.", ".depthwise.conv."),
    (r"\.conv\.1\.1\.", ".depthwise.norm."),
    (r"\.conv\.2\.", ".project.conv."),
    (r"\.conv\.3\.", ".project.norm."),
    (r"^classifier\.1\.", "output."),
)

# timm's mobilenetv2: the blocks in stages, (stage, block) in our order.
_PLACES = [
    (stage, block) for stage, count in enumerate((1, 2, 3, 4, 3, 3, 1)) for block in range(count)
]

TIMM = (
    (r"^blocks\.0\.0\.conv_dw\.", "blocks.0.depthwise.conv."),
    (r"^blocks\.0\.0\.bn1\.", "blocks.0.depthwise.norm."),
    (r"^blocks\.0\.0\.conv_pw\.", "blocks.0.project.conv."),
    (r"^blocks\.0\.0\.bn2\.", "blocks.0.project.norm."),
    *(
        (rf"^blocks\.{stage}\.{block}\.", f"blocks.{number}.")
        for number, (stage, block) in enumerate(_PLACES)
    ),
    (r"\.conv_pw\.", ".expand.conv."),
    (r"^(blocks\.\d+)\.bn1\.", r"\1.expand.norm."),
    (r"\.conv_dw\.", ".depthwise.conv."),
    (r"^(blocks\.\d+)\.bn2\.", r"\1.depthwise.norm."),
    (r"\.conv_pwl\.", ".project.conv."),
    (r"^(blocks\.\d+)\.bn3\.", r"\1.project.norm."),
    (r"^conv_stem\.", "stem.conv."),
    (r"^bn1\.", "stem.norm."),
    (r"^conv_head\.", "last.conv."),
    (r"^bn2\.", "last.norm."),
    (r"^classifier\.", "output."),
)
