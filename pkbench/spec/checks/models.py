"""Checks of the models: sizes that fit each other and the images they will see."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench import widths
from pkbench.errors import Fault
from pkbench.spec.checks.scene import MAX_TOKENS, Scene, has_tokens, sets_gamma
from pkbench.spec.model import OMEGA_TOLERANCE, MlpMixer, SMixer
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.scale import AnyData, AnyModel


def check_models(parts: Parts) -> Iterator[Fault]:
    """Faults of single models that no profile can change."""
    for index, model in parts.model.items():
        loc: Loc = ("model", index)
        yield from _check_placement(parts, loc, model)
        if model.S is None and model.omega is None:
            what = f"`model.{model.id}` has neither S nor omega"
            remedy = "add S = … tokens, or omega = … connections to solve S from"
            yield parts.fault(loc, what, "its number of tokens must follow from one of them", remedy)
        else:
            yield from _check_omega(parts, model, (*loc, "omega"), "")


def check_models_at(scene: Scene) -> Iterator[Fault]:
    """Faults of the models at a profile, on each of its data sets."""
    for base in scene.parts.model.values():
        model_id = base.id
        if isinstance(base, SMixer) and sets_gamma(scene.profile, model_id):
            loc: Loc = ("profile", scene.name, "model", model_id, "gamma")
            what = f"profile {scene.name} gives `model.{model_id}` a gamma"
            yield scene.parts.fault(loc, what, 'kind = "s-mixer" has no hidden layer and no gamma', "take it out")
    for index, model in scene.models.items():
        yield from _check_tokens(scene, index, model)
        if not has_tokens(model):
            continue
        for data in scene.data.values():
            yield from _check_patches(scene, index, model, data)


def _check_placement(parts: Parts, loc: Loc, model: AnyModel) -> Iterator[Fault]:
    if not isinstance(model, MlpMixer):
        return
    if model.mixing == "random" and model.rp_placement is None:
        what = f"`model.{model.id}` mixes at random and has no rp_placement"
        constraint = 'an mlp-mixer needs "block" (a permutation pair around each two-layer block) or "layer" (one for each layer)'
        yield parts.fault(loc, what, constraint, 'add rp_placement = "block"')
    if model.mixing == "normal" and model.rp_placement is not None:
        what = f"`model.{model.id}` has rp_placement and does not mix at random"
        remedy = 'take it out, or write mixing = "random"'
        yield parts.fault((*loc, "rp_placement"), what, "it says where random permutations stand", remedy)


def _check_omega(parts: Parts, model: AnyModel, loc: Loc, at: str) -> Iterator[Fault]:
    """A stated omega has to be that of the stated S, or else lead to one."""
    if model.omega is None:
        return
    gamma = model.expansion or 1.0
    if model.S is None:
        yield from _check_solution(parts, model, loc, at)
        return
    actual = widths.omega(model.S, model.C, gamma)
    if abs(model.omega - actual) <= OMEGA_TOLERANCE * actual:
        return
    solved = max(1, round(min(MAX_TOKENS, widths.solve_tokens(model.C, model.omega, gamma))))
    what = f"`model.{model.id}` states omega = {model.omega:,}{at}, and its sizes give {actual:,.0f}"
    constraint = f"they must agree within {OMEGA_TOLERANCE:.0%}"
    remedy = f"write omega = {round(actual)}"
    if abs(widths.omega(solved, model.C, gamma) - model.omega) <= OMEGA_TOLERANCE * model.omega:
        remedy += f", or S = {solved}"
    yield parts.fault(loc, what, constraint, remedy)


def _check_solution(parts: Parts, model: AnyModel, loc: Loc, at: str) -> Iterator[Fault]:
    if has_tokens(model):
        return
    real = widths.solve_tokens(model.C, model.omega or 0, model.expansion or 1.0)
    what = f"`model.{model.id}` has omega = {model.omega:,} and C = {model.C:,}{at}: S is solved to be {real:,.3g}"
    least = widths.omega(1, model.C, model.expansion or 1.0)
    remedy = f"write omega = {round(least)} or more, or give S" if real < 1 else "write a smaller omega, or give S"
    yield parts.fault(loc, what, f"S is from 1 to {MAX_TOKENS:,} tokens", remedy)


def _check_tokens(scene: Scene, index: int, model: AnyModel) -> Iterator[Fault]:
    """What a profile makes of S and omega."""
    loc = scene.model_loc(index, "omega", "S", "C", "gamma")
    if loc[0] != "profile":
        return
    at = f" at profile {scene.name}"
    base = scene.parts.model[index]
    if model.S is None and model.omega is None and base.omega is not None:
        what = f"`model.{model.id}` has neither S nor omega{at}: the spec's omega = {base.omega:,} is that of its own sizes"
        remedy = "add S = … or omega = … beside it"
        yield scene.parts.fault(loc, what, f"{loc[-1]} is replaced here, so the tokens must be given anew", remedy)
    else:
        yield from _check_omega(scene.parts, model, loc, at)


def _check_patches(scene: Scene, index: int, model: AnyModel, data: AnyData) -> Iterator[Fault]:
    height, width, colours = data.shape
    patch_loc = scene.model_loc(index, "patch")
    if height % model.patch or width % model.patch:
        what = f"`model.{model.id}` has patch = {model.patch}{scene.at(patch_loc)}"
        constraint = f"it must divide images of {height} x {width} pixels"
        sizes = [size for size in range(1, min(height, width, 512) + 1) if height % size == width % size == 0]
        yield scene.parts.fault(patch_loc, what, constraint, f"patches that fit: {', '.join(map(str, sizes))}")
        return
    S0, _ = widths.patch_grid(height, width, colours, model.patch)
    if model.first_skip == "identity" and model.tokens != S0:
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
