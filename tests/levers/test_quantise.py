"""Quantised artifacts: fewer bytes, nearly the same answers, and what is refused."""

import collections
import dataclasses
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import safetensors.torch
import torch
from torch import nn

from shinso import api, catalog, quantising
from shinso.core.artifact import Artifact, open_artifact
from shinso.core.calibration import example_count, seen_inputs
from shinso.core.errors import UserError
from shinso.core.precision import InPrecision
from shinso.core.run import Run
from shinso.data import open_data
from shinso.levers import int8
from shinso.vision.classification.preparation import fitted_split, normalised
from tests.cli.command import refused, shinso
from tests.levers.making import PROVENANCE, inputs_of, made, random_networks
from tests.proof import systems

SYSTEMS = {
    "adder": {"cell": "gru"},
    "lenet": {},
    "mlp": {"hidden": (20, 12)},
    "resnet": {"depth": 8},
}
HALVES = ("float16", "bfloat16")
# Roundings add up over the steps of a recurrent net.
NEAR = {"float16": 5e-3, "bfloat16": 5e-2, "int8": 5e-2}


@pytest.fixture(scope="module")
def quantised(tmp_path_factory):
    """(source, what the lever made) of each system and precision, made once."""
    kept = {}

    def pair_of(name, to, **settings):
        key = (name, to, *settings.items())
        if key not in kept:
            folder = tmp_path_factory.mktemp("quantised")
            source = made(name, folder / "source", **SYSTEMS[name])
            used = api.use_lever("quantise", source.path, folder / "made", to=to, **settings)
            kept[key] = source, used
        return kept[key]

    return pair_of


def real_inputs(artifact, count):
    """What a classifier is for; a recurrent net takes any numbers."""
    if artifact.system == "adder":
        return inputs_of(artifact, batch=count)
    spec = artifact.spec
    split = open_data("digits", ("images",)).split("test")
    pixels = fitted_split(split, spec.channels, spec.size)[:count]
    return {"classifier": (normalised(torch.from_numpy(pixels), spec).contiguous(),)}


def distance(found, expected):
    """The root mean square of the differences, as a share of that of what is expected."""
    found, expected = (
        torch.cat([tensor.flatten() for tensor in each]) for each in (found, expected)
    )
    return float((found - expected).norm() / expected.norm())


def answers(artifact, inputs):
    return {name: artifact.network(name)(*given) for name, given in inputs.items()}


# 16 bits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", HALVES)
@pytest.mark.parametrize("name", SYSTEMS)
def test_answers_in_16_bits_are_near_and_float32(name, to, quantised):
    source, used = quantised(name, to)
    inputs = inputs_of(source, batch=5)
    expected = answers(source, inputs)
    for network, outputs in answers(used.artifact, inputs).items():
        assert {output.dtype for output in outputs} == {torch.float32}
        assert 0 < distance(outputs, expected[network]) < NEAR[to]


@pytest.mark.parametrize("to", HALVES)
@pytest.mark.parametrize("name", SYSTEMS)
def test_weights_are_stored_in_16_bits_and_opened_rounded(name, to, quantised):
    source, used = quantised(name, to)
    dtype = getattr(torch, to)
    stored = safetensors.torch.load_file(used.artifact.path / "weights.safetensors")
    exact = ("num_batches_tracked", "running_mean", "running_var")
    for network, module in source.modules.items():
        rounded = used.artifact.modules[network].state_dict()
        for key, tensor in module.state_dict().items():
            of_normalisation = "bn" in key or key.startswith("stem.1") or key.endswith(exact)
            if of_normalisation:
                assert torch.equal(rounded[key], tensor)
                continue
            assert stored[f"{network}.{key}"].dtype == dtype
            assert rounded[key].dtype == torch.float32
            assert torch.equal(rounded[key], tensor.to(dtype).float())
    told = json.loads((used.artifact.path / "artifact.json").read_text())
    assert (told["precision"], used.artifact.precision) == (to, to)


