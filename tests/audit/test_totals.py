"""Numbers that follow from configurations."""

from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pkbench.audit.evaluate import audit
from pkbench.audit.quantities import recomputed
from pkbench.errors import UsageError
from pkbench.finding import Finding
from pkbench.spec.audit import Configuration, EqualClaim, Quantity, TotalClaim
from tests.audit.factory import configuration, mlp_mixer, models, s_mixer

CIFAR: dict[str, Any] = {"image": (32, 32, 3), "classes": 10}
IMAGENET: dict[str, Any] = {"image": (224, 224, 3), "classes": 1000}


def total(it: Configuration, **fields: Any) -> tuple[TotalClaim, Finding]:
    base = {"id": "c", "kind": "total", "statement": "s", "place": "Table 1", "configuration": it.id, "tolerance": 0.0}
    claim = TotalClaim.model_validate(base | fields)
    return claim, audit(claim, {it.id: it})


def equal(a: Configuration, b: Configuration, **fields: Any) -> tuple[EqualClaim, Finding]:
    base = {"id": "c", "kind": "equal", "statement": "s", "place": "Table 1", "a": a.id, "b": b.id, "tolerance": 0.0}
    claim = EqualClaim.model_validate(base | fields)
    return claim, audit(claim, {a.id: a, b.id: b})


def ss_w(C: int = 487) -> Configuration:
    return configuration(mlp_mixer(depth=2, patch=4, S=64, C=C, gamma=4.0), id="ss-w", **CIFAR)


def b_w(gamma: float = 4.57) -> Configuration:
    return configuration(mlp_mixer(depth=8, patch=14, S=256, C=588, gamma=gamma), id="b-w", **IMAGENET)


def test_mixer_ss_8_is_as_stated() -> None:
    """2*2*4*16*986*(16+986) + 16*192*986 = 252,920,832 and 16*192*986 = 3,028,992: 255.9 M."""
    it = configuration(mlp_mixer(depth=2, patch=8, S=16, C=986, gamma=4.0), id="ss-8", **CIFAR)
    by_hand = 16 * 16 * 986 * 1002 + 16 * 192 * 986
    claim, finding = total(it, quantity="connections", stated=256e6, digits=3)
    assert dict(finding.values)["recomputed"] == by_hand
    assert finding.residual == 0 <= claim.tolerance
    assert finding.sentence == (
        "Connections stated as 256 M (Table 1); the settings of ss-8 give 255.9 M, the same to the digits stated."
    )


def test_mixer_ss_w_is_not_and_467_channels_would_be() -> None:
    """16*64*487*551 + 64*48*487 = 276,273,152 against 255 M; with C = 467: 16*64*467*531 + 64*48*467 = 255.4 M."""
    claim, finding = total(ss_w(), quantity="connections", stated=255e6, digits=3, vary="C")
    by_hand = 16 * 64 * 487 * 551 + 64 * 48 * 487
    values = dict(finding.values)
    assert values["recomputed"] == by_hand
    assert finding.residual == pytest.approx((by_hand - 255e6) / 255e6)
    assert finding.residual > claim.tolerance
    assert (values["nearest C"], values["with nearest C"]) == (467, 16 * 64 * 467 * 531 + 64 * 48 * 467)
    assert finding.sentence.endswith("8.3 % more. C = 467 instead of 487 gives 255.4 M.")
    assert recomputed(ss_w(467), "width") == 4 * 64 * 467  # still 1.2e5


@pytest.mark.parametrize(("quantity", "stated"), [("omega", 2.6e8), ("width", 6.2e5)])
def test_mixer_b_w_needs_gamma_4_1(quantity: Quantity, stated: float) -> None:
    """Omega = gamma*150528*844/2: 2.903e8 at 4.57, 2.60e8 at 4.1; width gamma*150528: 6.88e5 and 6.17e5."""
    claim, finding = total(b_w(), quantity=quantity, stated=stated, digits=2, vary="gamma")
    assert finding.residual > 0.1 > claim.tolerance
    assert dict(finding.values)["nearest gamma"] == 4.1
    assert total(b_w(4.1), quantity=quantity, stated=stated, digits=2)[1].residual == 0


def test_gamma_of_mixer_b_w_is_that_of_figure_6() -> None:
    """gamma * 150528 * 844 / 2 = 290217984 has gamma = 4.5687."""
    _, finding = total(b_w(4.0), quantity="omega", stated=290217984.0, digits=3, vary="gamma")
    assert dict(finding.values)["nearest gamma"] == 4.57


