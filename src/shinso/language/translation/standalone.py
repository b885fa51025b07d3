"""Translates a sentence, by numpy and onnxruntime alone: python example.py "TOKEN TOKEN ..."."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import onnxruntime

PAD, BOS, EOS, UNK = range(4)  # the first lines of both vocabularies
SHORTEST_LIMIT = 10  # tokens that any sentence's translation may have


def main() -> None:
    here = Path(__file__).parent
    options = json.loads((here / "artifact.json").read_text(encoding="utf-8"))["options"]
    known, written = (
        (here / f"{side}.vocabulary.txt").read_text(encoding="utf-8").split()
        for side in ("source", "target")
    )
    numbers = {token: number for number, token in enumerate(known)}
    session = onnxruntime.InferenceSession(here / "translator.onnx")
    names = [argument.name for argument in session.get_inputs()]
    for sentence in sys.argv[1:]:
        read = [max(UNK, numbers.get(token, UNK)) for token in sentence.split()]
        source, lengths = np.array([[*read, EOS]]), np.array([len(read) + 1])
        limit = math.ceil(len(read) * options["longest_ratio"]) + SHORTEST_LIMIT
        target = [BOS]
        while len(target) <= limit:  # the likeliest token, one after another
            inputs = source, lengths, np.array([target])
            (logits,) = session.run(None, dict(zip(names, inputs, strict=True)))  # (1, T, V)
            logits[0, -1, [PAD, BOS, UNK]] = -np.inf
            token = int(logits[0, -1].argmax())
            if token == EOS:
                break
            target.append(token)
        print(" ".join(written[token] for token in target[1:]))


if __name__ == "__main__":
    main()
