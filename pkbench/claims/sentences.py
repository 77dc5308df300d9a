"""Verdicts in plain words, numbers included."""

from __future__ import annotations

from collections.abc import Mapping

from pkbench.claims.curve_sentences import claimed, curve_findings, interval_of
from pkbench.claims.metrics import amount, with_unit
from pkbench.claims.planning import Further
from pkbench.claims.power import MAX_SEEDS, SeedsIf, SeedsNeeded
from pkbench.claims.published import Published
from pkbench.claims.statistics import TTest, mean
from pkbench.claims.verdict import Evidence, Outcome
from pkbench.spec.claim import CurveClaim, PairClaim, ValueClaim
from pkbench.spec.extension import ExtensionClaim
from pkbench.spec.metric import MetricName, noun


def sentence(
    evidence: Evidence,
    outcome: Outcome,
    support: float | None,
    contradict: float | None,
    families: tuple[int, int],
    further: Further,
) -> str:
    """What was found, and why ``outcome`` follows from it. ``support`` and ``contradict`` are Holm's p values."""
    claim, test = evidence.claim, evidence.test
    if evidence.skipped:
        return f"Not assessed: {evidence.skipped}."
    parts = [] if test is None else [_found(evidence, test)]
    if evidence.obstacles:
        return " ".join([*parts, "No decision: " + "; ".join(evidence.obstacles) + "."])
    match claim, test, evidence.published_a:
        case ValueClaim(), TTest(bounds=(low, high)), Published() as reported:
            where = _prediction(low, high, reported, claim.alpha)
            parts.append(_value_reason(outcome, where, f"p {p_value(contradict)} (two-sided, Holm over {families[1]})"))
        case PairClaim() | CurveClaim() | ExtensionClaim(), _, _:
            parts.append(_pair_reason(outcome, support, contradict, families, claim.alpha))
            if outcome == "inconclusive" and further.needed is not None:
                parts.append(_more_seeds(further.needed))
            if outcome == "inconclusive" and further.needed_if is not None:
                parts.append(_more_seeds_if(further.needed_if, claim.metric))
    return " ".join(parts)


def p_value(p: float | None) -> str:
    """A p value as ``= 0.0123`` or ``< 0.001``; ``= 1`` where there was no test."""
    if p is None:
        return "= 1"
    return "< 0.001" if p < 0.001 else f"= {p:.3g}"


def seeds(number: int | None) -> str:
    """A number of seeds, where ``None`` means more than one would run."""
    return f"more than {MAX_SEEDS}" if number is None else str(number)


def _found(evidence: Evidence, test: TTest) -> str:
    """The numbers; percentages of a test error name themselves, anything else is named."""
    metric = evidence.claim.metric
    if evidence.said:
        return evidence.said
    (said,) = curve_findings(evidence, test) if evidence.members else [_finding(evidence, test, evidence.a[0].values)]
    if metric == "test_error":
        return said
    name = noun(metric)
    return f"{name[0].upper()}{name[1:]}: {said}"


def _finding(evidence: Evidence, test: TTest, errors: Mapping[int, float]) -> str:
    """The numbers of both sides and their difference."""
    claim = evidence.claim
    ours = mean([errors[seed] for seed in evidence.seeds])
    other = ours - test.effect
    count = len(evidence.seeds)
    n = f"n = {count} {'pair' if evidence.b else 'seed'}{'' if count == 1 else 's'}"
    mine, theirs = amount(ours, claim.metric), amount(other, claim.metric)
    effect = with_unit(test.effect, claim.metric)
    if not isinstance(claim, PairClaim):
        return f"{claim.a} {mine} here, {theirs} reported: difference {effect} ({n})."
    target = f", claimed: {claimed(claim)}" if claim.margin else ""
    return (
        f"{claim.a} {mine}, {claim.b} {theirs}{'' if evidence.b else ' as quoted'}: "
        f"difference {effect} ({interval_of(test, claim)}{n}{target})."
    )


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


def _prediction(low: float, high: float, reported: Published, alpha: float) -> str:
    """The interval predicted from our seeds; ``low`` and ``high`` bound the difference to the reported mean."""
    first, last = (f"{reported.mean + bound:.2f}".replace("-", "−") for bound in (low, high))
    size = "a single seed" if reported.seeds == 1 else f"a mean of {reported.seeds} seeds"
    return (
        f"our seeds predict {first} to {last} % for {size} "
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


def _more_seeds_if(found: SeedsIf, metric: MetricName) -> str:
    """Seeds for an effect that was named before the runs."""
    true = {
        "no difference": "If there is no difference",
        "no slope": "If there is no slope",
        "paper": f"If the difference is the paper's {with_unit(found.effect, metric)}",
    }[found.source]
    if found.needed.seeds is None:
        return f"{true}, {seeds(None)} would be needed."
    spread = "" if found.comparisons == 1 else f", by the scatter of {found.comparisons} comparisons"
    few, many = seeds(found.needed.fewest), seeds(found.needed.most)
    return f"{true}, {found.needed.seeds} would (roughly {few} to {many}{spread})."
