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
        "A residual network: each block adds to what it was given, so that the error has a "
        "straight way back through any depth.",
        "He et al. 2016, Deep residual learning for image recognition",
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
            Deviation(
                "a bottleneck's stride is in its 3 x 3, the paper's in its first 1 x 1",
                "as torchvision and timm have it; depth 50 has 4.1 in place of 3.8 billion MACs",
            ),
            Deviation(
                "--preset paper --depth 50 (18, 34, 101, 152) trains on images of your own, shifts "
                "by up to 16 pixels, and its rate falls after each third",
                "ImageNet is not to be had freely; the paper scales at random and lowers the rate "
                "where the error no longer falls",
            ),
        ),
        layouts=("TORCHVISION",),
    ),
    classifier(
        "preact-resnet",
        "PreActResNetRecipe",
        "A residual network that normalises and activates before each convolution, so that between "
        "its blocks there is nothing but addition.",
        "He et al. 2016, Identity mappings in deep residual networks",
        equations=("y = x + F(x)", "F = BN-ReLU-Conv-BN-ReLU-Conv"),
        data="fashion_mnist",
        deviations=(
            Deviation(
                "cosine schedule with warm-up and Nesterov momentum in place of steps, bfloat16",
                "fewer updates, and faster; --preset paper has the paper's own in float32",
            ),
            Deviation(
                "where the shape changes, basic blocks project too; a bottleneck's stride is in "
                "its 3 x 3",
                "one block for all; the authors' program projects in bottlenecks, strides in the "
                "first 1 x 1, and its basic blocks pad with zeros",
            ),
            Deviation(
                "--preset paper --depth 50 (101, 152) trains on images of your own, shifts by up "
                "to 16 pixels, and its rate falls after each third",
                "ImageNet is not to be had freely; the paper scales and crops at random",
            ),
        ),
        layouts=("TIMM",),
    ),
    classifier(
        "wide-resnet",
        "WideResNetRecipe",
        "A residual network with few blocks of many channels: what depth buys, width buys sooner, "
        "for wide convolutions are work that a processor can do at once.",
        "Zagoruyko and Komodakis 2016, Wide residual networks",
        equations=("y = x + F(x)", "F = BN-ReLU-Conv(k C)-BN-ReLU-dropout-Conv(k C)"),
        data="fashion_mnist",
        deviations=(
            Deviation(
                "cosine schedule with warm-up in place of steps, bfloat16",
                "fewer updates, and faster; --preset paper has the paper's 200 epochs in float32",
            ),
            Deviation(
                "in --preset paper the rate falls after 60, 120 and 180 epochs, the paper's after "
                "60, 120 and 160",
                "steps here are evenly spaced",
            ),
            Deviation(
                "shifted images have black edges, the paper's mirrored ones",
                "one augmentation for all networks",
            ),
            Deviation(
                "--preset paper --depth 50 trains on images of your own, by the settings of the "
                "residual network",
                "ImageNet is not to be had freely",
            ),
        ),
        layouts=("TORCHVISION",),
    ),
    classifier(
        "pyramidnet",
        "PyramidNetRecipe",
        "A residual network that widens a little at each block, where others double their channels "
        "all at once; what its blocks add to is padded with zeros.",
        "Han, Kim and Kim 2017, Deep pyramidal residual networks",
        equations=(
            "D_k = 16 + alpha k / N channels behind block k of N",
            "y = padded(x) + F(x)",
            "F = BN-Conv-BN-ReLU-Conv-BN",
        ),
        data="fashion_mnist",
        deviations=(
            Deviation(
                "cosine schedule with warm-up in place of steps, bfloat16",
                "fewer updates, and faster; --preset paper has the paper's 300 epochs in float32",
            ),
            Deviation(
                "channels are rounded to the nearest number, in the paper's equation 3 down",
                "as the authors' program has it; 1,772,706 parameters at alpha 48, not 1,739,730",
            ),
            Deviation(
                "basic blocks and additive widening alone",
                "the better half of the paper's comparison; bottlenecks are for depth 164 and more",
            ),
        ),
    ),
)
