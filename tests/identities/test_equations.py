"""Identities: they hold on every shape, and each check fails where one side is computed wrongly."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pkbench import widths
from pkbench.models.masks import draw_mask
from pkbench.models.permutation import Identity, compose
from pkbench.models.pk import ACTIVATIONS
from pkbench.probes.identities import (
    IDENTITIES,
    blocks,
    check,
    connections,
    kronecker,
    matrices,
    monarch,
    permutations,
    sparsity_bound,
)
from pkbench.probes.identities.draw import Draw
from pkbench.spec.theory import IdentityCheck
from tests.identities.cases import Sized, claim

CONTRADICTED = {"mlp-mixer-extra-phi"}
HOLD = sorted(set(get_args(IdentityCheck)) - CONTRADICTED)


def test_every_name_has_its_check() -> None:
    assert set(IDENTITIES) == set(get_args(IdentityCheck))


@pytest.mark.parametrize("name", HOLD)
@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 6), min_size=4, max_size=4), seed=st.integers(0, 2**31))
@example(sizes=[1, 1, 1, 1], seed=0)
@example(sizes=[1, 6, 5, 4], seed=0)
@example(sizes=[6, 1, 4, 5], seed=0)
def test_identities_hold_on_every_shape(name: str, sizes: list[int], seed: int) -> None:
    assert IDENTITIES[name].trial(Sized(seed, sizes)) < 1e-10


@pytest.mark.parametrize("name", sorted(CONTRADICTED))
def test_what_the_paper_misprints_does_not_hold(name: str) -> None:
    assert check(claim("identity", check=name)).residual > 0.1


def no_commutation(S: int, C: int) -> torch.Tensor:
    return matrices.eye(S * C)


def swapped(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    return matrices.kron(B, A)


def ones(n: int) -> torch.Tensor:
    return torch.ones(n, n, dtype=torch.float64)


def one_matrix(S: int, C: int, gamma: int, draw: Draw) -> tuple[torch.Tensor, ...]:
    return (draw.normal(gamma * S, S),)


def square_tokens(C: float, omega: float, gamma: float) -> float:
    return (omega / gamma) ** (1 / 3)


SABOTAGE: list[tuple[str, Any, str, Any]] = [
    ("vec", kronecker, "vec", lambda X: X.reshape(-1)),
    ("vec", kronecker, "kron", swapped),
    ("token-mixing", kronecker, "kron", swapped),
    ("channel-mixing", kronecker, "kron", swapped),
    ("nonzero-tokens", kronecker, "eye", ones),
    ("nonzero-channels", kronecker, "eye", ones),
    ("commutation", kronecker, "commutation_matrix", lambda S, C: matrices.commutation_matrix(C, S)),
    ("commutation", kronecker, "Commutation", lambda S, C: Identity(S * C)),
    ("conjugation", kronecker, "commutation_matrix", no_commutation),
    ("s-mixer", blocks, "commutation_matrix", no_commutation),
    ("s-mixer", blocks, "Commutation", lambda S, C: Identity(S * C)),
    ("mlp-mixer", blocks, "commutation_matrix", no_commutation),
    ("mlp-mixer", blocks, "kron", swapped),
    ("two-pk-layers", blocks, "Commutation", lambda S, C: Identity(S * C)),
    ("middle-pair", blocks, "compose", lambda outer, inner: compose(inner, outer)),
    ("permuted-spectrum", permutations, "kron", swapped),
    ("permuted-spectrum", permutations, "eye", ones),
    ("rescaling", sparsity_bound, "penalty", lambda u, v: float(u.square().sum() + v.square().sum())),
    ("monarch-entries", monarch, "commutation_matrix", no_commutation),
    ("monarch-layer", monarch, "commutation_matrix", no_commutation),
    ("omega", connections, "effective_matrices", one_matrix),
    ("omega", widths, "omega", lambda S, C, gamma: gamma * S * C * (S + C)),
    ("tokens-solved", widths, "solve_tokens", square_tokens),
    ("sparse-term", widths, "sparse_term", lambda m, omega, gamma: gamma * m / omega),
    ("sparse-term", connections, "draw_mask", lambda *args: draw_mask("fan-in", *args[1:])),
]


@pytest.mark.parametrize(("name", "module", "attribute", "wrong"), SABOTAGE, ids=[f"{s[0]}-{s[2]}" for s in SABOTAGE])
def test_a_wrong_side_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, module: Any, attribute: str, wrong: Callable[..., Any]
) -> None:
    assert check(claim("identity", check=name)).residual < 1e-10
    monkeypatch.setattr(module, attribute, wrong)
    assert check(claim("identity", check=name)).residual > 1e-3


def test_an_activation_across_entries_does_not_commute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIVATIONS, "gelu", lambda x: x.cumsum(0))
    assert check(claim("identity", check="phi-permutes")).residual > 1e-3


def test_every_identity_is_sabotaged() -> None:
    assert {name for name, *_ in SABOTAGE} | {"phi-permutes"} == set(HOLD)


def test_finding_tells_the_number_it_found() -> None:
    finding = check(claim("identity", check="monarch-layer"))
    values = dict(finding.values)
    assert values["draws"] == 40
    assert values["largest difference"] == finding.residual
    # With an activation between W and V the layer is no Monarch matrix any more.
    assert values["largest difference where φ is kept between W and V"] > 0.1
    assert f"{finding.residual:.2g} on 40 random cases with sizes up to 6" in finding.sentence


def test_equal_claims_give_equal_findings_and_more_draws_never_less() -> None:
    few, again, more = (check(claim("identity", check="s-mixer", draws=n)) for n in (10, 10, 30))
    assert few == again
    assert more.residual >= few.residual
