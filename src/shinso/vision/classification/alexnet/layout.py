"""How torchvision names the weights of an AlexNet. Imports no torch."""

TORCHVISION = (
    *(
        (rf"^features\.{place}\.", f"layer{number}.0.")
        for number, place in enumerate((0, 3, 6, 8, 10), 1)
    ),
    (r"^classifier\.1\.", "layer6.1."),
    (r"^classifier\.4\.", "layer7.1."),
    (r"^classifier\.6\.", "output."),
)
