"""The table of layers: what it leaves out and how it folds."""

import json

import pytest

from shinso.cli import main
from shinso.cli.layers import folded


def layer(name, parameters=0, macs=0, inputs=(1, 4), outputs=(1, 4), kind="Linear"):
    return {
        "name": name,
        "kind": kind,
        "inputs": inputs,
        "outputs": outputs,
        "parameters": parameters,
        "macs": macs,
    }


NETWORK = [
    layer("", kind="Net"),
    layer("first", 5, 50),
    layer("blocks.0", kind="Block", outputs=(1, 9)),
    layer("blocks.0.one", 1, 10),
    layer("blocks.0.relu", kind="ReLU"),
    layer("blocks.0.two", 2, 20),
    layer("blocks.1", kind="Block", outputs=(1, 8)),
    layer("blocks.1.one", 3, 30),
    layer("pool", kind="MaxPool2d", outputs=(1, 2)),
    layer("blocks", kind="ModuleList", inputs=(), outputs=()),
]


def rows(most):
    return [
        (row["name"], row["kind"], row["parameters"], row["macs"]) for row in folded(NETWORK, most)
    ]


def test_layers_that_do_nothing_to_be_counted_are_left_out():
    names = [name for name, *_ in rows(most=5)]
    assert names == ["first", "blocks.0.one", "blocks.0.two", "blocks.1.one", "pool"]


def test_modules_stand_for_what_is_in_them_where_rows_are_too_many():
    assert rows(most=4) == [
        ("first", "Linear", 5, 50),
        ("blocks.0", "Block, 2 layers", 3, 30),
        ("blocks.1.one", "Linear", 3, 30),  # alone in its block
        ("pool", "MaxPool2d", 0, 0),
    ]
    assert rows(most=1) == [
        ("first", "Linear", 5, 50),
        ("blocks", "ModuleList, 3 layers", 6, 60),
        ("pool", "MaxPool2d", 0, 0),
    ]


def test_a_module_tells_its_own_output_or_that_of_its_last_layer():
    assert folded(NETWORK, most=4)[1]["outputs"] == (1, 9)
    assert folded(NETWORK, most=1)[1]["outputs"] == (1, 4)  # a list is not called


@pytest.mark.parametrize("name", ("mobilenet", "transformer", "adder"))
def test_the_card_has_every_layer(name, capsys):
    assert main(["show", name, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    for network in card["networks"].values():
        for count in ("parameters", "macs"):
            assert sum(layer[count] for layer in network["layers"]) == network[count] > 0
            assert sum(row[count] for row in folded(network["layers"])) == network[count]


def test_the_table_is_printed(capsys):
    assert main(["show", "lenet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "c5 Linear 1 x 120 48,120 48,000" in [" ".join(line.split()) for line in lines]
