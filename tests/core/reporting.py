"""Run folders to report on, and pages as a reader of HTML sees them."""

import json
from html.parser import HTMLParser

import numpy as np

from shinso.core.exhibits import Gallery, Heatmap, Matrix, Picture, save

HOSTILE = '"><b>猫 & <script>alert(1)</script>'
VOID = {"br", "img", "link", "meta"}
PRUNED = {
    "name": "prune",
    "settings": {"ratio": 0.5, "macs": None, "unstructured": True},
    "done": {"channels": {"classifier.c1": [6, 3]}},
    "command": "shinso train lenet --data /photos/of/mine/flowers; shinso prune RUN --ratio 0.5",
    "before": {"name": "distil", "settings": {"temperature": 4}, "before": None},
}


class Page(HTMLParser):
    """What is on a page; fails where tags are not balanced."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += [(name, key, value) for key, value in attributes]
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open and self.open.pop() == name, f"</{name}> closes nothing"

    def handle_data(self, text):
        self.words.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def values(self, key):
        return [value for _, found, value in self.attributes if found == key]


def make_run(folder, system="lenet", name="digits", accuracy=0.9722, seed=0):
    """A run folder such as the loop leaves behind."""
    folder.mkdir(parents=True)
    settings = {"epochs": 20, "learning_rate": 0.002, "clip_norm": None, "compile": False}
    recipe = {
        "format": 1,
        "system": system,
        "recipe": {**settings, "width": int(1000 * accuracy)},
        "data": {"name": name, "digests": {"digits": "9f3a"}},
        "seed": seed,
        "device": "cpu",
        "threads": 2,
        "world_size": 1,
        "start": None,
        "lever": None,
        "versions": {"torch": "2.11.0"},
    }
    (folder / "recipe.json").write_text(json.dumps(recipe))
    rows = [{"step": 10 * i, "train": {"loss": 2.0 / i}} for i in range(1, 41)]
    rows += [
        {"step": 100 * i, "valid": {"loss": 3.0 / i, "accuracy": accuracy - 0.1 / i}}
        for i in range(1, 5)
    ]
    write_lines(folder / "metrics.jsonl", rows)
    timing = [{"step": 100 * i, "seconds": 20.5 * i, "rate": 4.9} for i in range(1, 5)]
    write_lines(folder / "timing.jsonl", timing)
    evaluation = {
        "split": "valid",
        "step": 400,
        "scores": {"loss": 0.094, "accuracy": accuracy},
        "baselines": {
            "majority_class": {"accuracy": 0.101},
            "nearest neighbour": {"accuracy": 0.9861},
        },
    }
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    digits = [Picture(np.full((8, 8), i, np.uint8), f"digit {i}", "good") for i in range(5)]
    shown = [
        Matrix("Confusion", "note", [[9, 1], [4, 6]], ["cat", HOSTILE], ["cat", HOSTILE]),
        Gallery(f"Digits {HOSTILE}", HOSTILE, [*digits, Picture(digits[0].pixels, HOSTILE, "bad")]),
    ]
    save(shown, folder / "exhibits" / "evaluation", stills=False)
    norms = Heatmap("Norms", "note", np.eye(3), [HOSTILE, "b", "c"], (), HOSTILE, "step", log=True)
    save([norms], folder / "exhibits" / "training", stills=False)
    return folder


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def make_artifact(folder, parameters, data):
    """An artifact.json, which is all of an artifact that a report reads."""
    folder.mkdir()
    about = {
        "format": 1,
        "system": "lenet",
        "form": "module",
        "recipe": {},
        "spec": {"size": 28},
        "parameters": parameters,
        "options": None,
        "assets": [],
        "parts": [],
        "ties": {},
        "files": {},
        "scores": {},
        "provenance": {"data": {"name": data}},
    }
    (folder / "artifact.json").write_text(json.dumps(about))


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read(path):
    return Page(path.read_text(encoding="utf-8"))


def assert_stands_alone(page):
    """Nothing on the page leads elsewhere, and nothing hostile became an element."""
    for name, key, value in page.attributes:
        assert not key.startswith("on") and key != "style", (name, key)
        if key in ("src", "href", "srcset", "action", "data", "poster"):
            assert value.startswith(("data:", "#")), (name, key, value[:80])
    assert page.tags.count("script") == 1
    assert "@import" not in page.text and "url(" not in page.text
    assert "alert(1)" in page.text
