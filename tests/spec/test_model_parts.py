"""Models as tables of a spec: ways to say a size, what a profile may change, and modules that are what they say."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from pkbench.models.build import build, mixing_of
from pkbench.models.mixers import Mixer, MixingBlock
from pkbench.models.permutation import Permute, Shuffle
from pkbench.models.sparse import SparseLinear
from pkbench.plan.run import expand
from pkbench.report.words import plain
from pkbench.spec.document import Spec
from pkbench.spec.mixer import MlpMixer, PermutedPart
from pkbench.spec.model import AnyModel, Model, shape_of
from pkbench.spec.profile import Profile
from pkbench.spec.scale import scale, scaled_model
from tests.report.made import toml
from tests.small import small_spec
from tests.spec.broken import Broken, faults_in, marked, places_of

IMAGE = (8, 8, 1)
CLASSES = 10
PATCHED = {"depth": 1, "patch": 4, "S": 4, "C": 6, "bias": True, "init": "torch-linear", "first_skip": "identity"}
KINDS: dict[str, dict[str, Any]] = {
    "mlp-mixer": {**PATCHED, "mixing": "normal", "gamma": 2},
    "s-mixer": {**PATCHED, "mixing": "normal"},
    "structured-mixer": {**PATCHED, "structure": "monarch"},
    "sw-mlp": {
        **PATCHED,
        **{"p": 0.25, "mask": "exact", "mask_value": "one", "compute": "dense", "pool": "mean"},
    },
    "shallow": {"weights": "monarch", "S": 4, "C": 6, "bias": True, "init": "normal", "activation": "relu"},
    "s-fc": {"alpha": 1, "bias": True, "init": "torch-linear"},
}
"""The least table of each kind."""


def table(kind: str, **changes: Any) -> dict[str, Any]:
    """A table of ``kind``; a change to ``None`` takes its key out."""
    made = {"id": "m", "kind": kind, **KINDS[kind], **changes}
    return {key: value for key, value in made.items() if value is not None}


def model(kind: str, **changes: Any) -> AnyModel:
    adapter: TypeAdapter[AnyModel] = TypeAdapter(Model)
    return adapter.validate_python(table(kind, **changes))


def spec(tables: list[dict[str, Any]], scales: dict[str, Any] | None = None) -> dict[str, Any]:
    """The small spec's document with other models, and their scales at its profile."""
    raw: dict[str, Any] = json.loads(small_spec().model_dump_json(exclude_none=True))
    raw["model"] = tables
    raw["profile"]["quick"]["model"] = scales or {}
    return {key: value for key, value in raw.items() if value}


def faulty(made: dict[str, Any], *edits: tuple[str, str]) -> Broken:
    text = toml(made)
    for old, new in edits:
        assert old in text, f"{old!r} is not in the spec"
        text = text.replace(old, new, 1)
    return marked(text)


def run_id(made: AnyModel) -> str | None:
    document = spec([json.loads(made.model_dump_json(exclude_none=True))])
    scaled = scale(Spec.model_validate(document), "quick")
    return next(iter(expand(scaled, {"digits": "0" * 64}))).run_id


# Ways to say the same size.

HIDDEN: list[dict[str, float | None]] = [
    {"gamma": 2},
    {"gamma_S": 2, "gamma_C": 2},
    {"D_S": 8, "D_C": 12},
    {"gamma_S": 2, "D_C": 12},
    {"D_S": 8, "gamma_C": 2},
]
"""Hidden widths of 8 for 4 tokens and 12 for 6 channels."""


@pytest.mark.parametrize("ways", HIDDEN)
def test_every_way_to_say_hidden_widths_is_the_same_run(ways: dict[str, float | None]) -> None:
    usual, made = model("mlp-mixer"), model("mlp-mixer", **({"gamma": None} | ways))
    assert shape_of(made, IMAGE, CLASSES) == shape_of(usual, IMAGE, CLASSES)
    assert made.identity() == usual.identity()
    assert run_id(made) == run_id(usual)


def test_sides_of_different_width() -> None:
    shape = shape_of(model("mlp-mixer", gamma=None, gamma_S=0.5, D_C=7), IMAGE, CLASSES)
    assert (getattr(shape, "D_S", None), getattr(shape, "D_C", None)) == (2, 7)
    assert run_id(model("mlp-mixer", gamma=None, gamma_S=0.5, D_C=7)) != run_id(model("mlp-mixer"))


