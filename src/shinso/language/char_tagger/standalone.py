"""Mends misspelt words, by numpy and onnxruntime alone: python example.py "word word ..."."""

import json
import sys
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import onnxruntime

SYMBOLS = " '" + ascii_lowercase  # a symbol's number is its place
NOTHING = len(SYMBOLS)  # the tag of a letter too many; NOTHING + s: s is missing before this one


def tags(probabilities: np.ndarray, symbols: list[int], threshold: float) -> list[int]:
    """The likeliest change at each place, where it is likely enough; else what was typed."""
    chosen = []
    for row, symbol in zip(probabilities, symbols, strict=True):
        row[[0, symbol]] = 0  # no word is cut in two
        if symbol == 0:
            row[: NOTHING + 1] = 0  # and none joined
        best = int(row.argmax())
        chosen.append(best if row[best] >= threshold else symbol)
    return chosen


def mended(symbol: int, tag: int) -> str:
    if tag < NOTHING:
        return SYMBOLS[tag]
    return SYMBOLS[tag - NOTHING] + SYMBOLS[symbol] if tag > NOTHING else ""


def main() -> None:
    here = Path(__file__).parent
    about = json.loads((here / "artifact.json").read_text(encoding="utf-8"))
    width, threshold = about["spec"]["width"], about["options"]["threshold"]
    session = onnxruntime.InferenceSession(here / "tagger.onnx")
    for text in sys.argv[1:]:
        typed = " ".join(text.lower().split()) + " "
        if len(typed) > width:
            sys.exit(f"give {width - 1} letters and spaces at most")
        symbols = [SYMBOLS.index(symbol) for symbol in typed]
        passage = np.array([symbols + [0] * (width - len(symbols))])  # spaces for the rest
        ((logits,),) = session.run(None, {session.get_inputs()[0].name: passage})
        logits = logits[: len(symbols)].astype(np.float64)  # (places, tags)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        chosen = tags(powers / powers.sum(axis=1, keepdims=True), symbols, threshold)
        print("".join(map(mended, symbols, chosen))[:-1])


if __name__ == "__main__":
    main()
