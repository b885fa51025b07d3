"""Scores, numbers and times in words: what a score means, and how a person writes its value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Meaning:
    """A score for people. `better` is "higher", "lower", or empty where it is not known."""

    title: str
    says: str
    better: str = "higher"
    share: bool = False  # a value in [0, 1], written as a percentage

    def write(self, value: float | None) -> str:
        if value is None or not math.isfinite(value):
            return "–"
        return f"{100 * value:.1f}%" if self.share else number(value)

    def beats(self, value: float, other: float) -> bool:
        return value < other if self.better == "lower" else value > other


MEANINGS = {
    "accuracy": Meaning("Accuracy", "share of answers that are right", share=True),
    "top_5": Meaning("Among five", "share where the right one is of the likeliest 5", share=True),
    "bit_accuracy": Meaning("Bit accuracy", "share of bits that are right", share=True),
    "loss": Meaning("Loss", "what training makes small", "lower"),
    "perplexity": Meaning("Perplexity", "choices left open at each word", "lower"),
    "bleu": Meaning("BLEU", "phrases shared with a human translation, of 100"),
    "chrf": Meaning("chrF", "letter sequences shared with a human translation, of 100"),
    "map": Meaning("mAP", "average precision over overlaps of .50 to .95", share=True),
    "map_50": Meaning("mAP at .50", "average precision at half overlap", share=True),
    "map_75": Meaning("mAP at .75", "average precision at three quarters overlap", share=True),
    "mean_iou": Meaning("Mean IoU", "overlap of found and true regions, over classes", share=True),
    "pixel_accuracy": Meaning("Pixel accuracy", "share of pixels named right", share=True),
    "elbo_nats": Meaning("ELBO", "lower bound of the log-likelihood, in nats"),
    "fid": Meaning("FID", "distance of made pictures from real ones", "lower"),
    "bits_per_sample": Meaning("Bits per sample", "surprise at each sample", "lower"),
    "mean_return": Meaning("Mean return", "reward of an episode, on average"),
    "win_rate": Meaning("Win rate", "share of games won", share=True),
    "elo": Meaning("Elo", "playing strength; 100 more wins 64% of the games"),
}


def meaning(score: str) -> Meaning:
    """Known scores by name, or by the name they begin with (`accuracy_16`)."""
    if score in MEANINGS:
        return MEANINGS[score]
    stem, _, suffix = score.rpartition("_")
    if stem in MEANINGS:
        known = MEANINGS[stem]
        return Meaning(f"{known.title} ({suffix})", known.says, known.better, known.share)
    return Meaning(spoken(score).capitalize(), "", "")


def spoken(name: str) -> str:
    return name.replace("_", " ")


def number(value: float) -> str:
    """Four digits: 0.0312, 12.5, 1,234; very small ones as 3.1e-05."""
    if not math.isfinite(value):
        return "–"
    if float(value).is_integer() and abs(value) < 1e9:
        return f"{int(value):,}"
    if abs(value) >= 1e9 or abs(value) < 1e-3:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """a, b and c"""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def setting(value: Any) -> str:
    """A value of recipe.json as a person writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(setting(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {setting(item)}" for name, item in value.items())
    return number(value) if isinstance(value, float) else str(value)
