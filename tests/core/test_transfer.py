"""Starting from weights that exist."""

import sys
from types import SimpleNamespace

import pytest
import safetensors.torch
import torch
from torch import nn

from shinso import catalog
from shinso.core.artifact import Artifact
from shinso.core.errors import ShinsoError, UserError
from shinso.core.learner import ForeignWeights
from shinso.core.recipe import Recipe, Spec
from shinso.core.transfer import renamed, start_from


class Net(nn.Module):
    head = "output"

    def __init__(self, classes=3, hidden=4):
        super().__init__()
        self.body = nn.Linear(2, hidden)
        self.output = nn.Linear(hidden, classes)


def row(*layouts):
    return catalog.System("own", *("none",) * 9, layouts=layouts)


def begin(start, target, keep_head=True, system=None):
    return start_from(start, {"net": target}, keep_head, system or row(), Recipe())


def started(source, target, keep_head=True):
    """The target's state before and after it was started from the source."""
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    start = Artifact("other", Recipe(), Spec(), modules={"net": source})
    begin(start, target, keep_head)
    return before, target.state_dict()


@pytest.fixture
def layouts(monkeypatch):
    """This file as the module that a row names: tests are imported by path."""
    monkeypatch.setitem(sys.modules, __name__, SimpleNamespace(THEIRS=THEIRS, UNLIKE=UNLIKE))


def same(state, other, prefix=""):
    names = [name for name in state if name.startswith(prefix)]
    return all(torch.equal(state[name], other[name]) for name in names)


def test_weights_that_fit_are_all_copied():
    source = Net()
    _, after = started(source, Net())
    assert same(after, source.state_dict())
    assert after["body.weight"].data_ptr() != source.body.weight.data_ptr()


def test_a_head_for_other_classes_is_made_new():
    source, target = Net(classes=3), Net(classes=5)
    before, after = started(source, target)
    assert same(after, source.state_dict(), "body") and same(after, before, "output")


def test_a_head_that_fits_is_new_where_the_classes_mean_something_else():
    source, target = Net(), Net()
    before, after = started(source, target, keep_head=False)
    assert same(after, source.state_dict(), "body") and same(after, before, "output")


def test_a_head_is_taken_whole_or_not_at_all():
    """Its bias alone would fit."""
    source, target = Net(hidden=4), Net(hidden=4)
    source.output = nn.Linear(6, 3)
    before, after = started(source, target)
    assert same(after, before, "output")


def test_a_name_that_only_begins_like_the_head_is_no_head():
    source, target = Net(), Net()
    target.output_norm = nn.LayerNorm(3)
    with pytest.raises(UserError, match=r"output_norm.weight is missing"):
        started(source, target)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Net(hidden=5), r"body.weight has shape \(5, 2\), needs \(4, 2\)"),
        (nn.Linear(2, 4), "body.weight is missing"),
    ],
)
def test_any_other_mismatch_is_refused(source, words):
    with pytest.raises(UserError, match=words):
        started(source, Net())


def test_a_network_without_head_must_fit_whole():
    with pytest.raises(UserError, match=r"weight has shape \(3, 2\), needs \(4, 2\)"):
        started(nn.Linear(2, 3), nn.Linear(2, 4))


def test_weights_beyond_its_own_are_refused():
    """Those of a deeper network all fit a shallower one, which then is half of something."""
    source = Net()
    source.second = nn.Linear(4, 4)
    with pytest.raises(UserError, match=r"second.weight \(4, 4\) has no place in it"):
        started(source, Net())


# --- Another library's ---------------------------------------------------------------------------

# Theirs is called trunk.0 and fc, and both begin with a prefix.
THEIRS = ((r"^net\.", ""), (r"^trunk\.0\.", "body."), (r"^fc\.", "output."))
UNLIKE = ((r"^stem\.", "body."),)
KNOWN = row(f"{__name__}:UNLIKE", f"{__name__}:THEIRS")


def foreign(folder, network, names, **extra):
    """Its weights in a file, each under another name."""
    state = {names.get(name, name): tensor for name, tensor in network.state_dict().items()}
    safetensors.torch.save_file({**state, **extra}, folder / "net.safetensors")
    return ForeignWeights(folder / "net.safetensors")


