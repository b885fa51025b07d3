"""Says which words come next, by numpy and onnxruntime alone: python example.py "WORD WORD ..."."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

TOP = 5


def main() -> None:
    here = Path(__file__).parent
    recipe = json.loads((here / "artifact.json").read_text(encoding="utf-8"))["recipe"]
    vocabulary = (here / "vocabulary.txt").read_text(encoding="utf-8").split()
    numbers = {word: number for number, word in enumerate(vocabulary)}
    session = onnxruntime.InferenceSession(here / "lm.onnx")
    names = [argument.name for argument in session.get_inputs()]
    for text in sys.argv[1:]:
        words = ["<eos>", *text.split()]
        if window := recipe["window"]:  # it sees the last few words alone
            words = [*["<eos>"] * window, *words][-window:]
        shapes = [argument.shape for argument in session.get_inputs()[1:]]  # (layers, batch, units)
        state = [np.zeros((layers, 1, units), np.float32) for layers, _, units in shapes]
        for word in words:
            number = np.array([[numbers.get(word, numbers["<unk>"])]])
            inputs = dict(zip(names, (number, *state), strict=True))
            logits, *state = session.run(None, inputs)
        powers = np.exp(logits[0, -1].astype(np.float64) - logits.max())
        probabilities = powers / powers.sum()
        for best in np.argsort(-probabilities, kind="stable")[:TOP]:
            print(f"{probabilities[best]:.6f}  {vocabulary[best]}")


if __name__ == "__main__":
    main()
