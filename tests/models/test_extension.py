"""An extension's module is built the same from the same seed, and is what its shape says."""

from pathlib import Path

import pytest
import torch

from pkbench.errors import ExtensionError
from pkbench.models.build import build
from pkbench.spec.extension import ExtensionModel
from tests.extend.packages import MODEL, install, on_path

BUILT = "return nn.Sequential(nn.Flatten(), nn.Linear(image[0] * image[1] * image[2], classes, bias=options.bias))"


def built(folder: Path, text: str, seed: int = 0) -> torch.nn.Module:
    site = folder / "site"
    with on_path(site):
        install(site, "pack", {"pkbench.models": {"linear": "some_module:Linear"}}, {"some_module": text})
        model = ExtensionModel.model_validate(
            {"id": "m", "kind": "extension", "name": "linear", "options": {"bias": True}}
        )
        return build(model, model.shape((4, 4, 1), 3), seed)


def test_its_seed_decides_and_the_common_generator_is_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again, other = (built(tmp_path / str(i), MODEL, seed) for i, seed in enumerate((3, 3, 4)))
    assert torch.equal(torch.get_rng_state(), before)
    weights = [next(module.parameters()) for module in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert first.training


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return 3", "builds a int; a model is a torch.nn.Module"),
        ("raise KeyError('x')", "failed in build: KeyError"),
        ("return nn.Sequential(nn.Flatten(), nn.Linear(16, classes, bias=False))", "builds a model of 48 trainable"),
        ("return nn.Sequential(nn.Flatten(), nn.Linear(16, classes)).double()", "torch.float64 on cpu"),
        ("return nn.Sequential(nn.Linear(16, classes))", "failed in forward: RuntimeError"),
        (
            "return nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (2, 16)), nn.Linear(16, 3), nn.Flatten(0))",
            "gives (6,) for 2 images",
        ),
    ],
)
def test_what_is_not_as_its_shape_says(tmp_path: Path, body: str, told: str) -> None:
    assert BUILT in MODEL
    with pytest.raises(ExtensionError) as caught:
        built(tmp_path, MODEL.replace(BUILT, body))
    assert told in caught.value.message
    assert "linear of pack 1.0" in caught.value.message
