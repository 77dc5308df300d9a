"""Random erasing overwrites the rectangle drawn, as often and as large as the spec says."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms import RandomErasing

from pkbench.data.erasing import erase
from pkbench.data.rectangles import ATTEMPTS, draw_rectangles
from pkbench.spec.train import Erasing

TIMM = Erasing(probability=0.25, area=(0.02, 1 / 3), ratio=(0.3, 1 / 0.3), fill="constant")
ALWAYS = TIMM.model_copy(update={"probability": 1.0})


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=generator(9)) + 10


def first_fitting(
    areas: list[float], ratios: list[float], size: tuple[int, int], spec: Erasing, whole: bool
) -> tuple[int, int]:
    """timm's loop over attempts for one image."""
    H, W = size
    least, greatest = math.log(spec.ratio[0]), math.log(spec.ratio[1])
    for u, v in zip(areas, ratios, strict=True):
        area = H * W * (spec.area[0] + (spec.area[1] - spec.area[0]) * u)
        ratio = math.exp(least + (greatest - least) * v)
        h, w = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < h < H + whole and 0 < w < W + whole:
            return h, w
    return 0, 0


@given(
    count=st.integers(0, 6), H=st.integers(1, 20), W=st.integers(1, 20), seed=st.integers(0, 999), whole=st.booleans()
)
def test_the_first_rectangle_that_fits_is_taken(count: int, H: int, W: int, seed: int, whole: bool) -> None:
    spec = TIMM.model_copy(update={"area": (0.1, 1.0)})  # large ones often do not fit
    drawn = draw_rectangles(count, (H, W), spec.area, spec.ratio, generator(seed), whole=whole)
    source = generator(seed)
    areas, ratios = (torch.rand((count, ATTEMPTS), dtype=torch.float64, generator=source).tolist() for _ in range(2))
    corners = torch.rand((count, 2), dtype=torch.float64, generator=source).tolist()
    for row, (top, left, h, w) in enumerate(zip(*(side.tolist() for side in drawn), strict=True)):
        assert (h, w) == first_fitting(areas[row], ratios[row], (H, W), spec, whole)
        assert (top, left) == (int(corners[row][0] * (H - h + 1)), int(corners[row][1] * (W - w + 1)))
        assert 0 <= top <= H - h
        assert 0 <= left <= W - w


def test_every_corner_occurs() -> None:
    drawn = draw_rectangles(5000, (4, 5), (0.2, 0.2), (1.0, 1.0), generator(), whole=False)
    assert set(drawn.height.tolist()) == set(drawn.width.tolist()) == {2}
    assert len({*zip(drawn.top.tolist(), drawn.left.tolist(), strict=True)}) == 3 * 4


@pytest.mark.parametrize("fill", ["constant", "normal"])
@pytest.mark.parametrize("shape", [(7, 3, 12, 9), (5, 1, 8, 8), (3, 2, 1, 1), (0, 3, 8, 8)])
def test_the_rectangle_drawn_is_overwritten_and_nothing_else(fill: Any, shape: tuple[int, int, int, int]) -> None:
    spec = TIMM.model_copy(update={"probability": 0.6, "fill": fill})
    inputs = noise(*shape)
    before = inputs.clone()
    ours = erase(inputs, spec, generator(4))
    source = generator(4)
    chosen = (torch.rand(shape[0], dtype=torch.float64, generator=source) < 0.6).tolist()
    drawn = draw_rectangles(shape[0], (shape[2], shape[3]), spec.area, spec.ratio, source, whole=False)
    boxes = list(zip(*(side.tolist() for side in drawn), strict=True))
    values = torch.randn(
        sum(shape[1] * h * w for (_, _, h, w), is_chosen in zip(boxes, chosen, strict=True) if is_chosen),
        generator=source,
    )
    expected = inputs.clone()
    for row, ((top, left, h, w), is_chosen) in enumerate(zip(boxes, chosen, strict=True)):
        if is_chosen:
            size = shape[1] * h * w
            patch = values[:size].view(shape[1], h, w) if fill == "normal" else torch.zeros(shape[1], h, w)
            values = values[size:]
            expected[row, :, top : top + h, left : left + w] = patch
    assert torch.equal(ours, expected)
    assert torch.equal(inputs, before)


def test_a_rectangle_with_torchvisions_numbers_is_torchvisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both get the same area, ratio and corner for one image."""
    inputs = noise(1, 3, 30, 20)
    ours = erase(inputs, ALWAYS, generator(2))
    source = generator(2)
    torch.rand(1, dtype=torch.float64, generator=source)
    drawn = draw_rectangles(1, (30, 20), ALWAYS.area, ALWAYS.ratio, source, whole=False)
    box = (int(drawn.top), int(drawn.left), int(drawn.height), int(drawn.width))
    theirs = RandomErasing(1.0, ALWAYS.area, ALWAYS.ratio)
    monkeypatch.setattr(theirs, "get_params", lambda *_, **__: (*box, torch.zeros(3, 1, 1)))
    assert torch.equal(ours[0], theirs(inputs[0]))


def test_rates_and_areas_are_those_asked_for() -> None:
    inputs = torch.ones(8000, 1, 32, 32)
    erased = 1 - erase(inputs, TIMM, generator()).flatten(1).mean(1)
    assert 0.235 < float((erased > 0).float().mean()) < 0.265
    shares = erased[erased > 0]
    assert float(shares.min()) > 0.014
    assert float(shares.max()) < 0.35
    assert 0.165 < float(shares.mean()) < 0.185
    assert torch.equal(erase(inputs, TIMM.model_copy(update={"probability": 0.0}), generator()), inputs)


def test_normal_filling_is_normal() -> None:
    filled = erase(torch.full((2000, 1, 16, 16), 99.0), ALWAYS.model_copy(update={"fill": "normal"}), generator())
    values = filled[filled != 99.0]
    assert abs(float(values.mean())) < 0.02
    assert float(values.std()) == pytest.approx(1, abs=0.02)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_images_of_the_cpu() -> None:
    spec = ALWAYS.model_copy(update={"fill": "normal"})
    assert torch.equal(
        erase(noise(64, 3, 32, 32).cuda(), spec, generator()).cpu(), erase(noise(64, 3, 32, 32), spec, generator())
    )
