import math

import torch

from pkbench.models.build import build, mixing_of
from pkbench.models.mixers import SkipLayer
from pkbench.spec.model import MlpMixer, SMixer, shape_of

BASE = {"id": "m", "mixing": "normal", "depth": 2, "patch": 4, "S": 64, "C": 20, "bias": True, "first_skip": "identity"}
IMAGE = (32, 32, 3)


def mlp(**changes: object) -> MlpMixer:
    return MlpMixer.model_validate(BASE | {"kind": "mlp-mixer", "gamma": 2, "init": "torch-linear"} | changes)


def test_equal_seeds_give_equal_weights_and_other_seeds_others() -> None:
    model = mlp()
    shape = shape_of(model, IMAGE, 10)
    torch.manual_seed(3)
    first, again, other = (build(model, shape, seed) for seed in (5, 5, 6))
    for a, b, c in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert a.ndim != 2 or not torch.equal(a, c)


def test_weights_do_not_depend_on_the_depth_of_the_rest() -> None:
    shallow, deep = (build(mlp(depth=d), shape_of(mlp(depth=d), IMAGE, 10), 0) for d in (2, 4))
    for name, parameter in shallow.named_parameters():
        assert torch.equal(parameter, dict(deep.named_parameters())[name]), name


def test_torch_linear_has_pytorchs_range_and_normal_the_papers_variance() -> None:
    shape = shape_of(mlp(), IMAGE, 10)
    uniform = build(mlp(), shape, 0).token_mixing[0].layers[0]
    bound = 1 / math.sqrt(64)
    assert 0.98 * bound < uniform.weight.abs().max() <= bound
    assert uniform.bias.abs().max() <= bound
    normal = build(mlp(init="normal"), shape, 0).token_mixing[0].layers[0]
    assert abs(normal.weight.std().item() * math.sqrt(64) - 1) < 0.05
    assert not normal.bias.any()


def test_layer_norms_start_at_one_and_zero() -> None:
    model = build(mlp(), shape_of(mlp(), IMAGE, 10), 0)
    assert torch.equal(model.norm.weight, torch.ones(20))
    assert not model.norm.bias.any()


def test_skip_layer_only_where_asked() -> None:
    changed = mlp(S=50, first_skip="layer")
    model = build(changed, shape_of(changed, IMAGE, 10), 0)
    assert isinstance(model.first_skip, SkipLayer)
    assert model.first_skip.weight.shape == (50, 64)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_random_s_mixer_needs_no_placement() -> None:
    model = SMixer.model_validate(BASE | {"kind": "s-mixer", "mixing": "random", "init": "normal"})
    assert mixing_of(model, 3).placement == "layer"
    assert mixing_of(mlp(mixing="random", rp_placement="block"), 3).placement == "block"
