"""How many of something a second: several ways to do the same, timed in turn, so that whatever
disturbs the machine disturbs all."""

from collections.abc import Callable, Mapping
from time import process_time

from machine import median_and_interval

Work = Callable[[], int]  # how many it did


def rate(work: Work) -> float:
    """So many a second of CPU time."""
    began = process_time()
    made = work()
    return made / (process_time() - began)


def interleaved(sides: Mapping[str, Work], blocks: int) -> dict[str, list[float]]:
    """Rates of each side by block; who begins changes in turn."""
    for work in sides.values():
        work()  # compiles, and warms up
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for block in range(blocks):
        for name in list(sides)[:: -1 if block % 2 else 1]:
            rates[name].append(rate(sides[name]))
    return rates


def report(what: str, unit: str, rates: Mapping[str, list[float]]) -> None:
    """The rate of each side, and how many times that of each other one the first one's is."""
    width = max(map(len, rates)) + 9
    for name, values in rates.items():
        median, low, high = median_and_interval(values)
        print(f"{what:12} {name:{width}} {median:10,.0f} {unit} [{low:,.0f}, {high:,.0f}]")
    (_, first), *others = rates.items()
    for name, other in others:
        ratios = [one / its for one, its in zip(first, other, strict=True)]
        median, low, high = median_and_interval(ratios)
        title = f"ratio to {name}"
        print(f"{what:12} {title:{width}} {median:10.2f} [{low:.2f}, {high:.2f}]", flush=True)
