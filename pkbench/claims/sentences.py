"""Verdicts in plain words, numbers included."""

from __future__ import annotations

from collections.abc import Mapping

from pkbench.claims.power import MAX_SEEDS, SeedsNeeded
from pkbench.claims.published import Published
from pkbench.claims.statistics import TTest, mean
from pkbench.claims.verdict import Evidence, Outcome
from pkbench.spec.claim import AnyPair, PairClaim


def sentence(
    evidence: Evidence,
    outcome: Outcome,
    support: float | None,
    contradict: float | None,
    families: tuple[int, int],
    needed: SeedsNeeded | None,
) -> str:
    """What was found, and why ``outcome`` follows from it. ``support`` and ``contradict`` are Holm's p values."""
    claim, test = evidence.claim, evidence.test
    if evidence.skipped:
        return f"Not assessed: {evidence.skipped}."
    parts = []
    if test is not None and evidence.a is not None:
        parts.append(_finding(evidence, test, evidence.a.errors))
    if evidence.obstacles:
        parts.append("No decision: " + "; ".join(evidence.obstacles) + ".")
    elif isinstance(claim, PairClaim):
        parts.append(_pair_reason(outcome, support, contradict, families, claim.alpha))
        if outcome == "inconclusive" and needed is not None:
            parts.append(_more_seeds(needed))
    elif test is not None and test.bounds is not None and evidence.published_a is not None:
        where = _prediction(test.bounds, evidence.published_a, claim.alpha)
        parts.append(_value_reason(outcome, where, f"p {p_value(contradict)} (two-sided, Holm over {families[1]})"))
    return " ".join(parts)


def points(value: float) -> str:
    """A difference in percentage points with its sign."""
    return _signed(value, "+")


def _signed(value: float, sign: str = "-") -> str:
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    return f"{round(value, 2) + 0.0:{sign}.2f}".replace("-", "−")


def p_value(p: float | None) -> str:
    """A p value as ``= 0.0123`` or ``< 0.001``; ``= 1`` where there was no test."""
    if p is None:
        return "= 1"
    return "< 0.001" if p < 0.001 else f"= {p:.3g}"


def seeds(number: int | None) -> str:
    """A number of seeds, where ``None`` means more than one would run."""
    return f"more than {MAX_SEEDS}" if number is None else str(number)


def _finding(evidence: Evidence, test: TTest, errors: Mapping[int, float]) -> str:
    """The numbers of both sides and their difference."""
    claim = evidence.claim
    ours = mean([errors[seed] for seed in evidence.seeds])
    other = ours - test.effect
    count = len(evidence.seeds)
    n = f"n = {count} {'pair' if evidence.b else 'seed'}{'' if count == 1 else 's'}"
    if not isinstance(claim, PairClaim):
        return f"{claim.a} {ours:.2f} % here, {other:.2f} % reported: difference {points(test.effect)} points ({n})."
    interval = ""
    if test.bounds is not None:
        low, high = test.bounds
        interval = f"{100 * (1 - claim.alpha):g} % interval {points(low)} to {points(high)}, "
    target = f", claimed: {_target(claim)}" if claim.margin else ""
    return (
        f"{claim.a} {ours:.2f} %, {claim.b} {other:.2f} %{'' if evidence.b else ' as quoted'}: "
        f"difference {points(test.effect)} points ({interval}{n}{target})."
    )


def _target(claim: AnyPair) -> str:
    """Where the claim has the difference."""
    if claim.kind == "equivalent":
        return f"between {points(-claim.margin)} and {points(claim.margin)}"
    return f"below {points(claim.boundaries[0])}"


def _pair_reason(
    outcome: Outcome, support: float | None, contradict: float | None, families: tuple[int, int], alpha: float
) -> str:
    if outcome == "supported":
        return f"Supported: p {p_value(support)} (one-sided, Holm over {families[0]})."
    if outcome == "contradicted":
        return f"Contradicted: p {p_value(contradict)} for the opposite (one-sided, Holm over {families[1]})."
    return (
        f"No decision at {alpha:g}: p {p_value(support)} for the claim (one-sided, Holm over {families[0]}), "
        f"p {p_value(contradict)} against it (over {families[1]})."
    )


def _prediction(bounds: tuple[float, float], reported: Published, alpha: float) -> str:
    """The interval predicted from our seeds; ``bounds`` are those of the difference to the reported mean."""
    low, high = reported.mean + bounds[0], reported.mean + bounds[1]
    size = f"a mean of {reported.n} seeds" if reported.n else "a single seed"
    return (
        f"our seeds predict {_signed(low)} to {_signed(high)} % for {size} "
        f"({100 * (1 - alpha):g} % interval, {high - low:.2f} points wide)"
    )


def _value_reason(outcome: Outcome, where: str, p: str) -> str:
    if outcome == "supported":
        return f"Compatible: {where}. Not rejected is not the same as equal: an interval this wide leaves room."
    if outcome == "contradicted":
        return f"Contradicted: {where}; {p}."
    return f"No decision: {where}, which leaves the reported number out, but not after correction: {p}."


def _more_seeds(needed: SeedsNeeded) -> str:
    if needed.seeds is None:
        return f"If the truth is what these seeds show, {seeds(None)} seeds would be needed to decide it."
    return (
        f"If the truth is what these seeds show, {needed.seeds} seeds in all would decide it with 80 % chance "
        f"(roughly {seeds(needed.fewest)} to {seeds(needed.most)})."
    )
