"""Starting from weights that exist."""

import pytest
import safetensors.torch
import torch
from torch import nn

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.learner import ForeignWeights
from shinso.core.recipe import Recipe, Spec
from shinso.core.transfer import start_from


class Net(nn.Module):
    head = "output"

    def __init__(self, classes=3, hidden=4):
        super().__init__()
        self.body = nn.Linear(2, hidden)
        self.output = nn.Linear(hidden, classes)


def begin(start, target, keep_head=True):
    start_from(start, {"net": target}, keep_head, "own", Recipe())


def started(source, target, keep_head=True):
    """The target's state before and after it was started from the source."""
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    start = Artifact("other", Recipe(), Spec(), modules={"net": source})
    begin(start, target, keep_head)
    return before, target.state_dict()


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


def test_another_librarys_weights(tmp_path):
    path, source, target = tmp_path / "net.safetensors", Net(classes=9), Net()
    extra = {"aux.weight": torch.ones(2)}  # an auxiliary head that ours does not have
    safetensors.torch.save_file({**source.state_dict(), **extra}, path)
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    begin(ForeignWeights(path), target)
    assert same(target.state_dict(), source.state_dict(), "body")
    assert same(target.state_dict(), before, "output")


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickled", None])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path, content):
    path = tmp_path / "net.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"net.safetensors is no readable safetensors file"):
        begin(ForeignWeights(path), Net())