def test_half_of_the_bytes(tmp_path):
    made("mlp", tmp_path / "a", hidden=(300, 300))
    used = api.use_lever("quantise", tmp_path / "a", tmp_path / "q", to="float16")
    assert used.after["bytes"] < 0.52 * used.before["bytes"]
    assert used.after["parameters"] == used.before["parameters"]
    assert used.artifact.scores == {}, "they were another network's"


def test_a_network_computes_in_the_precision():
    """What it does inside is in 16 bits, and normalisation keeps what 16 bits could not hold."""
    inside = []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(3)
            self.norm.running_var.fill_(1e6)  # beyond float16
            self.dense = nn.Linear(3, 4)
            self.table = nn.Embedding(5, 4)

        def forward(self, rows, index):
            normal = self.norm(rows)
            dense = self.dense(normal + torch.ones(3))  # a float32 tensor of its own
            inside.extend((rows.dtype, self.dense.weight.dtype, dense.dtype))
            return dense + self.table(index), index

    rows, index = torch.randn(6, 3) * 1000, torch.arange(6) % 5
    net = Net().eval()
    expected = net(rows, index)[0].detach()
    for precision in (*HALVES, "float64"):
        inside.clear()
        with torch.no_grad():
            found, same = InPrecision(net, precision)(rows, index)
        assert set(inside) == {getattr(torch, precision)}
        assert same.dtype == torch.int64 and found.dtype == torch.float32
        assert distance([found], [expected]) < NEAR.get(precision, 1e-6)
    assert net.dense.weight.dtype == torch.float32, "the copy was cast"


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path):
    system = catalog.find("word-lm")
    recipe = system.make_recipe("quick", tied=True, embedding=16, hidden=16)
    spec = system.preset("quick").spec
    networks = random_networks(system, recipe, spec)
    given = Artifact("word-lm", recipe, spec, system.options_class(), networks, precision="float16")
    given.save(tmp_path / "a")
    stored = safetensors.torch.load_file(tmp_path / "a" / "weights.safetensors")
    assert "lm.output.weight" not in stored and "lm.embedding.weight" in stored
    opened = open_artifact(tmp_path / "a", catalog.find).modules["lm"]
    assert opened.output.weight is opened.embedding.weight


@pytest.mark.parametrize("cell", ("lstm", "gru-reset-after", "rnn"))
def test_kernels_of_sequences_work_in_16_bits(cell):
    """torch's own, over several steps, from a state that was given."""
    system = catalog.find("word-lm")
    recipe, spec = system.make_recipe("quick", cell=cell), system.preset("quick").spec
    source = Artifact("word-lm", recipe, spec, modules=random_networks(system, recipe, spec))
    state = torch.randn(2 if cell == "lstm" else 1, recipe.layers, 3, recipe.hidden)
    inputs = (torch.arange(21).view(3, 7), *state)
    expected = source.network("lm")(*inputs)
    for to in HALVES:
        found = dataclasses.replace(source, precision=to).network("lm")(*inputs)
        assert 0 < distance(found, expected) < NEAR[to]


def test_a_decoder_that_steps_through_a_module_has_the_rounded_numbers(tmp_path):
    system = catalog.find("transformer")
    recipe, spec = system.make_recipe("quick"), system.preset("quick").spec
    source = Artifact("transformer", recipe, spec, system.options_class())
    source.modules = random_networks(system, recipe, spec)
    dataclasses.replace(source, precision="bfloat16").save(tmp_path / "a")
    net = open_artifact(tmp_path / "a", catalog.find).modules["translator"].eval()
    words, lengths = torch.tensor([[4, 5, 6]]), torch.tensor([3])
    with torch.no_grad():
        logits, _, _ = net.step(torch.tensor([1]), net.start(words, lengths))
        exact = source.modules["translator"]
        expected, _, _ = exact.step(torch.tensor([1]), exact.start(words, lengths))
    assert logits.dtype == torch.float32
    assert 0 < distance([logits], [expected]) < NEAR["bfloat16"]


