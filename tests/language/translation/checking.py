"""What every translator's network has to hold, whatever is in it."""

import torch
from torch import nn

from shinso import catalog
from shinso.core.counting import parameter_count
from shinso.language.translation.beam import beam_search
from shinso.language.translation.decoding import BOS, picked
from shinso.language.translation.decoding import greedy as greedily
from tests.language.translation.nets import log_p_of, sentences

SOURCE, TARGET = 20, 11  # words
LIMITS = torch.tensor([9, 0, 3, 12, 1, 5, 7])


def net_of(name: str, **changes) -> nn.Module:
    """Of preset quick, small and in float64, all its weights drawn, norms and biases too."""
    system = catalog.find(name)
    spec = system.spec_class(source_vocabulary=SOURCE, target_vocabulary=TARGET)
    net = system.networks(system.make_recipe("quick", **changes), spec)["translator"].double()
    generator = torch.Generator().manual_seed(0)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return net.eval()


def preset_parameters(name: str, preset: str) -> int:
    """Of a preset's nominal network."""
    system = catalog.find(name)
    with torch.device("meta"):
        networks = system.networks(system.make_recipe(preset), system.preset(preset).spec)
    return parameter_count(networks["translator"])


def targets(count: int, steps: int = 6) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    words = torch.randint(3, TARGET, (count, steps), generator=generator)
    return torch.cat([torch.full((count, 1), BOS), words], dim=1)


@torch.no_grad()
def check_steps(net: nn.Module) -> None:
    """Steps give the logits of `forward`, also of rows that were picked and repeated."""
    source, lengths = sentences()
    target = targets(len(source))
    expected = net(source, lengths, target)
    state = net.start(source, lengths)
    rows = torch.tensor([2, 0, 0, 6, 5, 2, 1, 3, 4])
    for position in range(target.shape[1]):
        if position == 3:
            state, target, expected = picked(state, rows), target[rows], expected[rows]
        logits, state, _ = net.step(target[:, position], state)
        torch.testing.assert_close(logits, expected[:, position], rtol=0, atol=1e-10)


@torch.no_grad()
def check_padding(net: nn.Module) -> None:
    """A sentence alone has the logits that it has beside longer ones."""
    source, lengths = sentences()
    target = targets(len(source))
    padded = net(source, lengths, target)
    for row, length in enumerate(lengths.tolist()):
        short = source[row : row + 1, :length]
        alone = net(short, lengths[row : row + 1], target[row : row + 1, :4])
        torch.testing.assert_close(padded[row, :4], alone[0], rtol=1e-12, atol=1e-12)
    other = source.where(source != 0, 7)  # and whatever stands where they have ended
    torch.testing.assert_close(net(other, lengths, target), padded, rtol=1e-12, atol=1e-12)


@torch.no_grad()
def check_causality(net: nn.Module) -> None:
    """No logit depends on a later word; every one on the word before it."""
    source, lengths = sentences()
    target = targets(len(source))
    other = target.clone()
    other[:, 3] = 3 + (target[:, 3] - 2) % (TARGET - 3)  # another word
    moved = (net(source, lengths, other) - net(source, lengths, target)).abs().amax(dim=(0, 2))
    assert (moved[:3] == 0).all() and (moved[3:] > 1e-6).all()


def check_search(net: nn.Module) -> None:
    """A beam of one is greedy, n best are scored as `forward` scores them, attention is theirs."""
    source, lengths = sentences()
    how = {"alpha": 0.6, "attention": True}
    greedy = greedily(net, source, lengths, LIMITS)
    assert [[h] for h in greedy] == beam_search(net, source, lengths, LIMITS, beam=1, alpha=0.6)
    found = beam_search(net, source, lengths, LIMITS, beam=4, n_best=3, **how)
    for row, hypotheses in enumerate(found):
        length = int(lengths[row])
        again = log_p_of(net, source[row], length, [h.tokens for h in hypotheses])
        told = [h.log_probability for h in hypotheses]
        torch.testing.assert_close(torch.tensor(told), torch.tensor(again), rtol=0, atol=1e-6)
        scores = [h.score(0.6) for h in hypotheses]
        assert scores == sorted(scores, reverse=True)
        for hypothesis in hypotheses:
            if getattr(net, "keeps_weights", False):
                assert hypothesis.attention.shape == (len(hypothesis.tokens), length)
                sums = hypothesis.attention.sum(dim=1)  # nothing goes to padding
                torch.testing.assert_close(sums, torch.ones_like(sums))
            else:
                assert hypothesis.attention is None
