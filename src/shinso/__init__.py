"""shinso (深層): the systems of a deep-learning engineer course, alive in one package.

shinso.load(name_or_path)      a predictor to call
shinso.train(recipe, data=...) a run
shinso.evaluate(what, ...)     scores beside their baselines
shinso.player(name_or_path)    a player of Go
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["evaluate", "load", "player", "resume", "train"]


def __getattr__(name: str) -> Any:
    # Lazy, because `shinso list` must not wait for torch.
    if name in __all__:
        from shinso import api

        return getattr(api, name)
    raise AttributeError(f"module 'shinso' has no attribute {name!r}")
