"""A state tree comes back as it was: types, memory formats and ties."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from shinso.core.tree import pack, unpack
from tests.proof.forked import assert_same

DTYPES = (
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int8,
    torch.uint8,
    torch.int64,
    torch.uint64,
    torch.bool,
)


def again(tree):
    return unpack(pack(tree))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)], ids=str)
def test_tensors_of_every_type_and_shape(dtype, shape):
    assert_same(again(torch.ones(shape, dtype=dtype)), torch.ones(shape, dtype=dtype))


def test_arrays():
    tree = {
        "state": np.array([2**64 - 1], dtype=np.uint64),
        "flags": np.array([[True, False]]),
        "zero": np.array(3.5),
        "none": np.zeros((0, 4), np.float32),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "strided": np.arange(10)[::-2],
    }
    back = again(tree)
    for name, array in tree.items():
        assert back[name].dtype == array.dtype and back[name].shape == array.shape
        assert np.array_equal(back[name], array) and back[name].flags.writeable


def test_bits_are_kept_that_equality_does_not_see():
    odd = torch.tensor([-0.0, float("nan"), float("inf"), 1e-45])
    assert torch.equal(again(odd).view(torch.int32), odd.view(torch.int32))


def test_scalars_and_containers():
    tree = {
        "list": [1, 2.5, None, True, "学習", -0.0, float("inf"), 2**70],
        "tuple": (1, (), [[]]),
        3: {"int key": {}},
        None: "none key",
        True: "bool key",
    }
    assert_same(again(tree), tree)
    assert np.isnan(again(float("nan")))


CHANNELS_LAST = {"memory_format": torch.channels_last}


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (6, 1, 5, 5), (6, 3, 1, 1), (1, 1, 1, 1)], ids=str)
def test_memory_format(shape):
    tensor = torch.rand(shape)
    for made in (tensor, tensor.clone(**CHANNELS_LAST)):
        assert_same(again(made), made)  # strides included


def test_other_strides_become_contiguous():
    tensor = torch.rand(3, 4)
    for odd in (tensor.T, tensor[:, ::2], tensor[0].expand(3, 4)):
        back = again(odd)
        assert torch.equal(back, odd) and back.is_contiguous()


def test_ties_stay_tied_and_nothing_else_is():
    weight, other = torch.rand(2, 3), torch.rand(2, 3)
    back = again({"one": weight, "two": [weight], "view": weight.view(3, 2), "copy": other})
    assert back["one"].data_ptr() == back["two"][0].data_ptr()
    places = {back[name].data_ptr() for name in ("one", "view", "copy")}
    assert len(places) == 3
    back["one"].zero_()
    assert torch.equal(back["view"], weight.view(3, 2))


def test_a_tie_in_channels_last_stays_tied():
    weight = torch.rand(2, 3, 4, 5).clone(**CHANNELS_LAST)
    back = again([weight, weight])
    assert_same(back, [weight, weight])
    assert back[0].data_ptr() == back[1].data_ptr()


def test_empty_tensors_at_one_address_are_not_tied():
    back = again([torch.zeros(0, 2), torch.zeros(0, 3)])
    assert [tensor.shape for tensor in back] == [(0, 2), (0, 3)]


def test_packing_changes_and_shares_nothing():
    parameter = nn.Parameter(torch.ones(3))
    content = pack({"weight": parameter})
    with torch.no_grad():
        parameter.zero_()
    assert torch.equal(unpack(content)["weight"], torch.ones(3))
    assert parameter.requires_grad


def test_optimiser_state_goes_back_into_its_optimiser():
    model = nn.Linear(3, 2)
    optimiser = torch.optim.Adam(model.parameters(), 1e-3, fused=False)
    model(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    fresh = torch.optim.Adam(model.parameters(), 1.0)
    fresh.load_state_dict(again(optimiser.state_dict()))
    assert_same(fresh.state_dict(), optimiser.state_dict())


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "leaf",
    [
        object(),
        b"bytes",
        {1, 2},
        1j,
        np.int64(3),
        np.array(["a"]),
        np.array([object()]),
        {(1, 2): "tuple key"},
        Point(1, 2),  # it would come back as something else
        torch.Size([2, 3]),
    ],
    ids=lambda leaf: type(leaf).__name__,
)
def test_unknown_leaves_are_refused(leaf):
    with pytest.raises(TypeError):
        pack({"nested": [leaf]})


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8")),
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int32, np.uint64, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
    ),
    hnp.arrays(np.float32, hnp.array_shapes(max_dims=4, max_side=3)).map(torch.from_numpy),
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=4, max_dims=4, max_side=3)).map(
        lambda array: torch.from_numpy(array).clone(**CHANNELS_LAST)
    ),
)
KEYS = st.one_of(st.text(st.characters(codec="utf-8")), st.integers())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_any_tree_comes_back(tree):
    back = again(tree)
    assert bits(back) == bits(tree)
    assert pack(back) == pack(tree)  # so a resumed run writes the checkpoint it would have written


def bits(tree):
    """The tree with its arrays as bytes, NaN and strides included."""
    if isinstance(tree, torch.Tensor):
        return "tensor", tree.dtype, tree.shape, tree.stride(), tree.numpy().tobytes()
    if isinstance(tree, np.ndarray):
        return "array", tree.dtype, tree.shape, tree.tobytes()
    if isinstance(tree, dict):
        return [(key, bits(value)) for key, value in tree.items()]
    if isinstance(tree, (list, tuple)):
        return type(tree), [bits(item) for item in tree]
    return type(tree), repr(tree)
