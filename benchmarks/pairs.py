"""Two ways to do the same, timed in turn, so that whatever disturbs the machine disturbs both."""

from collections.abc import Callable
from time import process_time

from machine import median_and_interval

Work = Callable[[], object]


def interleaved(one: Work, other: Work, calls: int, pairs: int) -> list[tuple[float, float]]:
    """CPU seconds of a call of each, by pair of blocks of `calls`; who begins changes in turn."""
    for work in (one, other):
        _block(work, max(1, calls // 4))  # warm up
    times = []
    for pair in range(pairs):
        if pair % 2:
            second, first = _block(other, calls), _block(one, calls)
        else:
            first, second = _block(one, calls), _block(other, calls)
        times.append((first, second))
    return times


def print_pairs(title: str, times: list[tuple[float, float]]) -> None:
    """Both in milliseconds, and how many times as fast the second is."""
    columns = [
        median_and_interval([first * 1e3 for first, _ in times]),
        median_and_interval([second * 1e3 for _, second in times]),
        median_and_interval([first / second for first, second in times]),
    ]
    cells = (f"{middle:9.3f} [{low:.3f}, {high:.3f}]" for middle, low, high in columns)
    print(f"{title:34}" + "  ".join(f"{cell:28}" for cell in cells).rstrip())


def _block(work: Work, calls: int) -> float:
    began = process_time()
    for _ in range(calls):
        work()
    return (process_time() - began) / calls
