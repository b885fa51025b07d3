"""A translator in 32, 16 and 8 bits: what each translates in a second, its bytes and its BLEU; and
as a graph in float32, since int8 is one.

    OMP_NUM_THREADS=1 python benchmarks/translation_int8.py RUN

RUN is a Transformer's, in float32. The sentences are the first of small_parallel_enja's dev set, at
the beam that the artifact has. CPU times of one thread, in turn; BLEU is that of the whole set.
"""

import argparse
import tempfile
from pathlib import Path

from machine import machine
from rates import Work, interleaved, report

from shinso import api
from shinso.core.about import stored_bytes
from shinso.core.predictor import Predictor
from shinso.data import open_data

DATA, SPLIT = "small_parallel_enja", "valid"
FORMS = ("int8", "float32", "float16", "bfloat16", "graph")


def working(predictor: Predictor, lines: list[str]) -> Work:
    def work() -> int:
        predictor.translated(lines)
        return len(lines)

    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a run or an artifact, in float32")
    parser.add_argument("--blocks", type=int, default=9, help="blocks of each (default: 9)")
    parser.add_argument("--sentences", type=int, default=128, help="of a block (default: 128)")
    given = parser.parse_args()
    api.set_threads(1)
    lines = list(open_data(DATA, ("parallel",)).split(SPLIT).sources[: given.sentences])
    print(f"{machine()}\nmedian of {given.blocks} interleaved blocks, with its 95% interval\n")
    with tempfile.TemporaryDirectory() as folder:
        made = {name: Path(folder, name) for name in FORMS}
        for name, place in made.items():
            if name == "float32":
                api.load(given.run).artifact.save(place)
            elif name == "graph":
                api.use_lever("export", given.run, place)
            else:
                api.use_lever("quantise", given.run, place, to=name)
        predictors = {name: api.load(place) for name, place in made.items()}
        works = {name: working(predictor, lines) for name, predictor in predictors.items()}
        report("beam", "sentences/s", interleaved(works, given.blocks))
        print()
        for name, place in made.items():
            scores = api.evaluate(place, DATA, SPLIT).scores
            print(f"{name:10} {stored_bytes(place):12,} bytes   BLEU {scores['bleu']:.2f}")


if __name__ == "__main__":
    main()
