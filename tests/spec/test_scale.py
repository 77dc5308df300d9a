"""A profile's values lie over the spec's; sizes that change take the old omega with them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pkbench.spec.load import load_spec
from pkbench.spec.model import MlpMixer, SMixer
from pkbench.spec.profile import Profile
from pkbench.spec.scale import AnyModel, merged, scale, scaled_model
from tests.spec.broken import VALID, load

COMMON = {"id": "m", "mixing": "normal", "depth": 2, "patch": 4, "bias": True, "init": "normal", "first_skip": "layer"}


def mixer(**sizes: object) -> MlpMixer:
    return MlpMixer.model_validate(COMMON | {"kind": "mlp-mixer", "gamma": 2} | sizes)


def at_profile(model: AnyModel, **sizes: object) -> AnyModel:
    return scaled_model(model, Profile.model_validate({"scope": "s", "data": ["d"], "model": {"m": sizes}}))


def test_tables_are_merged_and_arrays_replaced() -> None:
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    assert merged(base, {"a": {"c": [9]}, "e": {"f": 4}}) == {"a": {"b": 1, "c": [9]}, "d": 3, "e": {"f": 4}}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    assert merged({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


def test_a_model_that_no_profile_sizes_stays() -> None:
    model = mixer(S=16, C=8)
    assert scaled_model(model, Profile(scope="s", data=("d",))) is model


def test_what_is_not_a_size_stays() -> None:
    scaled = at_profile(mixer(S=16, C=8), C=4, depth=1)
    assert (scaled.C, scaled.depth, scaled.S, scaled.patch, scaled.init) == (4, 1, 16, 4, "normal")


@pytest.mark.parametrize("size", [{"S": 10}, {"C": 10}, {"gamma": 3.0}])
def test_the_omega_of_other_sizes_is_dropped(size: dict[str, float]) -> None:
    assert at_profile(mixer(S=16, C=8, omega=3072), **size).omega is None


def test_an_omega_of_the_profile_solves_s_anew() -> None:
    scaled = at_profile(mixer(S=16, C=8), omega=12 * 8 * 20)
    assert scaled.S is None
    assert scaled.tokens == 12


def test_both_of_the_profile_stay() -> None:
    scaled = at_profile(mixer(S=16, C=8, omega=3072), S=12, omega=1920)
    assert (scaled.S, scaled.omega) == (12, 1920)


def test_a_patch_does_not_touch_omega() -> None:
    assert at_profile(mixer(C=8, omega=3072), patch=2).omega == 3072


def test_an_s_mixer_has_no_gamma_to_scale() -> None:
    model = SMixer.model_validate(COMMON | {"kind": "s-mixer", "S": 16, "C": 8})
    with pytest.raises(ValidationError):
        at_profile(model, gamma=2.0)


def test_a_whole_spec_at_its_profiles(tmp_path: Path) -> None:
    spec = load(tmp_path, VALID).spec
    paper, quick, fast = scale(spec, "paper"), scale(spec, "quick"), scale(spec, "fast")
    assert paper.models == spec.model
    assert paper.train == spec.train
    assert [data.id for data in paper.data] == ["cifar10", "cifar100"]
    assert quick.model("mixer-ss-8").C == 60
    assert (fast.train.epochs, fast.train.optimizer.lr, fast.train.seeds) == (20, (0.001,), (0, 1, 2))
    assert fast.train.optimizer.weight_decay == spec.train.optimizer.weight_decay
    with pytest.raises(KeyError):
        quick.model("nobody")


def test_a_profile_replaces_augmentation_whole(tmp_path: Path) -> None:
    """An operation that a profile does not name is not done: half a recipe would be nobody's."""
    erasing = '\nerasing = { probability = 0.25, area = [0.02, 0.33], ratio = [0.3, 3.3], fill = "normal" }\n'
    spec = load(tmp_path, VALID.replace("[train.augment]", "[train.augment]" + erasing)).spec
    assert spec.train.augment.erasing is not None
    changed = {name: found for name in spec.profile if (found := scale(spec, name)).train.augment.erasing is None}
    overriding = {
        name
        for name, profile in spec.profile.items()
        if profile.train is not None and profile.train.augment is not None
    }
    assert changed.keys() == overriding
    assert overriding


def test_a_profile_says_what_its_machines_compute_well() -> None:
    specs = Path(__file__).parents[2] / "specs"
    scaled = {name: scale(load_spec(specs / "table1-lower.toml").spec, name) for name in ("quick", "paper")}
    assert {name: found.train.precision for name, found in scaled.items()} == {"quick": "fp32", "paper": "bf16"}
