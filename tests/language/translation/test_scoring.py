import math
from collections import Counter

import numpy as np
import pytest

from shinso.language.translation.scoring import (
    Metrics,
    Translated,
    best_and_worst,
    by_length,
    by_seen,
    sentence_scores,
)

REFERENCES = (
    "私 は お茶 が 好き で す 。",
    "彼 は 昨日 本 を 読 ん だ 。",
    "彼女 は どこ に い ま す か 。",
    "これ は 私 の 本 で は な い 。",
)
OUTPUTS = (
    "私 は お茶 が 好き だ 。",
    "彼 は 本 を 昨日 読 ん だ 。",
    "彼女 は どこ に い ま す か 。",
    "私 の 本 で は な い 。",
)
TRANSLATED = Translated(("a b", "c d e", "f g h i", "j k"), OUTPUTS, REFERENCES)
TOKENS = Metrics("none")


def bleu_by_hand(outputs, references) -> float:
    """Papineni et al. 2002, section 2.3, on tokens."""
    logs, lengths = [], [0, 0]
    for order in range(1, 5):
        found = total = 0
        for output, reference in zip(outputs, references, strict=True):
            own, other = (
                Counter(zip(*(line.split()[i:] for i in range(order)), strict=False))
                for line in (output, reference)
            )
            found += sum((own & other).values())
            total += sum(own.values())
        logs.append(math.log(found / total))
    for output, reference in zip(outputs, references, strict=True):
        lengths[0] += len(output.split())
        lengths[1] += len(reference.split())
    brevity = min(0.0, 1 - lengths[1] / lengths[0])
    return 100 * math.exp(brevity + sum(logs) / 4)


def chrf_by_hand(output: str, reference: str) -> float:
    """Popović 2015, section 2, beta 2, n-grams of 1 to 6 characters without spaces: the mean
    precision and recall over the orders that both have."""
    precisions, recalls = [], []
    for order in range(1, 7):
        own, other = (
            Counter(line[i : i + order] for i in range(len(line) - order + 1))
            for line in (output.replace(" ", ""), reference.replace(" ", ""))
        )
        if own and other:
            found = sum((own & other).values())
            precisions.append(found / sum(own.values()))
            recalls.append(found / sum(other.values()))
    precision, recall = np.mean(precisions), np.mean(recalls)
    return 100 * 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0


def test_bleu_of_tokens_by_hand():
    assert TOKENS.scores(TRANSLATED)["bleu"] == pytest.approx(bleu_by_hand(OUTPUTS, REFERENCES))
    perfect = Translated(("",) * 4, REFERENCES, REFERENCES)
    assert TOKENS.scores(perfect) == pytest.approx({"bleu": 100, "chrf": 100})


def test_chrf_by_hand():
    for output, reference in zip(OUTPUTS, REFERENCES, strict=True):
        one = Translated(("",), (output,), (reference,))
        assert TOKENS.scores(one)["chrf"] == pytest.approx(chrf_by_hand(output, reference))


def test_chrf_is_the_same_raw_and_tokenised():
    raw = Translated(
        TRANSLATED.sources,
        tuple(line.replace(" ", "") for line in OUTPUTS),
        tuple(line.replace(" ", "") for line in REFERENCES),
    )
    scores = Metrics.for_text("ja", tokenised=False).scores(raw)
    assert scores == {"chrf": pytest.approx(TOKENS.scores(TRANSLATED)["chrf"])}


def test_which_words_bleu_counts():
    assert (
        Metrics.for_text("ja", tokenised=True) == Metrics.for_text("en", tokenised=True) == TOKENS
    )
    assert Metrics.for_text("zh-TW", tokenised=False) == Metrics("zh")
    assert Metrics.for_text("tgt", tokenised=False) == Metrics("13a")
    english = Translated(("",), ("That is my book, isn't it?",), ("That is my book , is n't it ?",))
    assert Metrics("13a").scores(english)["bleu"] > 1.5 * TOKENS.scores(english)["bleu"]


def test_signatures_name_the_words():
    signatures = TOKENS.signatures
    assert "nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:" in signatures["bleu"]
    assert "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:" in signatures["chrf"]
    assert "tok:13a" in Metrics("13a").signatures["bleu"] and "bleu" not in Metrics(None).signatures


def test_nothing_was_written():
    silent = Translated(("a",) * 4, ("",) * 4, REFERENCES)
    assert TOKENS.scores(silent) == {"bleu": 0, "chrf": 0}


def test_seen_and_unseen_sources():
    parts = by_seen(TRANSLATED, ("c d e", "x", "j k"))
    assert parts["seen"].sources == ("c d e", "j k") and parts["unseen"].sources == (
        "a b",
        "f g h i",
    )
    assert parts["seen"].references == (REFERENCES[1], REFERENCES[3])
    assert parts["unseen"].outputs == (OUTPUTS[0], OUTPUTS[2])
    assert list(by_seen(TRANSLATED, ())) == ["unseen"]


def lengths_in(lengths) -> dict[str, int]:
    many = Translated(*(tuple(map(str, range(len(lengths)))) for _ in range(3)))
    parts = by_length(many, np.array(lengths))
    for name, part in parts.items():
        low, high = (int(name.split(" to ")[place]) for place in (0, -1))
        assert all(low <= lengths[int(source)] <= high for source in part.sources)
    return {name: len(part) for name, part in parts.items()}


def test_by_length():
    assert lengths_in([*range(4, 16)]) == {"4 to 6": 3, "7 to 9": 3, "10 to 12": 3, "13 to 15": 3}
    assert lengths_in([7] * 9) == {"7": 9}
    assert lengths_in([3]) == {"3": 1}
    assert sum(lengths_in([1] * 80 + [2] * 15 + [60] * 5).values()) == 100


def test_best_and_worst():
    scores = sentence_scores(TRANSLATED)
    expected = [chrf_by_hand(*pair) for pair in zip(OUTPUTS, REFERENCES, strict=True)]
    assert scores == pytest.approx(expected)
    order = np.argsort(scores)
    best, worst = best_and_worst(TRANSLATED, 2)
    assert best.outputs == (REFERENCES[2], OUTPUTS[order[-2]])
    assert worst.outputs == tuple(OUTPUTS[place] for place in order[:2])
    assert len(best_and_worst(TRANSLATED, 9)[0]) == 4
