import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def forks_can_train():
    """At the first backward pass of a process torch decides whether it needs threads for devices
    other than the CPU. After an export it takes those of the tracer for devices, and no fork of
    the process could train: so the first pass is here."""
    torch.ones(1, requires_grad=True).sum().backward()
