"""Every system and every lever, one readable row each. Lazy: a row names its parts as
`module:attribute`, and nothing of them is imported until a verb asks, so `shinso list` is
instant."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from shinso.core.errors import UserError, nearest
from shinso.core.lever import Lever
from shinso.core.recipe import Recipe
from shinso.core.system import Deviation, System
from shinso.go.rows import ROWS as GO_SYSTEMS
from shinso.language.translation.rows import ROWS as TRANSLATORS
from shinso.vision.classification.rows import ROWS as CLASSIFIERS

if TYPE_CHECKING:
    from shinso.core.artifact import Artifact

SYSTEMS: dict[str, System] = {}
LEVERS: dict[str, Lever] = {}


def add(system: System) -> System:
    """Puts a row into the catalogue; a program of your own may call it too."""
    SYSTEMS[system.name] = system
    return system


def find(name: str) -> System:
    """Raises UserError with the nearest names for one that is unknown."""
    if name not in SYSTEMS:
        raise UserError(f"no system is named {name!r}; {nearest(name, SYSTEMS)}")
    return SYSTEMS[name]


def add_lever(lever: Lever) -> Lever:
    """Puts a row into the catalogue; it works on every system that has networks."""
    LEVERS[lever.name] = lever
    return lever


def find_lever(name: str) -> Lever:
    """Raises UserError with the nearest names for one that is unknown."""
    if name not in LEVERS:
        raise UserError(f"no lever is named {name!r}; {nearest(name, LEVERS)}")
    return LEVERS[name]


def of_recipe(recipe: Recipe) -> System:
    """The system that a recipe trains."""
    for system in SYSTEMS.values():
        named_so = (system.recipe or "").endswith(f":{type(recipe).__name__}")
        if named_so and system.recipe_class is type(recipe):
            return system
    raise UserError(f"no system in the catalogue has the recipe {type(recipe).__name__}")


def open_artifact(what: str | Path) -> Artifact:
    """Opens a RUN folder's artifact, an ARTIFACT folder, or a SYSTEM's shipped weights.

    A system's name wins over a folder of that name unless `what` contains a separator.
    """
    from shinso.core.artifact import open_artifact

    return open_artifact(artifact_folder(what), find)


def artifact_folder(what: str | Path) -> Path:
    """The folder of the artifact that `what` names. Raises UserError where there is none."""
    if str(what) in SYSTEMS:
        SYSTEMS[str(what)].check_learns()
        shipped = shipped_weights(str(what))
        if shipped is None:
            raise UserError(
                f"no weights are shipped for {what}; train it: shinso train {what}, "
                f"then use the run folder in place of the name"
            )
        return shipped
    folder = Path(what)
    if not folder.exists():
        raise UserError(f"{what} is neither a folder nor a system; {nearest(str(what), SYSTEMS)}")
    if (folder / "recipe.json").exists():
        if not (folder / "artifact").exists():
            raise UserError(f"{what} has no artifact yet; go on with train --resume {what}")
        return folder / "artifact"
    if not (folder / "artifact.json").exists():
        raise UserError(
            f"{what} is neither a run nor an artifact: it has no recipe.json and no artifact.json"
        )
    return folder


def shipped_weights(name: str) -> Path | None:
    folder = Path(str(files("shinso"))) / "weights" / name
    return folder if (folder / "artifact.json").exists() else None


add(
    System(
        name="adder",
        field="language",
        task="binary addition",
        summary=(
            "A recurrent net reads two 8-bit numbers bit by bit, least significant first, and "
            "writes their sum: the smallest task that needs memory, the carry."
        ),
        paper="Elman 1990, Finding Structure in Time, Cognitive Science 14(2)",
        section="day 3, recurrent nets: the first experiment",
        equations=(
            "h_t = f(W_x x_t + W_h h_(t-1) + b)",
            "y_t = sigmoid(W_y h_t + c)",
        ),
        recipe="shinso.language.adder.recipe:AdderRecipe",
        build="shinso.language.adder.model:build",
        example_inputs="shinso.language.adder.model:example_inputs",
        learner="shinso.language.adder.learner:AdderLearner",
        predictor="shinso.language.adder.predictor:AdderPredictor",
        evaluate="shinso.language.adder.evaluation:evaluate",
        data="addition",
        data_kinds=("addition",),
        refuses={"distil": "its answers are bits, each by itself, and not one of several classes"},
        deviations=(
            Deviation(
                "the default has tanh, biases, cross-entropy and Adam where the course has "
                "sigmoid, none, squared error and plain descent; --preset course is to the letter",
                "right after 100 updates of 64 pairs, not after 10,000 of one",
                "docs/recurrent.md has every setting side by side",
            ),
            Deviation(
                "a tenth of the pairs is held out; the course trains on all of them",
                "what was learned cannot be told from what was memorised otherwise",
            ),
            Deviation(
                "weights of deviation 1/sqrt(n) are named xavier, after the course",
                "Glorot and Bengio 2010 take the mean of a unit's inputs and outputs for n",
            ),
        ),
    )
)

add(
    System(
        name="copying",
        field="language",
        task="remembering symbols",
        summary=(
            "A recurrent net reads some symbols, then nothing for a while, and then writes the "
            "symbols in their order: how far does its memory reach?"
        ),
        paper=(
            "Hochreiter and Schmidhuber 1997, Long short-term memory, Neural Computation 9(8); "
            "the task as in Arjovsky, Shah and Bengio 2016, Unitary evolution recurrent neural "
            "networks, section 4.1"
        ),
        section="day 3, recurrent nets: vanishing gradients, LSTM and GRU",
        equations=(
            "h_t = cell(x_t, h_(t-1))",
            "p(token t) = softmax(V h_t + c)",
            "loss without memory = L log 8 / (distance + 2 L)",
        ),
        recipe="shinso.language.copying.recipe:CopyingRecipe",
        build="shinso.language.copying.model:build",
        example_inputs="shinso.language.copying.model:example_inputs",
        learner="shinso.language.copying.learner:CopyingLearner",
        predictor="shinso.language.copying.predictor:CopyingPredictor",
        evaluate="shinso.language.copying.evaluation:evaluate",
        data="copying",
        data_kinds=("copying",),
        deviations=(
            Deviation(
                "5 symbols over 20 steps by default where the paper has 10 over 100 to 500",
                "a minute on one core; --length and --distance set any other",
            ),
        ),
    )
)

add(
    System(
        name="word-lm",
        field="language",
        task="language model",
        summary=(
            "A recurrent net reads words and says how likely each word of its vocabulary is to "
            "come next; it carries its state from word to word, so all of the text so far counts."
        ),
        paper="Zaremba, Sutskever and Vinyals 2014, Recurrent neural network regularization",
        section="day 3, recurrent nets: the language model",
        equations=(
            "h_t = cell(E[w_t], h_(t-1))",
            "p(w_(t+1) | w_1 ... w_t) = softmax(W h_t + b)",
            "perplexity = exp(-1/N sum_t log p(w_t | w_1 ... w_(t-1)))",
        ),
        recipe="shinso.language.word_lm.recipe:WordLMRecipe",
        options="shinso.language.word_lm.recipe:WordLMOptions",
        build="shinso.language.word_lm.model:build",
        example_inputs="shinso.language.word_lm.model:example_inputs",
        learner="shinso.language.word_lm.learner:WordLMLearner",
        predictor="shinso.language.word_lm.predictor:WordLMPredictor",
        evaluate="shinso.language.word_lm.evaluation:evaluate",
        standalone="shinso.language.word_lm.handover:standalone",
        data="english_text",
        data_kinds=("text",),
        refuses={"distil": "it carries its state from batch to batch, a teacher's would be lost"},
        deviations=(
            Deviation(
                "an LSTM has two bias vectors, as torch's kernel has, and they start at 0",
                "only their sum matters; 1,600 parameters more than the paper's 4.65 M",
            ),
            Deviation(
                "--preset course predicts from words, reads them in the order of the text and "
                "keeps the best checkpoint",
                "the course's program indexes characters where it predicts, trains on windows "
                "that run backward, and keeps the last of its files",
            ),
            Deviation(
                "--preset course holds out a tenth of the text by a hash, not a fifth",
                "as every data set here; its test split is then never needed for a choice",
            ),
        ),
    )
)

add(
    System(
        name="char-tagger",
        field="language",
        task="mending of words",
        summary=(
            "A recurrent net reads typed letters in both directions, finds those that are wrong "
            "and says what belongs there; read in one direction alone, it is blind to the other."
        ),
        paper=(
            "Schuster and Paliwal 1997, Bidirectional recurrent neural networks, IEEE Transactions "
            "on Signal Processing 45(11)"
        ),
        section="day 3, recurrent nets: the bidirectional net, which sees the future too",
        equations=(
            "f_t = cell(E[x_t], f_(t-1))",
            "b_t = cell'(E[x_t], b_(t+1))",
            "p(what belongs at t | x_1 ... x_T) = softmax(V relu(U [f_t; b_t] + d) + c)",
        ),
        recipe="shinso.language.char_tagger.recipe:CharTaggerRecipe",
        options="shinso.language.char_tagger.recipe:CharTaggerOptions",
        build="shinso.language.char_tagger.model:build",
        example_inputs="shinso.language.char_tagger.model:example_inputs",
        learner="shinso.language.char_tagger.learner:CharTaggerLearner",
        predictor="shinso.language.char_tagger.predictor:CharTaggerPredictor",
        evaluate="shinso.language.char_tagger.evaluation:evaluate",
        standalone="shinso.language.char_tagger.handover:standalone",
        data="english_text",
        data_kinds=("text",),
        deviations=(
            Deviation(
                "LSTM cells that find wrong letters, where the paper has plain units and phonemes",
                "the paper's recordings (TIMIT) are not free, and errors can be made without end; "
                "--cell rnn has plain units",
            ),
            Deviation(
                "a dense layer stands between both directions and the output",
                "logits would otherwise be the sum of what each direction says by itself",
            ),
        ),
    )
)

for translator in TRANSLATORS:
    add(translator)


for image_classifier in CLASSIFIERS:
    add(image_classifier)

for go_system in GO_SYSTEMS:
    add(go_system)


# Levers ------------------------------------------------------------------------------------------

add_lever(
    Lever(
        name="prune",
        summary="takes out the channels that matter least, or sets single weights to 0",
        settings="shinso.levers.settings:PruneSettings",
        apply="shinso.levers.prune:prune",
        learner="shinso.levers.prune:learner",
        measure="shinso.levers.prune:measure",
    )
)

add_lever(
    Lever(
        name="quantise",
        summary="keeps weights in fewer bits and computes with them so",
        settings="shinso.levers.settings:QuantiseSettings",
        apply="shinso.levers.quantise:quantise",
        learner="shinso.levers.int8_training:Int8Learner",
        start="shinso.levers.int8_training:start",
        calibration="shinso.levers.quantise:calibration",
    )
)

add_lever(
    Lever(
        name="distil",
        summary="teaches a student what one network, or several together, would answer",
        settings="shinso.levers.settings:DistilSettings",
        learner="shinso.levers.distil:DistilledLearner",
    )
)

add_lever(
    Lever(
        name="export",
        summary="makes each network an ONNX graph, which needs no torch to run elsewhere",
        settings="shinso.levers.settings:ExportSettings",
        apply="shinso.levers.export:export",
    )
)
