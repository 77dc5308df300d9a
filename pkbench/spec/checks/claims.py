"""Checks of profiles, published numbers and claims: what they name exists, and each claim can have a verdict."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.checks.extensions import extension_faults
from pkbench.spec.checks.repeats import repeated
from pkbench.spec.claim import AnyClaim, AnyPair, CrossingClaim, PairClaim, ValueClaim
from pkbench.spec.document import ProfileName
from pkbench.spec.extension import ExtensionClaim
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.words import no_such

_NOUNS = {"data": "data set", "model": "model", "compare": "comparison"}


def check_profiles(parts: Parts) -> Iterator[Fault]:
    """Faults of what the profiles name."""
    for name, profile in parts.profile.items():
        loc: Loc = ("profile", name)
        yield from _named_data(parts, (*loc, "data"), profile.data)
        yield from repeated(parts, (*loc, "data"), profile.data, "a data set is used once")


def check_reported(parts: Parts) -> Iterator[Fault]:
    """Faults of published numbers."""
    for index, row in parts.reported.items():
        loc: Loc = ("reported", index)
        if not parts.knows("data", row.data):
            yield parts.fault((*loc, "data"), *_unknown(parts, "data", row.data))
        if row.quoted_from is None and not parts.knows("model", row.row):
            what, constraint, remedy = _unknown(parts, "model", row.row)
            constraint = f"{constraint}; a row that is not trained here says whom it is quoted from"
            yield parts.fault((*loc, "row"), what, constraint, remedy or "add quoted_from = …")


def check_claims(parts: Parts) -> Iterator[Fault]:
    """Faults of claims."""
    for index, claim in parts.claim.items():
        loc: Loc = ("claim", index)
        section = "compare" if claim.metric == "cka" else "model"
        if not parts.knows(section, claim.a):
            what, constraint, remedy = _unknown(parts, section, claim.a)
            is_row = claim.a in {row for row, _ in _published(parts, claim.metric) or ()}
            constraint = "a claim's `a` is a model of this spec, not a reported row" if is_row else constraint
            yield parts.fault((*loc, "a"), what, constraint, remedy)
        if isinstance(claim, ExtensionClaim):
            yield from extension_faults(parts, loc, claim)
        if isinstance(claim, PairClaim | CrossingClaim):
            yield from _check_pair(parts, loc, claim, section)
        elif isinstance(claim, ExtensionClaim):
            yield from _check_other(parts, loc, claim, section)
        elif isinstance(claim, ValueClaim) and parts.knows(section, claim.a):
            yield from _check_numbers(parts, loc, claim, claim.a, "a")
        if claim.data is not None:
            yield from _named_data(parts, (*loc, "data"), claim.data)
            yield from repeated(parts, (*loc, "data"), claim.data, "each data set has one verdict")
            yield from _check_reach(parts, loc, claim)


def _unknown(parts: Parts, section: str, name: str) -> tuple[str, str, str]:
    """What, constraint and remedy for an id that no table of ``section`` has."""
    return no_such(_NOUNS[section], name, parts.ids(section))


def _named_data(parts: Parts, loc: Loc, names: tuple[str, ...]) -> Iterator[Fault]:
    for index, name in enumerate(names):
        if not parts.knows("data", name):
            yield parts.fault((*loc, index), *_unknown(parts, "data", name))


def _check_pair(parts: Parts, loc: Loc, claim: AnyPair | CrossingClaim, section: str) -> Iterator[Fault]:
    if claim.a == claim.b:
        yield _with_itself(parts, loc, claim)
        return
    if parts.knows(section, claim.b):
        return
    if section == "compare" or isinstance(claim, CrossingClaim):
        yield parts.fault((*loc, "b"), *_unknown(parts, section, claim.b))
        return
    published = _published(parts, claim.metric)
    rows = {row for row, _ in published or ()}
    if claim.b in rows:
        yield from _check_numbers(parts, loc, claim, claim.b, "b")
        if claim.equal_connections_within is not None:
            what = f"claim `{claim.id}` bounds the difference in connections to `{claim.b}`, a reported row"
            remedy = "take it out, or compare two models"
            at = (*loc, "equal_connections_within")
            yield parts.fault(at, what, "connections are known of this spec's models only", remedy)
    elif published is not None:
        ids = [*parts.ids("model"), *sorted(rows)]
        yield parts.fault((*loc, "b"), *no_such("model or reported row", claim.b, ids))


def _check_other(parts: Parts, loc: Loc, claim: ExtensionClaim, section: str) -> Iterator[Fault]:
    if claim.b == claim.a:
        yield _with_itself(parts, loc, claim)
    elif claim.b is not None and not parts.knows(section, claim.b):
        yield parts.fault((*loc, "b"), *_unknown(parts, section, claim.b))


def _with_itself(parts: Parts, loc: Loc, claim: AnyPair | CrossingClaim | ExtensionClaim) -> Fault:
    what = f"claim `{claim.id}` compares `{claim.a}` with itself"
    return parts.fault((*loc, "b"), what, "a and b are two", "name the other model, or a reported row")


def _check_numbers(parts: Parts, loc: Loc, claim: AnyClaim, row: str, key: str) -> Iterator[Fault]:
    """A claim about a published number needs that number on its data sets."""
    published = _published(parts, claim.metric)
    if published is None:
        return
    has = {data for name, data in published if name == row}
    remedy = f'add a [[reported]] with row = "{row}"'
    if not has:
        what = f"claim `{claim.id}` is about the reported {claim.metric} of `{row}`, and there is none"
        yield parts.fault((*loc, key), what, "a published number to compare with", remedy)
    for index, name in enumerate(claim.data or ()):
        if has and name not in has and parts.knows("data", name):
            what = f"claim `{claim.id}` is about data {name}, where nothing is reported of `{row}`"
            constraint = f"its numbers are for {', '.join(sorted(has))}"
            yield parts.fault((*loc, "data", index), what, constraint, f'{remedy} and data = "{name}"')


def _published(parts: Parts, metric: str) -> set[tuple[str, str]] | None:
    """Row and data of each published number of ``metric``, valid or not; ``None`` where one of them cannot be read."""
    items = [item for item in parts.items("reported").values() if item.get("metric", metric) == metric]
    pairs = [(item.get("row"), item.get("data")) for item in items]
    readable = {(row, data) for row, data in pairs if isinstance(row, str) and isinstance(data, str)}
    unread = parts.document.lost or any(not isinstance(name, str) for pair in pairs for name in pair)
    return None if unread else readable


def _check_reach(parts: Parts, loc: Loc, claim: AnyClaim) -> Iterator[Fault]:
    """A claim that no profile has runs for can never have a verdict."""
    wanted = set(claim.data or ())
    listed = parts.document.data.get("profile", {})
    all_valid = isinstance(listed, dict) and len(parts.profile) == len(listed)
    if all_valid and all(parts.knows("data", name) for name in wanted):
        used: dict[ProfileName, set[str]] = {name: set(profile.data) for name, profile in parts.profile.items()}
        if not any(wanted & data for data in used.values()):
            what = f"claim `{claim.id}` is about data {', '.join(sorted(wanted))}, which no profile uses"
            constraint = "; ".join(f"{name} uses {', '.join(sorted(data))}" for name, data in used.items())
            yield parts.fault((*loc, "data"), what, constraint, "add it to a profile's data, or take it out here")
