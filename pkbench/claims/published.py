"""What the paper reports, and what its own means, deviations and seeds allow to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pkbench.claims.statistics import Summary, TTest, equivalence, from_summary, one_sample_from_summary
from pkbench.spec.claim import AnyPair, PairClaim
from pkbench.spec.document import Spec


@dataclass(frozen=True, slots=True)
class Published:
    """One number of a publication: ``mean`` in per cent, ``sd`` in percentage points, ``n`` seeds."""

    mean: float
    sd: float | None
    n: int | None
    place: str
    quoted_from: str | None
    """The other publication it is quoted from, where the paper's authors did not run it."""

    @property
    def seeds(self) -> int:
        """Seeds that the mean is taken to be of: a single one where their number is not stated."""
        return self.n or 1

    @property
    def summary(self) -> Summary | None:
        """Mean, deviation and seeds, where they are enough for a test."""
        if self.sd is None or self.n is None or self.n < 2:
            return None
        return Summary(self.mean, self.sd, self.n)


@dataclass(frozen=True, slots=True)
class PaperTest:
    """A claim on one data set, tested with nothing but the published numbers.

    ``test`` is Welch's where both sides have a deviation and seeds, and a one-sample test against ``b`` where only
    ``a`` has. ``p`` of a ``less`` claim is two-sided: one read off a table had its direction from the same table. That of
    a claim of parity is the p value for it.
    """

    claim_id: str
    kind: Literal["less", "non-inferior", "equivalent"]
    data_id: str
    a: Published
    b: Published
    test: TTest

    @property
    def p(self) -> float:
        """The p value."""
        return self.test.p_two_sided if self.kind == "less" else self.test.p_for


def at_boundaries(claim: AnyPair, test: Callable[..., TTest]) -> TTest:
    """``test``, which takes a ``margin``, at the boundary of ``claim``, or at both where it has two."""
    tests = [test(margin=-boundary) for boundary in claim.boundaries]
    return tests[0] if len(tests) == 1 else equivalence(tests[0], tests[1])


def published(spec: Spec, row: str | None, data_id: str) -> Published | None:
    """What ``spec`` says was reported for ``row`` on ``data_id``."""
    for entry in spec.reported:
        if entry.row == row and entry.data == data_id:
            return Published(entry.mean, entry.sd, entry.n, entry.place, entry.quoted_from)
    return None


def paper_test(spec: Spec, claim: AnyPair, data_id: str) -> PaperTest | None:
    """``claim`` tested with the published numbers; ``None`` where they are not enough."""
    a, b = published(spec, claim.a, data_id), published(spec, claim.b, data_id)
    if a is None or b is None or a.summary is None:
        return None
    if b.summary is not None:
        test = at_boundaries(claim, partial(from_summary, a.summary, b.summary, alpha=claim.alpha))
    else:
        test = at_boundaries(claim, partial(one_sample_from_summary, a.summary, b.mean, alpha=claim.alpha))
    return PaperTest(claim.id, claim.kind, data_id, a, b, test) if test.possible else None


def paper_tests(spec: Spec) -> tuple[PaperTest, ...]:
    """Every claim about a difference on every data set for which the published numbers allow a test, at any profile."""
    return tuple(
        found
        for claim in spec.claim
        if isinstance(claim, PairClaim)
        for data in spec.data
        if claim.data is None or data.id in claim.data
        if (found := paper_test(spec, claim, data.id)) is not None
    )