def test_what_can_be_done_with_it(tmp_path, quantised):
    source, used = quantised("mlp", "float16")
    half = used.artifact
    inputs = real_inputs(source, 9)["classifier"]
    with torch.no_grad():
        rounded = half.modules["classifier"].eval()(*inputs)
    exported = api.use_lever("export", half.path, tmp_path / "x").artifact
    assert (exported.form, exported.precision) == ("onnx", "float32")
    assert torch.allclose(exported.network("classifier")(*inputs)[0], rounded, atol=1e-5)
    system, data = catalog.find("mlp"), open_data("digits", ("images",))
    learner = system.load("learner")(half.recipe, data, half, Run(system, tmp_path, {"seed": 0}))
    assert learner.artifact().precision == "float32", "training goes on in full"
    weights = learner.networks["classifier"].eval()
    assert torch.equal(weights(*inputs), rounded)
    images = list(data.split("test").images[:40])
    named = [api.load(each.path).predict_all(images) for each in (source, half)]
    ours, theirs = ([answer.label for answer in answers] for answers in named)
    assert sum(a == b for a, b in zip(ours, theirs, strict=True)) >= 39


# int8 ---------------------------------------------------------------------------------------------


INT8 = {
    "lenet static": ("lenet", {}),
    "lenet dynamic": ("lenet", {"calibration": 0}),
    "resnet static": ("resnet", {"calibration": 100}),
    "mlp dynamic": ("mlp", {}),
    "adder dynamic": ("adder", {}),
}
EVERY_INT8 = pytest.mark.parametrize("case", INT8)
INT8_PRODUCTS = {
    "static": {"QLinearConv", "QGemm"},
    "dynamic": {"ConvInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulInteger"},
}
FLOAT_PRODUCTS = {"Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "LSTM", "GRU"}


def of_case(case, quantised):
    name, settings = INT8[case]
    return quantised(name, "int8", **settings)


def operators(model):
    return collections.Counter(node.op_type for node in model.graph.node)


@EVERY_INT8
def test_answers_in_int8_are_near(case, quantised):
    source, used = of_case(case, quantised)
    assert (used.artifact.form, used.artifact.precision) == ("onnx", "int8")
    inputs = real_inputs(source, 33)
    expected = answers(source, inputs)
    for network, outputs in answers(used.artifact, inputs).items():
        assert 0 < distance(outputs, expected[network]) < NEAR["int8"]


@EVERY_INT8
def test_every_product_is_in_int8_when_it_runs(case, quantised, tmp_path):
    """In what ONNX Runtime makes of the graph, not only in what the graph says."""
    source, used = of_case(case, quantised)
    assert used.done["left_in_float"] == {}
    for path in used.artifact.graphs.values():
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        found = operators(onnx.load(tmp_path / "optimised.onnx"))
        products = sum(found[name] for name in INT8_PRODUCTS[case.split()[1]])
        (network,) = source.modules.values()
        layers = [part for part in network.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
        assert products >= len(layers)
        assert not FLOAT_PRODUCTS & found.keys()


@pytest.mark.parametrize("case", ("resnet static", "lenet static", "mlp dynamic"))
def test_each_output_channel_has_a_scale(case, quantised):
    _, used = of_case(case, quantised)
    model = onnx.load(used.artifact.graphs["classifier"])
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    weights = [
        tensor
        for tensor in tensors.values()
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) >= 2
    ]
    assert len(weights) >= 3
    for weight in weights:
        scale = tensors[weight.name.replace("_quantized", "_scale")]
        outputs = weight.dims[0 if len(weight.dims) == 4 or case.endswith("static") else 1]
        assert [*scale.dims] == [outputs]
        assert len(np.unique(onnx.numpy_helper.to_array(scale))) > 1


def test_static_activations_use_all_256_steps_and_relu_is_gone(quantised):
    _, used = of_case("resnet static", quantised)
    model = onnx.load(used.artifact.graphs["classifier"])
    found = operators(model)
    assert "Relu" not in found and "BatchNormalization" not in found
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    rounded = [node for node in model.graph.node if node.op_type == "QuantizeLinear"]
    zeros = [onnx.numpy_helper.to_array(tensors[node.input[2]]) for node in rounded]
    assert {zero.dtype for zero in zeros} == {np.dtype(np.uint8)}
    assert sum(int(zero) == 0 for zero in zeros) >= 7, "behind each of the 7 ReLUs"


def test_int8_is_a_quarter_of_the_bytes_and_tells_nothing_of_this_machine(quantised):
    _, used = of_case("lenet static", quantised)
    weights = 4 * used.before["parameters"]
    (graph,) = (path.read_bytes() for path in used.artifact.graphs.values())
    assert len(graph) < 0.32 * weights
    assert not [word for word in (b"site-packages", b"/tmp/", b"/home/") if word in graph]
    assert used.done["calibrated_on"] == 512
    assert used.artifact.provenance["lever"]["settings"]["to"] == "int8"


@pytest.mark.slow
def test_an_lstm_is_int8_and_a_gru_is_told_to_be_float(tmp_path):
    system = catalog.find("word-lm")
    spec = system.preset("quick").spec
    for cell, left in (("lstm", {}), ("gru-reset-after", {"GRU": 1})):
        recipe = system.make_recipe("quick", cell=cell)
        source = Artifact("word-lm", recipe, spec, system.options_class())
        source.modules = random_networks(system, recipe, spec)
        source.provenance = PROVENANCE
        source.save(tmp_path / cell)
        used = api.use_lever("quantise", tmp_path / cell, tmp_path / f"{cell}-int8", to="int8")
        assert used.done == {"calibrated_on": 0, "left_in_float": left}
        state = torch.randn(2 if cell == "lstm" else 1, recipe.layers, 3, recipe.hidden)
        inputs = (torch.arange(21).view(3, 7), *state)
        found, expected = (each.network("lm")(*inputs) for each in (used.artifact, source))
        assert 0 < distance(found, expected) < NEAR["int8"]


def product_graph():
    """x w, to which b is added, and the square of that, which has no weights."""
    matrices = [
        onnx.numpy_helper.from_array(np.eye(2, dtype=np.float32) + 0.5, name) for name in "wb"
    ]
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "w"], ["a"], "first"),
        onnx.helper.make_node("Add", ["a", "b"], ["y"], "sum"),
        onnx.helper.make_node("MatMul", ["y", "y"], ["z"], "square"),
    ]
    ends = (
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2, 2])] for name in "xz"
    )
    opset = [onnx.helper.make_opsetid("", 20)]
    graph = onnx.helper.make_graph(nodes, "products", *ends, matrices)
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