def test_a_density_and_its_connections_are_the_same_run() -> None:
    solved = model("sw-mlp", p=None, omega=144)
    assert shape_of(solved, IMAGE, CLASSES) == shape_of(model("sw-mlp"), IMAGE, CLASSES)
    assert run_id(solved) == run_id(model("sw-mlp"))


def test_what_computes_the_same_way_is_the_same_run() -> None:
    assert run_id(model("sw-mlp", compute="auto")) == run_id(model("sw-mlp"))
    assert run_id(model("sw-mlp", compute="sparse")) != run_id(model("sw-mlp"))
    sparse = [model("sw-mlp", p=0.1, compute=compute) for compute in ("auto", "sparse")]
    assert run_id(sparse[0]) == run_id(sparse[1])


# What a profile may change.


def at_profile(made: AnyModel, **sizes: Any) -> AnyModel:
    return scaled_model(made, Profile.model_validate({"scope": "s", "data": ["d"], "model": {"m": sizes}}))


@pytest.mark.parametrize("before", HIDDEN)
@pytest.mark.parametrize("after", HIDDEN)
def test_a_profiles_hidden_widths_replace_the_specs(before: dict[str, Any], after: dict[str, Any]) -> None:
    wider = {name: 2 * value for name, value in after.items()}
    scaled = at_profile(model("mlp-mixer", **({"gamma": None} | before)), **wider)
    expected = model("mlp-mixer", gamma=4)
    assert shape_of(scaled, IMAGE, CLASSES) == shape_of(expected, IMAGE, CLASSES)
    assert scaled.identity() == expected.identity()


def test_a_profiles_density_replaces_the_specs_however_it_is_said() -> None:
    for before in (model("sw-mlp"), model("sw-mlp", p=None, omega=288)):
        for sizes in ({"p": 0.5}, {"omega": 288}):
            scaled = at_profile(before, **sizes)
            assert shape_of(scaled, IMAGE, CLASSES) == shape_of(model("sw-mlp", p=0.5), IMAGE, CLASSES)


def test_a_profile_scales_an_s_fc_and_a_shallow_model() -> None:
    assert at_profile(model("s-fc"), alpha=3) == model("s-fc", alpha=3)
    assert at_profile(model("shallow"), S=2, C=3) == model("shallow", S=2, C=3)
    assert at_profile(model("structured-mixer"), gamma=2.0) == model("structured-mixer", gamma=2)


# Faults.

