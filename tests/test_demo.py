"""`make demo`, which is the first that a user sees."""

from __future__ import annotations

import pytest

from shinso import demo


@pytest.mark.slow
def test_the_demo_shows_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert demo.main() == 0
    said = capsys.readouterr().out
    assert "54 + 104 = 158" in said and "digit.png: 8" in said
    assert (tmp_path / "runs/demo/report.html").is_file()
    assert (tmp_path / "runs/demo/attention.png").is_file()
    table = {line.split("  ")[0]: line.split() for line in said.splitlines()}
    learned, pruned, int8 = (table[name] for name in ("as learned", "pruned", "int8"))
    accuracies = [float(learned[2]), float(pruned[1]), float(int8[1])]
    assert min(accuracies) > 0.97
    size = [int(row[i].replace(",", "")) for row, i in ((learned, 6), (pruned, 5), (int8, 5))]
    assert size[0] > 3 * size[1] > 6 * size[2]
