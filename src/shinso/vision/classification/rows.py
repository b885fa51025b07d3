"""The image classifiers' rows of the catalogue. Imports no torch."""

from __future__ import annotations

from shinso.core.system import Deviation, System

PLACE = "shinso.vision.classification"


def classifier(
    name: str,
    recipe: str,
    summary: str,
    paper: str,
    equations: tuple[str, ...] = (),
    data: str = "digits",
    deviations: tuple[Deviation, ...] = (),
    layouts: tuple[str, ...] = (),
) -> System:
    """An image classifier: its recipe and model stand in a folder of its name, the rest is one
    for all. `equations` are those of its own network, `layouts` the tables of its layout.py."""
    folder = f"{PLACE}.{name.replace('-', '_')}"
    return System(
        name=name,
        field="vision",
        task="image classification",
        summary=summary,
        paper=paper,
        section="digest of the basics and day 4, image classification",
        equations=(*equations, "p(class) = softmax(logits)"),
        recipe=f"{folder}.recipe:{recipe}",
        build=f"{folder}.model:build",
        example_inputs=f"{PLACE}.examples:example_inputs",
        learner=f"{PLACE}.learner:ClassifierLearner",
        predictor=f"{PLACE}.predictor:ClassifierPredictor",
        evaluate=f"{PLACE}.evaluation:evaluate",
        options=f"{PLACE}.recipe:ClassifierOptions",
        data=data,
        data_kinds=("images",),
        deviations=deviations,
        layouts=tuple(f"{folder}.layout:{table}" for table in layouts),
    )


ROWS = (
    classifier(
        "lenet",
        "LeNetRecipe",
        "LeNet-5: two convolutions, each followed by subsampling, then three dense layers; "
        "the net that read the cheques.",
        "LeCun et al. 1998, Gradient-based learning applied to document recognition",
        equations=("convolution output (H + 2P - F)/S + 1",),
        deviations=(
            Deviation(
                "C3 is connected to all six maps of S2",
                "the paper's table of connections saved 1998's memory; 61,706 parameters here",
            ),
            Deviation(
                "softmax and cross-entropy in place of RBF outputs and the MAP criterion",
                "what everyone means by LeNet-5 today",
            ),
            Deviation(
                "max pooling and ReLU by default; --preset paper gives average pooling and tanh, "
                "without the paper's trainable subsampling coefficients",
                "learns faster",
            ),
        ),
    ),
    classifier(
        "mlp",
        "MLPRecipe",
        "A multi-layer perceptron: dense layers with ReLU, blind to which pixels are neighbours.",
        "LeCun et al. 1998, section III.C.4 (LeNet-300-100)",
        equations=("h_l = ReLU(W_l h_(l-1) + b_l), h_0 the pixels", "logits = W h_L + b"),
        deviations=(
            Deviation("ReLU and dropout where the paper has a squashing tanh", "learns faster"),
        ),
    ),
    classifier(
        "resnet",
        "ResNetRecipe",
        "A residual network for small images: each block adds to what it was given, so that the "
        "error has a straight way back through any depth.",
        "He et al. 2016, Deep residual learning for image recognition, section 4.2",
        equations=("y = ReLU(F(x) + shortcut(x))", "F = Conv-BN-ReLU-Conv-BN"),
        data="fashion_mnist",
        deviations=(
            Deviation(
                "cosine schedule with warm-up and Nesterov momentum in place of steps",
                "fewer updates; --preset paper has the paper's 64,000 and its steps",
            ),
            Deviation(
                "bfloat16 activations and channels-last images by default",
                "speed on a CPU with bfloat16 (docs/performance.md); --preset paper has float32",
            ),
        ),
    ),
)