# Calibration --------------------------------------------------------------------------------------


def test_networks_see_what_training_gives_them(tmp_path):
    """The first examples of the first epoch, as the learner prepares them; nothing is learned."""
    source = made("lenet", tmp_path / "a", batch_size=50, compile=True)
    before = {name: tensor.clone() for name, tensor in source.weights("classifier").items()}
    system = catalog.find("lenet")
    run = Run(system, tmp_path, {"seed": 3})
    learner = system.load("learner")(source.recipe, open_data("digits", ("images",)), source, run)
    calls = seen_inputs(learner, 120)["classifier"]
    assert [len(inputs) for inputs in calls] == [1, 1, 1]
    assert example_count(calls) == 150, "whole batches"
    run.step = 1
    images, _ = learner.next_batch("update")
    assert torch.equal(calls[1][0], images)
    now = learner.networks["classifier"].state_dict()
    assert all(torch.equal(now[name], tensor) for name, tensor in before.items())


def test_each_network_of_several_sees_its_own(tmp_path):
    """A GAN's generator sees codes, its discriminator images, in two phases a step."""
    run = Run(systems.GAN, tmp_path, {"seed": 0})
    recipe = systems.GAN.make_recipe("quick", batch_size=32)
    data = open_data("digits", ("images",))
    seen = seen_inputs(systems.GAN.load("learner")(recipe, data, None, run), 100)
    assert {inputs[0].shape for inputs in seen["generator"]} == {(32, recipe.code)}
    assert [len(inputs[0]) for inputs in seen["discriminator"]] == [64, 32] * 2
    assert example_count(seen["generator"]) == 128


