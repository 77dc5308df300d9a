"""Checks of the models: sizes that fit each other and the images they will see."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench import widths
from pkbench.errors import Fault
from pkbench.spec.checks.extensions import extension_faults, is_usable, shape_faults
from pkbench.spec.checks.repeats import repeated
from pkbench.spec.checks.scene import MAX_TOKENS, Scene, expansion_fault, expansions, foreign_fields, has_sizes
from pkbench.spec.extension import ExtensionModel
from pkbench.spec.mixer import EXPANSION_FIELDS, MlpMixer, PermutedPart, StructuredMixer, TokenPart
from pkbench.spec.model import AnyModel, PatchedModel
from pkbench.spec.model_parts import OMEGA_TOLERANCE, OPTIONS
from pkbench.spec.other_models import SwMlp
from pkbench.spec.parts import Parts, Placed
from pkbench.spec.positions import Loc
from pkbench.spec.scale import AnyData
from pkbench.spec.words import no_such
from pkbench.structures.base import MAX_FEATURES
from pkbench.structures.registry import STRUCTURES


def check_models(parts: Parts) -> Iterator[Fault]:
    """Faults of single models that no profile can change."""
    for index, model in parts.model.items():
        yield from model_faults(parts, ("model", index), model)


def model_faults(placed: Placed, loc: Loc, model: AnyModel) -> Iterator[Fault]:
    """Faults of the one ``model`` at ``loc``, whatever it is used on."""
    if isinstance(model, ExtensionModel):
        yield from extension_faults(placed, loc, model)
    if isinstance(model, PermutedPart):
        yield from _check_permutations(placed, loc, model)
    if isinstance(model, SwMlp):
        yield from _check_density(placed, (*loc, "omega"), model, "")
    if isinstance(model, StructuredMixer) and model.structure not in STRUCTURES:
        yield placed.fault((*loc, "structure"), *no_such("structure", model.structure, STRUCTURES))
    if isinstance(model, MlpMixer) and expansion_fault(model):
        yield _expansion_fault(placed, loc, model, "")
    elif isinstance(model, TokenPart):
        yield from _check_token_source(placed, loc, model)


def check_models_at(scene: Scene) -> Iterator[Fault]:
    """Faults of the models at a profile, on each of its data sets."""
    for base in scene.parts.model.values():
        for name in foreign_fields(scene.profile, base):
            loc: Loc = ("profile", scene.name, "model", base.id, name)
            if not scene.parts.document.has(loc):
                loc = ("profile", scene.name, "model", base.id, "sweep", name)
            what = f"profile {scene.name} gives `model.{base.id}` the field {name}"
            yield scene.parts.fault(loc, what, f'kind = "{base.kind}" has no {name}', "take it out")
    faulty: set[int] = set()
    for index, model in scene.members():
        # What is wrong with one member of a family is mostly wrong with all.
        faults = [] if index in faulty else list(_check_single(scene, index, model))
        if faults:
            faulty.add(index)
        yield from faults


def _check_single(scene: Scene, index: int, model: AnyModel) -> Iterator[Fault]:
    """Faults of one model, or one member of a family."""
    yield from _check_scaled(scene, index, model)
    if isinstance(model, PermutedPart):
        yield from _check_blocks(scene, index, model)
    if isinstance(model, ExtensionModel):
        yield from _check_extension(scene, index, model)
    if isinstance(model, PatchedModel) and has_sizes(model):
        for data in scene.data.values():
            yield from _check_patches(scene, index, model, data)
            yield from room_faults(scene.parts, scene.model_loc(index, "S", "C"), model, data.shape)


def _check_extension(scene: Scene, index: int, model: ExtensionModel) -> Iterator[Fault]:
    """Faults of options that the profile gives, and of what the images are to it."""
    if is_usable(model):
        sweep = scene.models[index].sweep
        loc = scene.model_loc(index, *(sweep.axes if sweep else ()), OPTIONS)
        yield from shape_faults(scene.parts, loc, model, scene.data.values())
        return

    def find(name: str) -> Loc:
        return scene.model_loc(index, f"{OPTIONS}.{name}")

    yield from extension_faults(scene.parts, ("model", index), model, find)


def _check_permutations(placed: Placed, loc: Loc, model: PermutedPart) -> Iterator[Fault]:
    if model.mixing == "normal":
        for name in ("rp_placement", "rp_blocks", "rp_sides"):
            if getattr(model, name, None) is not None:
                what = f"`model.{model.id}` has {name} and does not mix at random"
                remedy = 'take it out, or write mixing = "random"'
                yield placed.fault((*loc, name), what, "it says where random permutations stand", remedy)
    elif isinstance(model, MlpMixer) and model.rp_placement is None:
        what = f"`model.{model.id}` mixes at random and has no rp_placement"
        constraint = 'an mlp-mixer needs "block" (a permutation pair around each two-layer block) or "layer" (one for each layer)'
        yield placed.fault(loc, what, constraint, 'add rp_placement = "block"')
    if model.rp_blocks is not None:
        yield from repeated(placed, (*loc, "rp_blocks"), model.rp_blocks, "a block is permuted once")


def _check_blocks(scene: Scene, index: int, model: PermutedPart) -> Iterator[Fault]:
    beyond = [block for block in model.rp_blocks or () if block > model.depth]
    if beyond:
        loc = scene.model_loc(index, "depth")
        what = f"`model.{model.id}` permutes block {beyond[0]} and has depth = {model.depth}{scene.at(loc)}"
        yield scene.parts.fault(
            ("model", index, "rp_blocks"), what, f"blocks are numbered from 1 to {model.depth}", "name blocks it has"
        )


def _expansion_fault(placed: Placed, loc: Loc, model: MlpMixer, at: str) -> Fault:
    what = f"`model.{model.id}`{at}: {expansion_fault(model)}"
    constraint = "each side has one: gamma for both, or gamma_S or D_S and gamma_C or D_C; D_S needs S"
    return placed.fault(loc, what, constraint, "write gamma = 4, or one of them for each side")


def _check_token_source(placed: Placed, loc: Loc, model: TokenPart) -> Iterator[Fault]:
    if model.S is None and model.omega is None:
        what = f"`model.{model.id}` has neither S nor omega"
        remedy = "add S = … tokens, or omega = … connections to solve S from"
        yield placed.fault(loc, what, "its number of tokens must follow from one of them", remedy)
    else:
        yield from _check_omega(placed, model, (*loc, "omega"), "")


def _check_density(placed: Placed, loc: Loc, model: SwMlp, at: str) -> Iterator[Fault]:
    """An SW-MLP has its density said once, and there are not more weights than places for them."""
    if (model.p is None) == (model.omega is None):
        what = f"`model.{model.id}` has {'neither p nor' if model.p is None else 'both p and'} omega{at}"
        yield placed.fault(loc, what, "exactly one of them says how many weights there are", "write p = 0.1, say")
    elif model.density > 1:
        full = (model.gamma or 1.0) * (model.S * model.C) ** 2
        what = f"`model.{model.id}` has omega = {model.omega:,}{at} at width {model.S * model.C:,}"
        yield placed.fault(loc, what, f"a full layer has {full:,.0f} connections", f"write at most omega = {full:.0f}")


def _check_omega(placed: Placed, model: TokenPart, loc: Loc, at: str) -> Iterator[Fault]:
    """A stated omega has to be that of the stated S, or else lead to one."""
    gammas = expansions(model)
    if model.omega is None or gammas is None:
        return
    if model.S is None:
        yield from _check_solution(placed, model, loc, at)
        return
    actual = widths.omega(model.S, model.C, *gammas)
    if abs(model.omega - actual) <= OMEGA_TOLERANCE * actual:
        return
    solved = max(1, round(min(MAX_TOKENS, widths.solve_tokens(model.C, model.omega, *gammas))))
    what = f"`model.{model.id}` states omega = {model.omega:,}{at}, and its sizes give {actual:,.0f}"
    constraint = f"they must agree within {OMEGA_TOLERANCE:.0%}"
    remedy = f"write omega = {round(actual)}"
    if abs(widths.omega(solved, model.C, *gammas) - model.omega) <= OMEGA_TOLERANCE * model.omega:
        remedy += f", or S = {solved}"
    yield placed.fault(loc, what, constraint, remedy)


def _check_solution(placed: Placed, model: TokenPart, loc: Loc, at: str) -> Iterator[Fault]:
    gammas = expansions(model) or (1.0, 1.0)
    if has_sizes(model):
        return
    real = widths.solve_tokens(model.C, model.omega or 0, *gammas)
    what = f"`model.{model.id}` has omega = {model.omega:,} and C = {model.C:,}{at}: S is solved to be {real:,.3g}"
    least = widths.omega(1, model.C, *gammas)
    remedy = f"write omega = {round(least)} or more, or give S" if real < 1 else "write a smaller omega, or give S"
    yield placed.fault(loc, what, f"S is from 1 to {MAX_TOKENS:,} tokens", remedy)


def _check_scaled(scene: Scene, index: int, model: AnyModel) -> Iterator[Fault]:
    """What a profile makes of sizes that say the same thing."""
    loc = scene.model_loc(index, "omega", "p", "S", "C", *EXPANSION_FIELDS)
    if loc[0] != "profile":
        return
    at = f" at profile {scene.name}"
    base = scene.parts.model[index]
    if isinstance(model, SwMlp):
        yield from _check_density(scene.parts, loc, model, at)
    elif isinstance(model, MlpMixer) and expansion_fault(model):
        yield _expansion_fault(scene.parts, loc, model, at)
    elif not isinstance(model, TokenPart) or not isinstance(base, TokenPart):
        return
    elif model.S is None and model.omega is None and base.omega is not None:
        what = f"`model.{model.id}` has neither S nor omega{at}: the spec's omega = {base.omega:,} is that of its own sizes"
        remedy = "add S = … or omega = … beside it"
        yield scene.parts.fault(loc, what, f"{loc[-1]} is replaced here, so the tokens must be given anew", remedy)
    else:
        yield from _check_omega(scene.parts, model, loc, at)


def patch_faults(
    placed: Placed, loc: Loc, model: PatchedModel, image: tuple[int, int, int], at: str
) -> Iterator[Fault]:
    """A fault where the patches at ``loc`` do not fit images of ``(height, width, colours)``."""
    height, width, _ = image
    if height % model.patch or width % model.patch:
        what = f"`model.{model.id}` has patch = {model.patch}{at}"
        constraint = f"it must divide images of {height} x {width} pixels"
        sizes = [size for size in range(1, min(height, width, 512) + 1) if height % size == width % size == 0]
        yield placed.fault(loc, what, constraint, f"patches that fit: {', '.join(map(str, sizes))}")


def room_faults(placed: Placed, loc: Loc, model: AnyModel, image: tuple[int, int, int]) -> Iterator[Fault]:
    """A fault where a structured matrix would have far too many features: how it is best cut is searched for."""
    if not isinstance(model, StructuredMixer):
        return
    S0, _ = widths.patch_grid(*image, model.patch)
    features = max(S0, model.tokens) * model.C * max(1.0, model.gamma or 1.0)
    if features > MAX_FEATURES:
        what = f"`model.{model.id}` has a layer of about {features:,.0f} features"
        yield placed.fault(loc, what, f"structured matrices have at most {MAX_FEATURES:,}", "write smaller sizes")


def _check_patches(scene: Scene, index: int, model: PatchedModel, data: AnyData) -> Iterator[Fault]:
    height, width, colours = data.shape
    patch_loc = scene.model_loc(index, "patch")
    faults = list(patch_faults(scene.parts, patch_loc, model, data.shape, scene.at(patch_loc)))
    if faults:
        yield from faults
        return
    S0, _ = widths.patch_grid(height, width, colours, model.patch)
    if model.skip and model.first_skip == "identity" and model.tokens != S0:
        loc = scene.model_loc(index, "S", "omega", "patch")
        solved = "" if model.S is not None else ", solved from omega,"
        what = (
            f'`model.{model.id}` has S = {model.tokens}{solved}{scene.at(loc, patch_loc)} with first_skip = "identity"'
        )
        constraint = (
            f"it needs S = S0 = {S0}, the patches of {model.patch} x {model.patch} in {height} x {width} pixels"
        )
        remedy = f'write S = {S0}, or first_skip = "layer"'
        yield scene.parts.fault(loc, what, constraint, remedy)
