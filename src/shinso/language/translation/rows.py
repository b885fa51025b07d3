"""The translators' rows of the catalogue. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

from shinso.core.system import Deviation, System

PLACE = "shinso.language.translation"

# Of the course's programs, mended in --preset course too.
FAULTS_OF_ALL = (
    Deviation(
        "checkpoints are chosen by what the net writes by itself",
        "the course puts the right words so far before the net, and prints that BLEU as its score",
    ),
    Deviation(
        "every epoch has an order of its own",
        "the course shuffles with one random state, so that all its epochs are alike",
    ),
    Deviation(
        "beam search compares outputs by log P over a penalty of their length",
        "the course compares log P, which favours the short; and it divides indices with /, so "
        "that it no longer runs",
    ),
    Deviation(
        "--preset course trains on all of train, with as many more words, and chooses by dev; its "
        "card counts the course's words",
        "the course learns from four fifths, chooses by the last, and calls dev its test",
    ),
)


def translator(
    name: str,
    recipe: str,
    task: str,
    summary: str,
    paper: str,
    equations: tuple[str, ...],
    deviations: tuple[Deviation, ...],
    refuses: Mapping[str, str],
) -> System:
    """A translator: its recipe and model stand in a folder of its name, the rest is one for all."""
    folder = f"shinso.language.{name.replace('-', '_')}"
    return System(
        name=name,
        field="language",
        task=task,
        summary=summary,
        paper=paper,
        section="day 3, sequence to sequence and attention; day 4, Transformer",
        equations=equations,
        recipe=f"{folder}.recipe:{recipe}",
        options=f"{PLACE}.recipe:TranslationOptions",
        selects_with={"beam": 1},  # greedy is fast, and ranks checkpoints as a search does
        build=f"{folder}.model:build",
        example_inputs=f"{PLACE}.examples:example_inputs",
        learner=f"{PLACE}.learner:TranslationLearner",
        predictor=f"{PLACE}.predictor:TranslationPredictor",
        evaluate=f"{PLACE}.evaluation:evaluate",
        standalone=f"{PLACE}.handover:standalone",
        data="small_parallel_enja",
        data_kinds=("parallel",),
        deviations=(*deviations, *FAULTS_OF_ALL),
        refuses=refuses,
    )


PACKED = {"export": "it reads packed sequences, which no graph has; transformer can be exported"}

ROWS = (
    translator(
        "seq2seq",
        "Seq2SeqRecipe",
        "translation without attention",
        "A recurrent net reads a sentence into one vector, and another writes the translation from "
        "it, word after word; what the vector cannot hold of a long sentence is lost.",
        "Sutskever, Vinyals and Le 2014, Sequence to sequence learning with neural networks; Cho "
        "et al. 2014, Learning phrase representations using RNN encoder-decoder",
        (
            "h_s = encoder(E[x_s], h_(s-1))",
            "d_0 = h_S, d_t = decoder([E'[y_(t-1)] ; h_S], d_(t-1))",
            "p(y_t | y_1 ... y_(t-1), x) = softmax(W d_t + b)",
        ),
        (
            Deviation(
                "a GRU whose reset gate comes after the product, one layer of it",
                "torch's fused kernel, and the course's cell; Cho et al. have it before (--cell "
                "gru), Sutskever et al. four layers of LSTM (--preset paper)",
            ),
            Deviation(
                "h_S is read at every step, but not by the output; no maxout",
                "the half of Cho et al.'s decoder that a fused kernel can read; Sutskever et al. "
                "and the course do without (--no-context)",
            ),
            Deviation(
                "weights start within 1 / sqrt(H), Sutskever et al.'s within 0.08",
                "as torch draws them",
            ),
        ),
        PACKED,
    ),
    translator(
        "seq2seq-attention",
        "Seq2SeqAttentionRecipe",
        "translation with attention",
        "A recurrent net that keeps a vector of every word it reads and, for each word it writes, "
        "looks up those it needs; a long sentence has more of them.",
        "Bahdanau, Cho and Bengio 2015, Neural machine translation by jointly learning to align "
        "and translate; Luong, Pham and Manning 2015, Effective approaches to attention-based "
        "neural machine translation",
        (
            "h_s = [forward(E[x_s], .) ; backward(E[x_s], .)]",
            "d_t = decoder([E'[y_(t-1)] ; a_(t-1)], d_(t-1))",
            "w_ts = softmax_s d_t . W h_s, c_t = sum_s w_ts h_s",
            "a_t = tanh(V [c_t ; d_t])",
            "p(y_t | y_1 ... y_(t-1), x) = softmax(U a_t + b)",
        ),
        (
            Deviation(
                "the state after the last word asks, as in Luong et al.; the course, after "
                "Bahdanau et al., has e_ij = a(s_(i-1), h_j)",
                "without feeding a kernel then reads all words at once; with it, what was "
                "attended to is still read before the next word",
            ),
            Deviation(
                "the encoder reads in both directions with half of the units each",
                "Bahdanau et al.'s is so, with all of them; Luong et al.'s reads forward",
            ),
        ),
        PACKED,
    ),
    translator(
        "transformer",
        "TransformerRecipe",
        "translation by attention alone",
        "Every word looks at all others of its sentence, and every word written at those before it "
        "and at the sentence: no recurrence, so that all positions are computed at once.",
        "Vaswani et al. 2017, Attention is all you need",
        (
            "attention(Q, K, V) = softmax(Q K' / sqrt(d)) V",
            "x_t = sqrt(D) E[w_t] + p(t)",
            "p(t)[2i] = sin(10000^(-2i/D) t), p(t)[2i+1] = cos(10000^(-2i/D) t)",
            "x + f(norm(x)) around each part f of a layer: attention, max(0, x W + b) V + c",
            "p(y_t | y_1 ... y_(t-1), x) = softmax(E' z_t)",
        ),
        (
            Deviation(
                "layers are normalised before each part; --norm post is the paper's",
                "trains without a long warm-up (Xiong et al. 2020)",
            ),
            Deviation(
                "the two languages have a table of words each; the decoder's is the output's",
                "they share few words",
            ),
            Deviation(
                "the rate falls by a cosine, in --preset paper by a line, in place of 1 / sqrt(t)",
                "a run ends at rate 0, so that its last weights are its best",
            ),
            Deviation(
                "scores of attention are divided by sqrt(d) of a head in --preset course",
                "the course has the root of the model's size (--attention-scale model), which "
                "halves them",
            ),
            Deviation(
                "word vectors start N(0, 1/D) and are multiplied by sqrt(D) in --preset course",
                "the course reads N(0, 1) as it is (--no-embedding-scale), which as tied output "
                "makes logits of variance D",
            ),
            Deviation(
                "--preset course has, as the course, no warm-up, no label smoothing and no dropout "
                "of embeddings",
                "settings, not mistakes: --warmup-steps, --label-smoothing, --embedding-dropout",
            ),
        ),
        {},
    ),
)