def test_an_epoch_is_all_there_is(tmp_path):
    source = made("lenet", tmp_path / "a")
    run = Run(catalog.find("lenet"), tmp_path, {"seed": 0})
    data = open_data("digits", ("images",))
    learner = catalog.find("lenet").load("learner")(source.recipe, data, source, run)
    calls = seen_inputs(learner, 10**9)["classifier"]
    assert example_count(calls) == len(data.split("train"))


# Comparison ---------------------------------------------------------------------------------------


def test_every_precision_in_one_table(tmp_path, monkeypatch):
    made("lenet", tmp_path / "net")
    monkeypatch.chdir(tmp_path)
    told = shinso("quantise", "net", "--compare", "--threads", 1, "--json").json
    rows = {row["precision"]: row for row in told["rows"]}
    assert [*rows] == ["float64", "float32", "bfloat16", "float16", "int8"]
    assert told["left_out"] == {}
    weights = 4 * 61_706
    for precision, bits in (("float64", 64), ("float32", 32), ("bfloat16", 16), ("float16", 16)):
        assert weights * bits / 32 < rows[precision]["bytes"] < weights * bits / 32 + 5000
    assert rows["int8"]["bytes"] < 0.35 * rows["float32"]["bytes"]
    for row in rows.values():
        assert row["scores"]["accuracy"] == pytest.approx(
            rows["float32"]["scores"]["accuracy"], abs=0.03
        )
        assert 0 < row["milliseconds"]["1"] < row["milliseconds"]["32"]
    assert rows["float64"]["scores"]["loss"] == pytest.approx(
        rows["float32"]["scores"]["loss"], 1e-5
    )
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_what_cannot_be_int8_is_left_out_with_its_reason(tmp_path, monkeypatch):
    made("mlp", tmp_path / "net", hidden=(8,))
    monkeypatch.setattr("shinso.core.extras.find_spec", lambda name: name != "onnx" or None)
    monkeypatch.setattr("shinso.levers.latency.ROUNDS", 1)
    said = shinso("quantise", tmp_path / "net", "--compare").out
    assert "int8 is left out: onnx is not installed: pip install 'shinso[export]'" in said
    assert [line.split()[0] for line in said.splitlines()[:5]] == [
        *("precision", "float64", "float32", "bfloat16", "float16")
    ]


# The verb -----------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder has an artifact `net` in it."""
    monkeypatch.chdir(tmp_path)
    made("mlp", tmp_path / "net", hidden=(20, 12))
    return tmp_path


def test_scores_before_and_after_are_told(here):
    arguments = ("--to", "int8", "--calibration", 100, "--out", "small")
    told = shinso("quantise", "net", *arguments, "--json").json
    assert (told["precision"], told["artifact"]) == ("int8", "small")
    assert told["bytes"] < told["before"]["bytes"]
    assert told["calibrated_on"] >= 100 and told["left_in_float"] == {}
    for key, what in (("scores_before", "net"), ("scores", "small")):
        assert told[key] == shinso("evaluate", what, "--json").json["scores"]
    said = shinso("quantise", "net", "--to", "bfloat16", "--out", "half").out
    assert "validation score" in said and "artifact  half (bfloat16)" in said
    command = catalog.open_artifact("small").provenance["lever"]["command"]
    assert command.endswith("shinso quantise RUN --to int8 --calibration 100")


