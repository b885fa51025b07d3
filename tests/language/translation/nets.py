"""Small networks for decoding: probabilities by hand, a recurrent net and a self-attending one.

`forward` of the last two does all positions at once and shares no code with `step`."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from shinso.language.translation.decoding import BOS, EOS, PAD


class Table:
    """p(next token | tokens so far), whatever the sentence; missing tokens have `rest`."""

    def __init__(self, vocabulary: int, rows: dict[tuple[int, ...], dict[int, float]], rest=1e-9):
        self.vocabulary, self.rows, self.rest = vocabulary, rows, rest

    def start(self, source, lengths):
        return (source.new_zeros(len(source), 0),)

    def step(self, tokens, state):
        (before,) = state
        so_far = torch.cat([before, tokens[:, None]], dim=1)  # (N, T) from BOS on
        logits = torch.stack([self.log_p(row) for row in so_far[:, 1:].tolist()])
        return logits, (so_far,), None

    def log_p(self, tokens):
        row = torch.full((self.vocabulary,), self.rest, dtype=torch.float64)
        for token, p in self.rows.get(tuple(tokens), {EOS: 1.0}).items():
            row[token] = p
        return row.log()


class Seq2Seq(nn.Module):
    """A GRU reads the sentence to its end, another writes; no attention."""

    def __init__(self, vocabulary=11, size=6):
        super().__init__()
        self.source = nn.Embedding(20, size)
        self.target = nn.Embedding(vocabulary, size)
        self.reader, self.writer = nn.GRU(size, size, batch_first=True), nn.GRUCell(size, size)
        self.output = nn.Linear(size, vocabulary)

    def start(self, source, lengths):
        hidden, _ = self.reader(self.source(source))  # (B, S, D)
        return (hidden[torch.arange(len(source)), lengths - 1],)

    def step(self, tokens, state):
        hidden = self.writer(self.target(tokens), state[0])
        return self.output(hidden), (hidden,), None

    def forward(self, source, lengths, target):
        (hidden,) = self.start(source, lengths)
        size = hidden.shape[1]
        writer = nn.GRU(size, size, batch_first=True).to(hidden.dtype)
        writer.load_state_dict({f"{k}_l0": v for k, v in self.writer.state_dict().items()})
        return self.output(writer(self.target(target), hidden[None])[0])


class Attending(nn.Module):
    """One layer of causal self-attention and one of attention to the sentence."""

    def __init__(self, vocabulary=11, size=6):
        super().__init__()
        self.source, self.target = nn.Embedding(20, size), nn.Embedding(vocabulary, size)
        self.own, self.other = nn.Linear(size, 3 * size), nn.Linear(size, 2 * size)
        self.query, self.output = nn.Linear(size, size), nn.Linear(size, vocabulary)

    def start(self, source, lengths):
        keys, values = self.other(self.source(source)).chunk(2, dim=2)  # (B, S, D)
        real = torch.arange(source.shape[1]) < lengths[:, None]  # (B, S)
        none = keys[:, :0]
        return (none, none), (keys, values, real)

    def step(self, tokens, state):
        (past_keys, past_values), (keys, values, real) = state
        x = self.target(tokens)[:, None]  # (N, 1, D)
        query, key, value = self.own(x).chunk(3, dim=2)
        past_keys = torch.cat([past_keys, key], dim=1)  # (N, T, D)
        past_values = torch.cat([past_values, value], dim=1)
        x = x + attend(query, past_keys, past_values)[0]
        seen, weights = attend(self.query(x), keys, values, real[:, None])
        after = (past_keys, past_values), (keys, values, real)
        return self.output(x + seen)[:, 0], after, weights[:, 0]

    def forward(self, source, lengths, target):
        _, (keys, values, real) = self.start(source, lengths)
        x = self.target(target)  # (B, T, D)
        query, key, value = self.own(x).chunk(3, dim=2)
        x = x + F.scaled_dot_product_attention(query, key, value, is_causal=True)
        mask = real[:, None].expand(-1, x.shape[1], -1)
        return self.output(
            x + F.scaled_dot_product_attention(self.query(x), keys, values, attn_mask=mask)
        )


def attend(query: Tensor, keys: Tensor, values: Tensor, allowed: Tensor | None = None):
    scores = query @ keys.mT / query.shape[2] ** 0.5
    if allowed is not None:
        scores = scores.masked_fill(~allowed, -torch.inf)
    weights = scores.softmax(dim=2)
    return weights @ values, weights


def random_net(kind, seed=0, vocabulary=11):
    """With probabilities far from even, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = kind(vocabulary).double()
        for parameter in net.parameters():
            nn.init.normal_(parameter, std=1.0)
        return net.eval()


def sentences(count=7, seed=0):
    """(B, S) numbers padded with 0, and their lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 8, (count,), generator=generator)
    source = torch.randint(4, 20, (count, int(lengths.max())), generator=generator)
    return source.where(torch.arange(source.shape[1]) < lengths[:, None], 0), lengths


@torch.no_grad()
def log_p_of(net, source, length, outputs):
    """What `forward` gives each output: the sum of its tokens' log p and that of EOS."""
    longest = max(map(len, outputs))
    target = torch.tensor([[BOS, *o, EOS, *[PAD] * (longest - len(o))] for o in outputs])
    source = source[:length].expand(len(outputs), -1)
    lengths = torch.full((len(outputs),), length)
    log_p = net(source, lengths, target[:, :-1]).log_softmax(dim=2)
    of_tokens = log_p.gather(2, target[:, 1:, None])[:, :, 0]  # (N, T)
    return of_tokens.where(target[:, 1:] != PAD, 0).sum(dim=1).tolist()
