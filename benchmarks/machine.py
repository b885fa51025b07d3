"""The line that every benchmark prints about where it was run."""

import platform
from pathlib import Path

import numpy as np
import torch


def machine() -> str:
    """CPU model and cores as lscpu names them, threads, versions."""
    cores = sum(line.startswith("processor") for line in _cpu_lines())
    model = next(line.split(":")[1].strip() for line in _cpu_lines() if "model name" in line)
    return (
        f"{model}, {cores} cores, {torch.get_num_threads()} thread; "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def median_and_interval(values: list[float]) -> tuple[float, float, float]:
    """The median with the 95% interval that 2,000 bootstrap resamples give it."""
    sample = np.random.default_rng(0).choice(values, (2000, len(values)))
    low, high = np.quantile(np.median(sample, axis=1), (0.025, 0.975))
    return float(np.median(values)), float(low), float(high)


def _cpu_lines() -> list[str]:
    return Path("/proc/cpuinfo").read_text().splitlines()
