import sys

import pytest
import torch

from pkbench.bench.memory import DevicePeak, RssGrowth

MEGABYTE = 2**20


def test_the_peak_is_the_most_at_once() -> None:
    def step() -> None:
        first = torch.zeros(MEGABYTE)
        second = torch.zeros(MEGABYTE)
        del first
        third = torch.zeros(MEGABYTE // 2)
        del second, third

    peak = DevicePeak(torch.device("cpu"))
    assert peak.kind == "step peak"
    assert peak.bytes(step) == 8 * MEGABYTE
    assert peak.bytes(lambda: None) == 0


def test_what_a_layer_keeps_and_its_gradients_are_in_the_peak() -> None:
    layer = torch.nn.Linear(256, 512)
    x = torch.randn(1024, 256)

    def step() -> None:
        layer.zero_grad(set_to_none=True)
        layer(x).relu().sum().backward()

    outputs, weights = 4 * 1024 * 512, 4 * 256 * 512
    found = DevicePeak(torch.device("cpu")).bytes(step)
    assert 2 * outputs <= found <= 4 * outputs + 3 * weights


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_growth_counts_memory_that_is_given_back() -> None:
    growth = RssGrowth()
    if growth.bytes() is None:
        pytest.skip("the system does not let a process reset its peak")
    block = torch.ones(64 * MEGABYTE // 4)
    del block
    grown = growth.bytes()
    assert grown is not None
    assert grown > 56 * MEGABYTE
    later = RssGrowth().bytes()
    assert later is not None
    assert later < 32 * MEGABYTE


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_device_peak_counts_from_before_the_training_was_built() -> None:
    peak = DevicePeak(torch.device("cuda"))
    kept = torch.zeros(MEGABYTE, device="cuda")
    assert peak.kind == "device peak"
    assert peak.bytes(lambda: None) >= 4 * MEGABYTE
    del kept
