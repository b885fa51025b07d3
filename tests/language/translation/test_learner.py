"""The learner of translators: its loss, its mean of weights, its own output, and how it resumes."""

import math
from collections import deque
from copy import deepcopy

import pytest
import torch

from shinso import api
from shinso.core import tree
from shinso.core.errors import UserError
from shinso.core.files import read_json, read_lines
from shinso.core.loop import Loop
from shinso.core.processes import Processes, deterministic
from shinso.data import open_data
from tests.language.translation.tiny import FORCED, TINY, numbers, write_text
from tests.proof.directly import make_run
from tests.proof.forked import assert_same


def make(system, corpus, folder, start=None, processes=None, **changes):
    """A learner of the system on the text in a folder."""
    run = make_run(system, folder, processes=processes or Processes())
    data = open_data(str(corpus), system.data_kinds)
    run.random.seed_generators("init", 0, run.device)
    recipe = system.make_recipe(**changes)
    return system.load("learner")(recipe, data, start, run)


def steps(learner, count):
    """Makes so many steps as the loop does."""
    with deterministic(learner.run.device):
        for _ in range(count):
            learner.run.random.seed_generators("step", learner.run.step, learner.run.device)
            learner.step()
            learner.run.step += 1


# Loss ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", (0.0, 0.3))
def test_the_loss_is_the_mean_over_tokens_and_padding_is_none(smoothing, corpus, tmp_path):
    learner = make(TINY, corpus, tmp_path, label_smoothing=smoothing)
    batch = learner.pairs.batch(learner.buckets.indices(0, 0)[:3])
    target = torch.tensor([[1, 5, 6, 2, 0, 0], [1, 7, 2, 0, 0, 0], [1, 4, 5, 6, 7, 2]])
    logits = torch.randn(3, 5, 11, generator=torch.Generator().manual_seed(0))
    batch = batch._replace(target=target)
    found = learner.loss("update", batch, {"logits": logits}).item()

    total, tokens = 0.0, 0
    for row, numbers_of_row in zip(logits.tolist(), target[:, 1:].tolist(), strict=True):
        for scores, true in zip(row, numbers_of_row, strict=True):
            if true != 0:
                log_sum = math.log(sum(map(math.exp, scores)))
                log_p = [score - log_sum for score in scores]
                total -= (1 - smoothing) * log_p[true] + smoothing * sum(log_p) / len(log_p)
                tokens += 1
    assert tokens == learner.forward("update", batch)["counted"].sum() == 10
    assert found == pytest.approx(total / tokens, rel=1e-6)


def test_processes_share_a_batch_by_tokens(corpus, tmp_path):
    """The weighted mean of their gradients is that of the whole batch."""
    whole = make(TINY, corpus, tmp_path)
    parts = [make(TINY, corpus, tmp_path, processes=Processes(rank, 3)) for rank in range(3)]
    for learner in (whole, *parts):
        learner.networks["translator"].eval()
    expected, _ = whole.gradients("update", whole.next_batch("update"))
    shares = [learner.gradients("update", learner.next_batch("update"))[0] for learner in parts]
    weights = [learner.share_weight for learner in parts]
    assert sum(weights) == pytest.approx(3) and len(set(weights)) > 1
    for gradient, *of_parts in zip(expected, *shares, strict=True):
        mean = sum(w * part for w, part in zip(weights, of_parts, strict=True)) / 3
        assert torch.allclose(mean, gradient, atol=1e-6)


def test_batches_of_tokens(corpus, tmp_path):
    learner = make(TINY, corpus, tmp_path, batch_tokens=40, epochs=2)
    sizes = [learner.examples(learner.buckets.indices(0, n)) for n in range(learner.epoch_steps)]
    longest = [max(b.source.shape[1], b.target.shape[1] - 1) * len(b.source) for b in sizes]
    assert max(longest) <= 40
    assert sum(len(b.source) for b in sizes) == learner.example_count
    assert learner.total_steps == 2 * learner.epoch_steps


# Its own output -----------------------------------------------------------------------------------


def logits_of(learner, batch):
    with learner.at_rest():
        return learner.forward("update", batch)["logits"]


def test_free_running_reads_what_it_wrote(corpus, tmp_path):
    learner = make(FORCED, corpus, tmp_path, teacher_forcing=0.0)
    batch = learner.next_batch("update")
    net = learner.networks["translator"]
    logits = logits_of(learner, batch)
    written = logits.argmax(dim=2)
    own = torch.cat([batch.target[:, :1], written[:, :-1]], dim=1)  # its own output, as if true
    with learner.at_rest():
        assert torch.allclose(net(batch.source, batch.lengths, own), logits, atol=1e-5)
        true = net(batch.source, batch.lengths, batch.target[:, :-1])
    assert not torch.allclose(true, logits, atol=1e-2)
    gradients, _ = learner.gradients("update", batch)
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


def test_the_rate_is_the_share_of_batches_that_read_the_truth(corpus, tmp_path):
    learner = make(FORCED, corpus, tmp_path, teacher_forcing=0.2)
    read = []
    for learner.run.step in range(2_000):
        read.append(learner._reads_truth)
    assert sum(read) == pytest.approx(400, abs=60)  # 3.4 standard deviations
    always = make(FORCED, corpus, tmp_path / "other")
    plain = make(TINY, corpus, tmp_path / "plain")
    assert all(learner._reads_truth for learner in (always, plain))


# The mean of weights ------------------------------------------------------------------------------