TABLE, AT = '[[model]]\n"id" = "m"', '▶[[model]]\n"id" = "m"'
RANDOM = {"mixing": "random", "rp_placement": "layer"}
Fault = tuple[dict[str, Any], dict[str, Any], list[tuple[str, str]], list[str]]
FAULTS: dict[str, Fault] = {
    "no hidden width": (
        table("mlp-mixer", gamma=None),
        {},
        [(TABLE, AT)],
        ["the hidden width of its tokens is given by nothing", "write gamma = 4, or one of them for each side"],
    ),
    "one side's hidden width": (
        table("mlp-mixer", gamma=None, gamma_S=2),
        {},
        [(TABLE, AT)],
        ["channels is given by nothing"],
    ),
    "gamma and a side's own": (
        table("mlp-mixer", D_C=12),
        {},
        [(TABLE, AT)],
        ["channels is given by gamma and D_C"],
    ),
    "one side twice": (
        table("mlp-mixer", gamma=None, gamma_S=2, D_S=8, D_C=12),
        {},
        [(TABLE, AT)],
        ["tokens is given by gamma_S and D_S"],
    ),
    "a hidden width of unknown tokens": (
        table("mlp-mixer", S=None, omega=240, gamma=None, D_S=8, D_C=12),
        {},
        [(TABLE, AT)],
        ["D_S is given and S is not", "D_S needs S"],
    ),
    "a profile with one side only": (
        table("mlp-mixer"),
        {"gamma_S": 3.0},
        [('"gamma_S" = 3.0', '"gamma_S" = ▶3.0')],
        ["at profile quick", "channels is given by nothing"],
    ),
    "a profile with a side twice": (
        table("mlp-mixer"),
        {"gamma": 3.0, "D_C": 5},
        [('"gamma" = 3.0', '"gamma" = ▶3.0')],
        ["at profile quick", "channels is given by gamma and D_C"],
    ),
    "a block beyond the depth": (
        table("mlp-mixer", **RANDOM, rp_blocks=[1, 2]),
        {},
        [("[1, 2]", "▶[1, 2]")],
        ["permutes block 2 and has depth = 1", "blocks are numbered from 1 to 1"],
    ),
    "a block beyond a profile's depth": (
        table("s-mixer", mixing="random", depth=3, rp_blocks=[3]),
        {"depth": 2},
        [("[3]", "▶[3]")],
        ["permutes block 3 and has depth = 2 at profile quick", "from 1 to 2"],
    ),
    "a block twice": (
        table("s-mixer", mixing="random", rp_blocks=[1, 1]),
        {},
        [("[1, 1]", "[1, ▶1]")],
        ["has 1 twice", "a block is permuted once"],
    ),
    "a block before the first": (table("s-mixer", mixing="random", rp_blocks=[0]), {}, [("[0]", "[▶0]")], ["is 0"]),
    "blocks without random mixing": (
        table("s-mixer", rp_blocks=[1]),
        {},
        [("[1]", "▶[1]")],
        ["has rp_blocks and does not mix at random", 'or write mixing = "random"'],
    ),
    "a side without random mixing": (
        table("mlp-mixer", rp_sides="tokens"),
        {},
        [('"tokens"', '▶"tokens"')],
        ["has rp_sides and does not mix at random"],
    ),
    "both densities": (
        table("sw-mlp", omega=144),
        {},
        [('"omega" = 144', '"omega" = ▶144')],
        ["has both p and omega", "exactly one of them"],
    ),
    "no density": (table("sw-mlp", p=None), {}, [(TABLE, AT)], ["has neither p nor omega"]),
    "more weights than places": (
        table("sw-mlp", p=None, omega=577),
        {},
        [('"omega" = 577', '"omega" = ▶577')],
        ["omega = 577 at width 24", "a full layer has 576 connections", "write at most omega = 576"],
    ),
    "more weights than a profile's places": (
        table("sw-mlp"),
        {"omega": 577},
        [('"omega" = 577', '"omega" = ▶577')],
        ["omega = 577 at profile quick", "write at most omega = 576"],
    ),
    "both densities of a profile": (
        table("sw-mlp"),
        {"p": 0.5, "omega": 288},
        [('"omega" = 288', '"omega" = ▶288')],
        ["has both p and omega at profile quick"],
    ),
    "an unknown structure": (
        table("structured-mixer", structure="monarck"),
        {},
        [('"monarck"', '▶"monarck"')],
        ["no structure is called `monarck`", 'did you mean "monarch"?'],
    ),
}
FOREIGN = {"s-mixer": "gamma", "structured-mixer": "D_S", "sw-mlp": "gamma_C", "shallow": "p", "s-fc": "S"}
"""A size that a profile can give and that the kind does not have."""
FAULTS |= {
    f"a profile's {name} for a {kind}": (
        table(kind),
        {name: 1},
        [(f'"{name}" = 1}}', f'"{name}" = ▶1}}')],
        [f"profile quick gives `model.m` the field {name}", f'kind = "{kind}" has no {name}', "take it out"],
    )
    for kind, name in FOREIGN.items()
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_model_that_does_not_fit_has_one_fault(name: str, tmp_path: Path) -> None:
    made, sizes, edits, words = FAULTS[name]
    broken = faulty(spec([made], {"m": sizes} if sizes else None), *edits)
    faults = faults_in(tmp_path, broken.text)
    assert places_of(faults) == broken.places, [str(fault) for fault in faults]
    missing = [word for word in words if word not in plain(str(faults[0]))]
    assert not missing, str(faults[0])


@pytest.mark.parametrize("kind", KINDS)
def test_the_least_tables_have_no_fault(kind: str, tmp_path: Path) -> None:
    assert faults_in(tmp_path, toml(spec([table(kind)]))) == ()


# Modules.

BUILT: list[tuple[str, dict[str, Any]]] = [(kind, {}) for kind in KINDS]
BUILT += [(kind, {"bias": False}) for kind in KINDS]
BUILT += [
    ("mlp-mixer", {"mixing": "random", "rp_placement": "block", "depth": 2}),
    ("mlp-mixer", {"mixing": "random", "rp_placement": "layer", "gamma": None, "D_S": 3, "D_C": 5}),
    ("mlp-mixer", {"S": 5, "first_skip": "layer", "gamma": 1.5}),
    ("mlp-mixer", {"S": None, "omega": 240, "layer_norm": False}),
    ("s-mixer", {"mixing": "random", "skip": False, "S": 3, "first_skip": "layer"}),
    ("structured-mixer", {"structure": "block-diagonal", "gamma": 2, "depth": 2}),
    ("structured-mixer", {"structure": "low-rank"}),
    ("structured-mixer", {"structure": "toeplitz", "S": 3, "first_skip": "layer"}),
    ("structured-mixer", {"structure": "kronecker", "gamma": 2}),
    ("sw-mlp", {"mask_value": "inverse-sqrt-p", "init": "normal", "gamma": 2}),
    ("sw-mlp", {"mask": "fan-in", "compute": "sparse", "pool": "flatten", "init": "golubeva"}),
    ("shallow", {"weights": "kronecker"}),
    ("shallow", {"weights": "dense", "activation": "gelu"}),
    ("s-fc", {"alpha": 2, "init": "normal"}),
]


def trained(module: nn.Module) -> int:
    """Trained numbers: of a masked matrix in its dense form only what the mask keeps."""
    masked = [part for part in module.modules() if isinstance(part, SparseLinear) and part.form == "dense"]
    total = sum(parameter.numel() for parameter in module.parameters())
    return total - sum(part.weight.numel() - int(part.mask.sum()) for part in masked)


@pytest.mark.parametrize(("kind", "changes"), BUILT)
def test_a_module_has_its_shapes_parameters_and_gives_logits(kind: str, changes: dict[str, Any]) -> None:
    made = model(kind, **changes)
    shape = shape_of(made, IMAGE, CLASSES)
    module = build(made, shape, 3)
    assert trained(module) == shape.parameters
    images = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    logits = module(images)
    assert logits.shape == (5, CLASSES)
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_a_bernoulli_mask_has_its_shapes_parameters_on_average() -> None:
    made = model("sw-mlp", mask="bernoulli", gamma=2)
    shape = shape_of(made, IMAGE, CLASSES)
    counts = [trained(build(made, shape, seed)) for seed in range(4)]
    # Two blocks of two layers of 24 x 48 places, each kept with probability 1/4.
    deviation = math.sqrt(4 * 24 * 48 * 0.25 * 0.75 / len(counts))
    assert abs(sum(counts) / len(counts) - shape.parameters) < 4 * deviation
    assert len(set(counts)) > 1


def shuffled(module: nn.Module) -> set[tuple[int, str]]:
    """Base block (from 1) and side of the mixing blocks with a random permutation."""
    assert isinstance(module, Mixer)
    found = set()
    for side, blocks in (("tokens", module.token_mixing), ("channels", module.channel_mixing)):
        for number, block in enumerate(blocks, start=1):
            assert isinstance(block, MixingBlock)
            steps = [step for step in block.modules() if isinstance(step, Permute)]
            if any(isinstance(step.permutation, Shuffle) for step in steps):
                found.add((number, side))
    return found


@pytest.mark.parametrize("kind", ["mlp-mixer", "s-mixer"])
@pytest.mark.parametrize(
    ("chosen", "blocks", "sides"),
    [
        ({}, [1, 2, 3], ["tokens", "channels"]),
        ({"rp_blocks": [2]}, [2], ["tokens", "channels"]),
        ({"rp_blocks": [3, 1]}, [1, 3], ["tokens", "channels"]),
        ({"rp_sides": "tokens"}, [1, 2, 3], ["tokens"]),
        ({"rp_blocks": [1], "rp_sides": "channels"}, [1], ["channels"]),
    ],
)
def test_exactly_the_chosen_blocks_are_permuted(
    kind: str, chosen: dict[str, Any], blocks: list[int], sides: list[str]
) -> None:
    placement = {"rp_placement": "layer"} if kind == "mlp-mixer" else {}
    made = model(kind, mixing="random", depth=3, **placement, **chosen)
    assert isinstance(made, PermutedPart)
    module = build(made, shape_of(made, IMAGE, CLASSES), 0)
    normal = build(model(kind, depth=3), shape_of(made, IMAGE, CLASSES), 0)
    assert shuffled(module) - shuffled(normal) == {(block, side) for block in blocks for side in sides}


def test_restricted_permutations_are_those_of_the_unrestricted_model() -> None:
    """Streams are named by block and side, so that a replaced block is the one of the full RP model."""
    full = model("s-mixer", mixing="random", depth=2)
    only = model("s-mixer", mixing="random", depth=2, rp_blocks=[2])
    one, other = (build(made, shape_of(made, IMAGE, CLASSES), 0) for made in (full, only))
    assert isinstance(one, Mixer)
    assert isinstance(other, Mixer)
    for side in ("token_mixing", "channel_mixing"):
        pairs = zip(getattr(one, side)[1].modules(), getattr(other, side)[1].modules(), strict=True)
        indices = [(a.index, b.index) for a, b in pairs if isinstance(a, Permute) and isinstance(b, Permute)]
        assert indices
        assert all(torch.equal(a, b) for a, b in indices if a is not None and b is not None)


def test_a_placement_is_an_mlp_mixers() -> None:
    layer, block = (model("mlp-mixer", mixing="random", rp_placement=placement) for placement in ("layer", "block"))
    assert isinstance(layer, MlpMixer)
    assert isinstance(block, MlpMixer)
    assert (mixing_of(layer, 0).placement, mixing_of(block, 0).placement) == ("layer", "block")
    assert run_id(layer) != run_id(block)
    with pytest.raises(ValueError, match="rp_placement"):
        model("s-mixer", mixing="random", rp_placement="layer")


# Ablations.

ABLATED = ["mlp-mixer", "s-mixer", "structured-mixer", "sw-mlp"]


@pytest.mark.parametrize("kind", ABLATED)
def test_without_layer_norm_blocks_have_none(kind: str) -> None:
    made, usual = model(kind, layer_norm=False), model(kind)
    counts = [
        sum(isinstance(part, nn.LayerNorm) for part in build(each, shape_of(each, IMAGE, CLASSES), 0).modules())
        for each in (made, usual)
    ]
    assert counts == [1, 3], "the one before the classifier stays"
    assert run_id(made) != run_id(usual)


def before_last_norm(module: nn.Module, X: Tensor) -> Tensor:
    """What the norm before the classifier is given for images ``X``."""
    seen: list[Tensor] = []
    with module.get_submodule("norm").register_forward_pre_hook(lambda _norm, inputs: seen.append(inputs[0].detach())):
        module(X)
    return seen[0]


@pytest.mark.parametrize("kind", ABLATED)
def test_a_linear_model_without_norms_is_affine_up_to_the_last_norm(kind: str) -> None:
    """What comes before the classifier's norm is affine exactly when phi is linear and the blocks have no norm."""
    X = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mean = X.mean(dim=0, keepdim=True)
    bends = []
    for activation in ("linear", "gelu", "relu"):
        made = model(kind, layer_norm=False, activation=activation)
        module = build(made, shape_of(made, IMAGE, CLASSES), 0).double()
        bends.append((before_last_norm(module, X).mean(dim=0) - before_last_norm(module, mean)[0]).abs().max().item())
    assert bends[0] < 1e-12
    assert min(bends[1:]) > 1e-6


@pytest.mark.parametrize("kind", ABLATED)
def test_without_skips_silent_blocks_pass_nothing_on(kind: str) -> None:
    """With the last layers' weights and biases zero, a skip path carries the image and its absence does not."""
    X = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    differs = []
    for skip in (True, False):
        made = model(kind, skip=skip)
        module = build(made, shape_of(made, IMAGE, CLASSES), 0)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if not name.startswith(("embed", "norm", "classifier")):
                    parameter.zero_()
        logits = module(X)
        differs.append(not torch.equal(logits[0], logits[1]))
    assert differs == [True, False]


@pytest.mark.parametrize("kind", ABLATED)
def test_without_skips_there_is_no_skip_layer(kind: str) -> None:
    made = model(kind, S=5, first_skip="layer", skip=False)
    with_skip = model(kind, S=5, first_skip="layer")
    module = build(made, shape_of(made, IMAGE, CLASSES), 0)
    assert "first_skip.weight" not in dict(module.named_parameters())
    assert "first_skip.weight" in dict(build(with_skip, shape_of(with_skip, IMAGE, CLASSES), 0).named_parameters())
    assert module(torch.zeros(2, 1, 8, 8)).shape == (2, CLASSES)