BY_THEIR_NAMES = {
    "body.weight": "net.trunk.0.weight",
    "body.bias": "net.trunk.0.bias",
    "output.weight": "net.fc.weight",
    "output.bias": "net.fc.bias",
}


def test_another_librarys_weights_under_our_names(tmp_path):
    source, target = Net(), Net()
    assert begin(foreign(tmp_path, source, {}), target) == []
    assert same(target.state_dict(), source.state_dict())


def test_another_librarys_weights_under_its_own_names(tmp_path, layouts):
    source, target = Net(), Net()
    assert begin(foreign(tmp_path, source, BY_THEIR_NAMES), target, system=KNOWN) == []
    assert same(target.state_dict(), source.state_dict())
    with pytest.raises(UserError, match=r"body.weight is missing"):
        begin(foreign(tmp_path, source, BY_THEIR_NAMES), Net())


def test_replacements_follow_one_another():
    assert renamed("net.trunk.0.weight", THEIRS) == "body.weight"
    assert renamed("net.trunk.1.weight", THEIRS) == "trunk.1.weight"


def test_what_starts_anew_is_said(tmp_path, layouts):
    source, target = Net(classes=9), Net()
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    notes = begin(foreign(tmp_path, source, BY_THEIR_NAMES), target, system=KNOWN)
    assert notes == ["output starts anew: output.weight has shape (9, 4), needs (3, 4)"]
    assert same(target.state_dict(), source.state_dict(), "body")
    assert same(target.state_dict(), before, "output")


def test_weights_of_another_variant_are_refused_with_both_shapes(tmp_path, layouts):
    start = foreign(tmp_path, Net(hidden=5), BY_THEIR_NAMES)
    said = r"net.safetensors does not fit: body.weight has shape \(5, 2\), needs \(4, 2\); it is of"
    with pytest.raises(UserError, match=said):
        begin(start, Net(), system=KNOWN)


def test_weights_of_a_deeper_variant_are_refused(tmp_path, layouts):
    extra = {"net.trunk.1.weight": torch.ones(4, 4)}
    with pytest.raises(UserError, match=r"trunk.1.weight \(4, 4\) has no place in it"):
        begin(foreign(tmp_path, Net(), BY_THEIR_NAMES, **extra), Net(), system=KNOWN)


def test_a_convolution_of_one_pixel_is_a_dense_layer(tmp_path):
    source, target = Net(), Net()
    source.output = nn.Conv2d(4, 3, 1)
    assert begin(foreign(tmp_path, source, {}), target) == []
    assert torch.equal(target.output.weight, source.output.weight[:, :, 0, 0])


def test_old_files_lack_the_counter_of_batch_normalisation(tmp_path):
    source, target = nn.Sequential(nn.BatchNorm1d(2)), nn.Sequential(nn.BatchNorm1d(2))
    source[0](torch.randn(3, 2))
    kept = {n: t for n, t in source.state_dict().items() if "tracked" not in n}
    safetensors.torch.save_file(kept, tmp_path / "old.safetensors")
    begin(ForeignWeights(tmp_path / "old.safetensors"), target)
    assert torch.equal(target[0].running_mean, source[0].running_mean)


class Auxiliary(Net):
    head = ("output", "aux")

    def __init__(self, classes=3, aux=True):
        super().__init__(classes)
        self.aux = nn.Linear(4, classes) if aux else None


def test_each_of_several_heads_is_taken_or_made_new_by_itself():
    source, target = Auxiliary(aux=False), Auxiliary()
    before, after = started(source, target)
    assert same(after, source.state_dict(), "output") and same(after, before, "aux")


def test_a_head_that_the_network_was_built_without_is_left_out():
    source, target = Auxiliary(), Auxiliary(aux=False)
    _, after = started(source, target)
    assert same(after, source.state_dict())


def test_a_head_that_is_no_layer_is_a_fault_of_the_network():
    source, target = Net(), Net()
    target.head = "outputs"
    with pytest.raises(ShinsoError, match=r"the head of Net is 'outputs'.*did you mean output"):
        started(source, target)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickled", None])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path, content):
    path = tmp_path / "net.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"net.safetensors is no readable safetensors file"):
        begin(ForeignWeights(path), Net())
