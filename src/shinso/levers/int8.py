"""Graphs in 8 bits, by ONNX Runtime's quantiser, told what pays on a CPU.

    r = s (q - z)    a real number r by a whole q of 8 bits (Jacob et al. 2018, Quantization and
                     training of neural networks for efficient integer-arithmetic-only inference,
                     equation 1)

Each output channel of a weight has a scale s of its own, and z = 0; an activation has one s and z,
so that all 256 steps serve what a ReLU leaves (Krishnamoorthi 2018, Quantizing deep convolutional
networks for efficient inference, section 3). Static, the ranges of activations are those seen while
examples went through, and whole numbers go from layer to layer; dynamic, each range is measured
when an input comes, which suits what has few and large products.

Weights have all 8 bits. A CPU without VNNI adds their products in 16, which can overflow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor

from shinso.core.errors import ShinsoError, UserError
from shinso.levers.export import forget_sources, quiet

Inputs = tuple[Tensor, ...]
Range = tuple[float, float]  # from the lowest to the highest

# What has static int8 kernels. Normalisations and softmax have none: between them and their
# neighbours numbers would be rounded for nothing.
STATIC = (
    *("Conv", "Gemm", "MatMul", "Add", "Mul", "Relu", "Clip", "LeakyRelu", "Sigmoid"),
    *("MaxPool", "AveragePool", "GlobalAveragePool", "Concat", "Split", "Slice", "Pad", "Resize"),
    *("Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze"),
)
# Their products are summed in 32 bits and need no rounding: logits keep their digits.
UNROUNDED = ("Gemm", "MatMul")
# They move numbers and make none, so that what goes in has the range of what comes out.
UNCHANGING = ("MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze")
WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN")


def static(
    name: str, graph: bytes, seen: Sequence[Inputs], ranges: Mapping[str, Range] | None = None
) -> bytes:
    """The network's graph with the ranges that activations have on the inputs `seen`; what weights
    are multiplied with has the range that `ranges` gives for their name, if any.

    Raises UserError where the graph takes other inputs than those.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    def by_quantiser(source: Path, target: Path) -> None:
        quantize_static(
            source,
            target,
            _Feeds(_feeds(name, source, seen)),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*STATIC],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={
                "OpTypesToExcludeOutputQuantization": [*UNROUNDED],
                "TensorQuantOverrides": _overrides(source, ranges or {}),
            },
        )

    return _quantised(name, graph, by_quantiser)


def dynamic(name: str, graph: bytes) -> bytes:
    """The network's graph with ranges measured at each call."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    def by_quantiser(source: Path, target: Path) -> None:
        _untranspose(source)
        quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)

    return _quantised(name, graph, by_quantiser)


def left_in_float(graph: bytes) -> Counter[str]:
    """How many operators of each type have weights that are float32 still: ONNX Runtime has no
    int8 kernel for them (GRU, transposed convolutions)."""
    import onnx

    nodes = onnx.load_from_string(graph).graph
    floats = {
        tensor.name
        for tensor in nodes.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) >= 2
    }
    return Counter(
        node.op_type
        for node in nodes.node
        if node.op_type in WEIGHTED and floats.intersection(node.input)
    )


def _quantised(name: str, graph: bytes, by_quantiser: Callable[[Path, Path], None]) -> bytes:
    """The tools work from file to file. Raises ShinsoError where they fail."""
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory() as folder, quiet():
        given, prepared, made = (Path(folder, name) for name in ("given", "prepared", "made"))
        given.write_bytes(graph)
        try:
            # Folds batch normalisations into convolutions. The exporter has told all shapes.
            quant_pre_process(str(given), str(prepared), skip_symbolic_shape=True)
            by_quantiser(prepared, made)
        except UserError:
            raise
        except Exception as error:  # what the tools cannot do comes in many classes
            reason = " ".join(str(error).split())[:300]
            raise ShinsoError(f"network {name} cannot be made int8: {reason}") from error
        model = onnx.load(made)
    forget_sources(model)
    return bytes(model.SerializeToString(deterministic=True))


# Calibration -------------------------------------------------------------------------------------


class _Feeds:
    """A CalibrationDataReader, whose class is not there without the extra."""

    def __init__(self, feeds: Iterable[Mapping[str, Any]]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> Mapping[str, Any] | None:
        return next(self.feeds, None)


def _feeds(name: str, graph: Path, seen: Sequence[Inputs]) -> Iterator[Mapping[str, Any]]:
    import onnx

    names = [argument.name for argument in onnx.load(graph).graph.input]
    for inputs in seen:
        if len(inputs) != len(names):
            raise UserError(
                f"the graph of {name} takes {len(names)} inputs and training gives it "
                f"{len(inputs)}, so its activations have no ranges: give --calibration 0"
            )
        yield {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)}


def _overrides(graph: Path, ranges: Mapping[str, Range]) -> dict[str, list[dict[str, Any]]]:
    """The ranges by the names that the graph has for activations, as the quantiser takes them."""
    import numpy as np
    import onnx

    nodes = onnx.load(graph).graph.node
    made_by = {name: node for node in nodes for name in node.output}
    found = {}
    for node in nodes:
        if len(node.input) < 2 or node.input[1] not in ranges:
            continue
        low, high = map(np.float32, ranges[node.input[1]])
        name = node.input[0]
        found[name] = [{"rmin": low, "rmax": high}]
        while name in made_by and made_by[name].op_type in UNCHANGING:
            name = made_by[name].input[0]
            found[name] = [{"rmin": low, "rmax": high}]
    return found


# Dense layers ------------------------------------------------------------------------------------


def _untranspose(path: Path) -> None:
    """Stores the weights of each Gemm as they are multiplied. The quantiser would transpose them
    in place: once for each Gemm that shares them, and against the shape the exporter told."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        transposed = [attribute for attribute in node.attribute if attribute.name == "transB"]
        if node.op_type != "Gemm" or node.input[1] not in weights or not transposed:
            continue
        turned = f"{node.input[1]}_transposed"
        if turned not in weights:
            matrix = numpy_helper.to_array(weights[node.input[1]]).T
            weights[turned] = numpy_helper.from_array(matrix.copy(), turned)
        node.input[1] = turned
        node.attribute.remove(transposed[0])
    used = {name for node in model.graph.node for name in node.input}
    del model.graph.initializer[:]
    model.graph.initializer.extend(tensor for name, tensor in weights.items() if name in used)
    onnx.save(model, path)
