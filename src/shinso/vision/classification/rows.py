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
    learner: str = "learner:ClassifierLearner",
    formulas: str | None = None,
) -> System:
    """An image classifier: its recipe and model stand in a folder of its name, the rest is one
    for all, unless a place in the package is given. `equations` are those of its own network,
    `layouts` the tables of its layout.py."""
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
        learner=f"{PLACE}.{learner}",
        predictor=f"{PLACE}.predictor:ClassifierPredictor",
        evaluate=f"{PLACE}.evaluation:evaluate",
        options=f"{PLACE}.recipe:ClassifierOptions",
        standalone=f"{PLACE}.handover:standalone",
        data=data,
        data_kinds=("images",),
        deviations=deviations,
        layouts=tuple(f"{folder}.layout:{table}" for table in layouts),
        formulas=f"{PLACE}.{formulas}" if formulas else None,
    )


PROTOCOL = Deviation(
    "one protocol for all networks by default, but for rates and epochs: Nesterov momentum, "
    "warm-up and a cosine, bfloat16",
    "so that their scores compare; --preset paper has the paper's own, in float32",
)
CROPS = Deviation(
    "--preset paper shifts by up to 16 pixels and mirrors, on images of your own",
    "ImageNet is not to be had freely; scaled crops and changed colours are not built in",
)
NARROW = Deviation(
    "narrower than published by default, with a stem for 28 and 32 pixels",
    "about a minute an epoch on two cores; --width 1 is as wide as published, --stem large as "
    "coarse",
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
        "alexnet",
        "AlexNetRecipe",
        "Five convolutions and three dense layers with ReLU and dropout, on two GPUs: the network "
        "that began the age of deep learning.",
        "Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep convolutional "
        "neural networks",
        equations=("b_i = a_i / (2 + 1e-4 sum over 5 neighbours of a_j^2)^0.75",),
        data="fashion_mnist",
        layouts=("TORCHVISION",),
        deviations=(
            Deviation(
                "one column by default, without local response normalisation",
                "as Krizhevsky 2014 and torchvision; --columns 2 and --preset paper have both",
            ),
            Deviation(
                "one column starts from weights after He et al. 2015",
                "the paper's N(0, 0.01) lets the signal fade in narrower layers",
            ),
            Deviation(
                "input of 224 pixels padded by 2, to maps of 55",
                "the paper's 224 and 55 do not fit each other without",
            ),
            NARROW,
            PROTOCOL,
            CROPS,
        ),
    ),
    classifier(
        "vgg",
        "VGGRecipe",
        "Nothing but 3 x 3 convolutions, 8 to 16 of them: depth by the simplest means.",
        "Simonyan and Zisserman 2015, Very deep convolutional networks for large-scale image "
        "recognition",
        equations=("three 3 x 3 convolutions see 7 x 7 with 27 C^2 weights in place of 49 C^2",),
        data="fashion_mnist",
        layouts=("TORCHVISION",),
        deviations=(
            Deviation(
                "initial weights after He et al. 2015",
                "the paper trains a shallow network first; as torchvision",
            ),
            Deviation(
                "--norm batch, which the paper has not, keeps the convolutions' biases",
                "as the published VGG-BN: 138,365,992 parameters at depth 16",
            ),
            Deviation(
                "the small stem leaves the two hidden dense layers out",
                "1 x 1 maps are left of 28 or 32 pixels; what everyone does on CIFAR",
            ),
            NARROW,
            PROTOCOL,
            CROPS,
        ),
    ),
    classifier(
        "googlenet",
        "GoogLeNetRecipe",
        "Inception modules look through windows of three sizes at once; auxiliary heads bring the "
        "error to the middle of the network in training.",
        "Szegedy et al. 2015, Going deeper with convolutions",
        equations=(
            "y = [conv1(x), conv3(conv1(x)), conv5(conv1(x)), conv1(pool(x))]",
            "loss = CE(logits) + 0.3 CE(auxiliary 1) + 0.3 CE(auxiliary 2)",
        ),
        data="fashion_mnist",
        layouts=("TORCHVISION",),
        learner="googlenet.learner:GoogLeNetLearner",
        deviations=(
            Deviation(
                "--variant torchvision has 3 x 3 in place of 5 x 5, another pooling, and with "
                "--norm batch the layers that its weights need",
                "its weights are the ones to be had; the paper's network has none public",
            ),
            Deviation(
                "initial weights after He et al. 2015; the mean of weights along the way is not "
                "kept",
                "the paper does not tell its initial weights; the best checkpoint is kept",
            ),
            NARROW,
            PROTOCOL,
            CROPS,
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
                "channels are rounded to the nearest number, in the paper down",
                "as the authors' program has it; 1,772,706 parameters at alpha 48, not 1,739,730",
            ),
            Deviation(
                "basic blocks and additive widening alone",
                "the better half of the paper's comparison; bottlenecks are for depth 164 and more",
            ),
        ),
    ),
    classifier(
        "densenet",
        "DenseNetRecipe",
        "Each layer sees the maps of all layers before it and adds a few of its own, so that "
        "nothing is computed twice.",
        "Huang, Liu, van der Maaten and Weinberger 2017, Densely connected convolutional networks",
        equations=(
            "x_l = H_l([x_0, x_1, ..., x_(l-1)]),  H = BN-ReLU-Conv1x1-BN-ReLU-Conv3x3",
            "layer l of a block reads k_0 + l k channels",
        ),
        data="fashion_mnist",
        layouts=("TORCHVISION",),
        deviations=(
            Deviation(
                "depth 22 by default, and --preset long has 100",
                "about a minute an epoch on two cores",
            ),
            Deviation("no dropout", "the paper has it only where images are not augmented"),
            PROTOCOL,
            CROPS,
        ),
    ),
    classifier(
        "mobilenet",
        "MobileNetRecipe",
        "Depthwise-separable convolutions filter each channel by itself and combine channels "
        "pixel by pixel, for an eighth of the cost; made for telephones.",
        "Howard et al. 2017, MobileNets: efficient convolutional neural networks for mobile "
        "vision applications",
        equations=(
            "standard convolution: K K M N F F multiply-adds",
            "depthwise separable: K K M F F + M N F F, a share of 1/N + 1/K^2",
        ),
        data="fashion_mnist",
        layouts=("TIMM",),
        formulas="mobilenet.formulas:tables",
        deviations=(
            Deviation("ReLU6 where the text says ReLU", "as the authors' own code, and timm's"),
            Deviation(
                "the last depthwise convolution has stride 1",
                "table 1 prints 2 between maps of the same 7 x 7",
            ),
            Deviation(
                "--preset paper has no weight decay",
                "the paper asks for little or none on depthwise filters; ours is one for all",
            ),
            NARROW,
            PROTOCOL,
            CROPS,
        ),
    ),
    classifier(
        "mobilenet-v2",
        "MobileNetV2Recipe",
        "Inverted residuals: blocks that widen, filter channel by channel and narrow again, "
        "joined at their narrow ends; without an activation there, which would lose too much.",
        "Sandler et al. 2018, MobileNetV2: inverted residuals and linear bottlenecks",
        equations=("y = x + project(depthwise(expand(x))), with ReLU6 behind the first two",),
        data="fashion_mnist",
        layouts=("TORCHVISION", "TIMM"),
        deviations=(
            Deviation(
                "dropout 0.2 before the output", "as the authors' own code; the paper is mute"
            ),
            NARROW,
            PROTOCOL,
            CROPS,
        ),
    ),
)