def test_the_artifact_is_the_mean_of_the_last_evaluations(corpus, tmp_path):
    learner = make(TINY, corpus, tmp_path, average=3, evaluate_every=4)
    net = learner.networks["translator"]
    last = deque(maxlen=3)
    for number in range(1, 6):
        steps(learner, 4)
        last.append(deepcopy(dict(net.named_parameters())))
        found = dict(learner.artifact().modules["translator"].named_parameters())
        for name, parameter in found.items():
            mean = sum(weights[name] for weights in last) / min(number, 3)
            assert torch.allclose(parameter, mean, atol=1e-6), (number, name)
    live = deepcopy(dict(net.named_parameters()))
    learner.evaluate("valid")
    assert all(torch.equal(live[name], parameter) for name, parameter in net.named_parameters())
    assert net.training


def test_without_averaging_it_is_the_network_itself(corpus, tmp_path):
    learner = make(TINY, corpus, tmp_path, evaluate_every=2)
    steps(learner, 5)
    assert learner.artifact().modules["translator"] is learner.networks["translator"]


# Resume -------------------------------------------------------------------------------------------


def test_it_goes_on_exactly_in_the_middle_of_an_epoch(corpus, tmp_path):
    changes = {"teacher_forcing": 0.5, "average": 3, "evaluate_every": 4}
    whole = make(FORCED, corpus, tmp_path / "whole", **changes)
    assert whole.epoch_steps == 8
    steps(whole, 21)

    first = make(FORCED, corpus, tmp_path / "first", **changes)
    steps(first, 13)
    second = make(FORCED, corpus, tmp_path / "second", **changes)
    second.restore(tree.unpack(tree.pack(first.state())))
    second.run.step = 13
    steps(second, 8)
    assert_same(second.state(), whole.state())
    assert len(whole.state()["earlier"]) == 2
    for one, other in zip(
        whole.artifact().modules["translator"].parameters(),
        second.artifact().modules["translator"].parameters(),
        strict=True,
    ):
        assert torch.equal(one, other)


def test_an_evaluation_changes_nothing_that_training_reads(corpus, tmp_path):
    changes = {"average": 2, "steps": 10, "report_every": 5}
    learners = []
    for every in (3, 100):
        learner = make(TINY, corpus, tmp_path / str(every), evaluate_every=every, **changes)
        Loop(learner, learner.run).train()
        learners.append(learner)
    networks = [learner.state()["networks"] for learner in learners]
    assert_same(*networks)


# What it learns from ------------------------------------------------------------------------------


def test_longer_pairs_are_left_out_and_counted(corpus, tmp_path, caplog):
    every = make(TINY, corpus, tmp_path / "all")
    assert "left out" not in caplog.text and every.spec.longest == 4
    short = make(TINY, corpus, tmp_path / "short", longest=3)
    lines = [
        len(line.split()) for line in open_data(str(corpus), ("parallel",)).split("train").sources
    ]
    assert short.example_count == sum(length <= 3 for length in lines)
    assert f"left out {sum(length > 3 for length in lines)} pairs with more than 3" in caplog.text
    assert short.spec.longest == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    (
        ({"longest": 1}, "no sentence has --longest 1 tokens or fewer"),
        ({"minimum_count": 10_000}, "no token comes --minimum-count 10000 times"),
        ({"batch_tokens": 3}, "--batch-tokens 3 is less than the 5 tokens"),
    ),
)
def test_settings_that_leave_nothing_are_refused(changes, said, corpus, tmp_path):
    with pytest.raises(UserError, match=said):
        make(TINY, corpus, tmp_path, **changes)


def test_raw_japanese_needs_pieces(raw_corpus, tmp_path):
    with pytest.raises(UserError, match=r"translations have no spaces.*--tokens sentencepiece"):
        make(TINY, raw_corpus, tmp_path)
    learner = make(TINY, raw_corpus, tmp_path, tokens="sentencepiece", vocabulary=40)
    assert learner.selection == ("chrf", "max")  # sacrebleu splits no Japanese into words
    assert not learner.spec.spaced


def test_weights_to_start_from_know_their_own_tokens(run, tmp_path):
    pairs = [("seven one .", "七 一 。")] * 4 + [("eight one .", "八 一 。")] * 4
    other = write_text(tmp_path / "other", pairs, pairs[:1])
    start = api.load(run).artifact
    learner = make(TINY, other, tmp_path / "run", start=start)
    assert learner.reading.assets == {n: start.assets[n] for n in learner.reading.assets}
    assert learner.reading.unknown("seven one .") == ["seven"]
    for one, other in zip(
        start.modules["translator"].parameters(),
        learner.networks["translator"].parameters(),
        strict=True,
    ):
        assert torch.equal(one, other)


# The whole way ------------------------------------------------------------------------------------


def test_it_learns_and_the_best_by_free_running_bleu_is_kept(run):
    rows = read_lines(run / "metrics.jsonl")
    bleu = {row["step"]: row["valid"]["bleu"] for row in rows if "valid" in row}
    about = read_json(run / "artifact" / "artifact.json")
    assert about["scores"]["bleu"] == max(bleu.values()) > 95
    assert about["provenance"]["steps"] == max(bleu, key=bleu.get)
    assert about["spec"] == {
        "source_vocabulary": 11,
        "target_vocabulary": 11,
        "languages": ["en", "ja"],
        "longest": 4,
        "spaced": True,
    }
    assert (run / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_raw_text_the_whole_way(raw_corpus, tmp_path):
    recipe = TINY.make_recipe(tokens="sentencepiece", vocabulary=24, epochs=24, evaluate_every=96)
    folder = api.train(recipe, str(raw_corpus), tmp_path / "run", seed=3).folder
    predictor = api.load(folder)
    right = [predictor(source).text == truth for source, truth in numbers(raw=True)[1]]
    assert sum(right) > 0.9 * len(right)