def test_what_is_given_wrong_is_one_line(here, quantised, monkeypatch):
    half, eight = (quantised("mlp", to)[1].artifact.path for to in ("float16", "int8"))
    api.use_lever("export", "net", "graph")
    out = ("--out", "x")
    for artifact, precision in ((half, "float16"), (eight, "int8")):
        for to in ("float16", "bfloat16", "int8"):
            said = refused("quantise", artifact, "--to", to, *out)
            assert said == f"{artifact} is {precision} already; quantise what it was made from"
    for to in ("float16", "int8"):
        said = refused("quantise", "graph", "--to", to, *out)
        assert said == "graph is in the onnx form; quantise what it was exported from"
    assert "is float16, which pruning comes before" in refused("prune", half, *out)
    assert "is in the onnx form" in refused("prune", eight, *out)
    assert "float16 already" in refused("quantise", half, "--compare")
    few = refused("quantise", "net", "--calibration", 5000, *out)
    assert few == "--calibration 5000 asks for more than the 1,258 training examples there are"
    assert "--to is 'int4'" in refused("quantise", "net", "--to", "int4", *out)
    said = refused("quantise", "net", "--to", "float16", "--calibration", 9, *out)
    assert said == "--calibration is for --to int8, and float16 needs none"
    assert "give --out" in refused("quantise", "net", "--to", "int8")
    assert refused("quantise", "net", "--compare", *out).endswith("without --out")
    assert refused("quantise", "net", "--compare", "--to", "int8").endswith("without --to")
    assert "net exists" in refused("quantise", "net", "--out", "net")
    assert "no data set" in refused("quantise", "net", "--data", "nothing", *out)
    monkeypatch.setattr("shinso.core.extras.find_spec", lambda name: name != "onnx" or None)
    said = refused("quantise", "net", "--to", "int8", *out)
    assert said == "onnx is not installed: pip install 'shinso[export]'"
    assert not (here / "x").exists()


def test_weights_beyond_float16_are_refused(tmp_path):
    source = made("mlp", tmp_path / "a", hidden=(8,))
    with torch.no_grad():
        source.modules["classifier"].output.weight[0, 0] = 1e5
    source.save(tmp_path / "a")
    with pytest.raises(UserError, match=r"output\.weight has numbers beyond 65,504, .* float16"):
        api.use_lever("quantise", tmp_path / "a", tmp_path / "q", to="float16")
    assert api.use_lever("quantise", tmp_path / "a", tmp_path / "q", to="bfloat16")


def test_systems_without_graphs_or_networks_are_refused(tmp_path):
    system = catalog.find("seq2seq")
    recipe, spec = system.make_recipe("quick"), system.preset("quick").spec
    source = Artifact("seq2seq", recipe, spec, system.options_class(), provenance=PROVENANCE)
    source.modules = random_networks(system, recipe, spec)
    source.save(tmp_path / "a")
    with pytest.raises(UserError, match="seq2seq has no graphs, which alone can be int8"):
        api.use_lever("quantise", tmp_path / "a", tmp_path / "x", to="int8")
    used = api.use_lever("quantise", tmp_path / "a", tmp_path / "half", to="float16")
    assert used.artifact.precision == "float16"
    run = api.train(systems.VALUE_ITERATION.make_recipe("quick"), out=tmp_path / "run")
    with pytest.raises(UserError, match="proof-value-iteration has no networks to quantise"):
        api.use_lever("quantise", run.folder, tmp_path / "x")


def test_a_graph_that_takes_more_than_training_gives_is_refused():
    """A recurrent net in training starts from no state, which its graph is given."""
    with pytest.raises(UserError, match=r"takes 1 inputs and training gives it 2.*--calibration 0"):
        int8.static("net", product_graph(), [(torch.ones(2, 2), torch.ones(2, 2))])


@pytest.mark.parametrize("precision", ("float8", "int8", None, ["float16"]))
def test_a_precision_that_is_none_is_refused(precision, tmp_path):
    made("mlp", tmp_path / "a", hidden=(8,))
    path = tmp_path / "a" / "artifact.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "precision": precision}))
    with pytest.raises(UserError, match=r"artifact\.json is damaged: its precision"):
        catalog.open_artifact(tmp_path / "a")
    about = json.loads(path.read_text())
    del about["precision"]  # as artifacts were before there were several
    path.write_text(json.dumps(about))
    assert catalog.open_artifact(tmp_path / "a").precision == "float32"


def test_what_is_left_in_float_is_told():
    assert int8.left_in_float(product_graph()) == {"MatMul": 1}
    assert int8.left_in_float(int8.dynamic("net", product_graph())) == {}


def test_quantising_from_python_tells_the_cost(tmp_path):
    source = made("mlp", tmp_path / "a", hidden=(8,))
    made_of_it = quantising.quantise(source.path, tmp_path / "q", to="bfloat16")
    assert made_of_it.before.keys() == made_of_it.after.keys() == {"accuracy", "loss"}
    assert made_of_it.before["loss"] != made_of_it.after["loss"]
