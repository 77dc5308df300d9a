"""The families on a page: a table for each that claims are about, or for each two that are compared."""

from __future__ import annotations

from collections.abc import Sequence

from pkbench.claims.verdict import Member, Verdict
from pkbench.report.families import about_families, role_of
from pkbench.report.sections import folded, table
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, code, counted, estimated, size, with_interval
from pkbench.spec.metric import METRICS

Key = tuple[object, ...]


def section(study: Study) -> list[str]:
    """The tables as lines of Markdown; empty where no claim is about a family that anything is known of."""
    groups: dict[Key, list[Verdict]] = {}
    for verdict in about_families(study):
        groups.setdefault(_key(verdict), []).append(verdict)
    if not groups:
        return []
    lines = ["### Families", "", "Means over the seeds that count, with two-sided t intervals, not corrected.", ""]
    for found in groups.values():
        lines += _family(found)
    return lines


def _key(verdict: Verdict) -> Key:
    """What verdicts have in common that one table is of."""
    return (verdict.data_id, verdict.metric, verdict.x, verdict.a, verdict.b, verdict.alpha, verdict.members)


def _family(verdicts: Sequence[Verdict]) -> list[str]:
    """One table of the members that ``verdicts`` are about, and before it what it is of."""
    first = verdicts[0]
    names = code(first.a) if first.b is None else f"{code(first.a)} and {code(first.b)}"
    metric, level = METRICS[first.metric], f"{100 * (1 - first.alpha):g} % interval"
    unit = f" in {metric.unit}" if metric.unit else ""
    claims = ", ".join(code(verdict.claim_id) for verdict in verdicts)
    head = (
        f"**{names} along {code(first.x or '')}** on {code(first.data_id)}, {metric.meaning}{unit}, "
        f"n = {counted(first.n, 'seed')}: {claims}."
    )
    columns = [code(first.x or "x"), code(first.a), f"mean [{level}]"]
    if first.b is not None:
        difference = f"difference [{level}]" + (f", {metric.difference}" if metric.difference else "")
        columns += [code(first.b), f"mean [{level}]", difference]
    rows = [(*_cells(first, member), _marks(verdicts, place)) for place, member in enumerate(first.members)]
    return [head, "", *folded(rows, table((*columns, "role"), rows), "Every member")]


def _cells(verdict: Verdict, member: Member) -> list[str]:
    cells = [NOTHING if member.x is None else size(member.x), code(member.a), estimated(member.of_a, verdict.metric)]
    if verdict.b is None:
        return cells
    effect = NOTHING
    if member.effect is not None:
        effect = with_interval(member.effect, member.low, member.high, verdict.metric)
    of_b = NOTHING if member.of_b is None else estimated(member.of_b, verdict.metric)
    return [*cells, NOTHING if member.b is None else code(member.b), of_b, effect]


def _marks(verdicts: Sequence[Verdict], place: int) -> str:
    """What the member at ``place`` is to each of ``verdicts``."""
    roles = ((role_of(verdict, place), verdict.claim_id) for verdict in verdicts)
    return ", ".join(f"**{role}** {code(claim_id)}" for role, claim_id in roles if role)