def test_mixer_b_16_has_768_channels() -> None:
    """Omega = (C*S*D_S + S*C*D_C)/2 with S = 196, D_S = 384, D_C = 4C is 2.6e8 at 768 and 2.7e8 at 786."""
    model = mlp_mixer(depth=12, patch=16, S=196, C=786, gamma=None, D_S=384, gamma_C=4.0)
    _, finding = total(configuration(model, **IMAGENET), quantity="omega", stated=2.6e8, digits=2, vary="C")
    assert dict(finding.values)["recomputed"] == (786 * 196 * 384 + 196 * 786 * 4 * 786) / 2
    assert dict(finding.values)["nearest C"] == 768


def test_equal_connections_and_the_nearest_that_has_them() -> None:
    ss_8 = configuration(mlp_mixer(depth=2, patch=8, S=16, C=986, gamma=4.0), id="ss-8", **CIFAR)
    a, b = recomputed(ss_8, "connections"), recomputed(ss_w(), "connections")
    claim, finding = equal(ss_8, ss_w(), quantity="connections", tolerance=0.01, vary="C")
    assert finding.residual == pytest.approx((b - a) / a)
    assert finding.residual > claim.tolerance
    nearest = min(range(400, 500), key=lambda C: abs(recomputed(ss_w(C), "connections") - a))
    assert dict(finding.values)["nearest C"] == nearest == 468
    # The other way round the residual is the same: it is relative to the smaller.
    assert equal(ss_w(), ss_8, quantity="connections")[1].residual == pytest.approx(finding.residual)


def test_a_nearest_that_does_not_fit_is_said_not_to() -> None:
    it = configuration(mlp_mixer())
    low = recomputed(configuration(mlp_mixer(depth=1)), "block_connections")
    _, finding = total(it, quantity="block_connections", stated=low / 10, vary="depth")
    assert f"No depth fits: the nearest, depth = 1 instead of 3, gives {low:,.0f}." in finding.sentence
    _, finding = equal(it, s_mixer_configuration(), quantity="p", vary="depth")
    assert "No depth fits" not in finding.sentence  # equal already


def s_mixer_configuration() -> Configuration:
    return configuration(s_mixer(), id="other")


def test_vary_the_model_does_not_state() -> None:
    with pytest.raises(UsageError, match="no gamma_S to vary"):
        total(configuration(mlp_mixer()), quantity="width", stated=1.0, vary="gamma_S")


def test_unknown_configuration() -> None:
    claim, _ = total(configuration(mlp_mixer()), quantity="width", stated=256.0)
    with pytest.raises(KeyError):
        audit(claim, {})


@settings(deadline=None)
@given(model=models(), quantity=st.sampled_from(get_args(Quantity)), digits=st.integers(1, 15))
def test_its_own_totals_are_always_consistent(model: Any, quantity: Quantity, digits: int) -> None:
    it = configuration(model)
    own = recomputed(it, quantity)
    assert total(it, quantity=quantity, stated=own)[1].residual == 0
    rounded = float(f"{own:.{digits - 1}e}")
    assert total(it, quantity=quantity, stated=rounded, digits=digits)[1].residual == 0
    assert equal(it, configuration(model, id="copy"), quantity=quantity)[1].residual == 0


@settings(deadline=None)
@given(model=models(), quantity=st.sampled_from(get_args(Quantity)), off=st.floats(0.011, 3))
def test_wrong_totals_are_found(model: Any, quantity: Quantity, off: float) -> None:
    it = configuration(model)
    for stated in (recomputed(it, quantity) * (1 + off), recomputed(it, quantity) / (1 + off)):
        claim, finding = total(it, quantity=quantity, stated=stated, digits=3, tolerance=0.005)
        assert finding.residual > claim.tolerance
        assert "than" not in finding.sentence
        assert "more" in finding.sentence or "less" in finding.sentence


@settings(max_examples=15, deadline=None)
@given(model=models(), change=st.sampled_from(["S", "C", "depth"]), by=st.integers(1, 20))
def test_a_changed_size_is_found_and_undone(model: Any, change: Any, by: int) -> None:
    """State the connections of one model beside the sizes of another: the search names the size that was changed."""
    told = configuration(model.model_copy(update={change: getattr(model, change) + by}))
    truth = recomputed(configuration(model), "connections")
    assume(recomputed(told, "connections") != truth)
    claim, finding = total(told, quantity="connections", stated=truth, vary=change)
    assert finding.residual > claim.tolerance
    assert dict(finding.values)[f"with nearest {change}"] == truth
    assert dict(finding.values)[f"nearest {change}"] == getattr(model, change)
