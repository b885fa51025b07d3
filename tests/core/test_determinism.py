"""With deterministic algorithms two runs agree to the bit, with several threads too."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from shinso.core.processes import deterministic
from tests.proof.forked import assert_same, outcome

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")

# In a process of its own: OpenMP's threads would stay, and a fork of theirs hangs.
TWICE = """
import sys
from pathlib import Path
from shinso import catalog
from tests.proof.directly import train
for folder in sys.argv[1:]:
    train(catalog.find("lenet"), Path(folder), threads=2, epochs=1)
"""


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_two_runs_of_lenet_with_two_threads_agree_to_the_bit(tmp_path):
    folders = [tmp_path / name for name in ("one", "other")]
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}
    subprocess.run([sys.executable, "-c", TWICE, *folders], check=True, env=environment, cwd=ROOT)
    one, other = map(outcome, folders)
    assert one["step"] == 20
    assert_same(one, other)


def test_deterministic_is_strict_on_the_cpu_and_leaves_no_trace():
    unpool = torch.nn.MaxUnpool2d(2)
    maps, places = torch.nn.functional.max_pool2d(torch.rand(1, 1, 4, 4), 2, return_indices=True)
    before = torch.get_deterministic_debug_mode()
    with deterministic(CPU), pytest.raises(RuntimeError, match="deterministic"):
        unpool(maps, places)
    assert torch.get_deterministic_debug_mode() == before
    assert unpool(maps, places).shape == (1, 1, 4, 4)


def test_an_error_inside_leaves_no_trace_either():
    before = torch.get_deterministic_debug_mode(), torch.backends.cudnn.benchmark
    with pytest.raises(KeyError), deterministic(CPU):
        raise KeyError
    assert (torch.get_deterministic_debug_mode(), torch.backends.cudnn.benchmark) == before


# In a process of its own, because a loop that ran in this one has set it already.
PAGE_FAULTS = """
import resource, torch
from shinso.core.processes import keep_freed_memory
torch.set_num_threads(1)

def faults():
    for _ in range(20):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        tensors = [torch.empty(5_000_000).fill_(1) for _ in range(3)]  # 20 MB each
        del tensors
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's malloc")
def test_freed_memory_is_kept_for_the_next_step():
    done = subprocess.run(
        [sys.executable, "-c", PAGE_FAULTS], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert int(done.stdout) < 100  # 14,649 pages are filled; by default most are new ones
