r"""Verdicts and models as LaTeX: a ``tabular`` a file, to ``\input`` into a table of one's own. It needs booktabs only.

Caption, label and place are the author's. The scope stands in the last lines of the table itself: a verdict does not
travel without it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from pkbench.claims.groups import ModelSummary
from pkbench.claims.verdict import Verdict
from pkbench.errors import UsageError
from pkbench.report.checks import SCOPE, CheckStudy
from pkbench.report.checks import number as check_number
from pkbench.report.inert import inert, tex
from pkbench.report.sections import quoted, reported
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, big, effect, mean_sd, outcome

_NARROWEST = 60
"""Characters a line of the notes has at least."""
_HOW = {
    "models": "Mean and standard deviation of the final test error over n seeds.",
    "verdicts": "Differences in percentage points unless a unit is named, with two-sided intervals, not corrected; the "
    "verdicts are, by Holm's procedure over the claims of the spec.",
    "checks": "A claim holds where its residual is within its tolerance.",
}
"""What a reader must know of each table's numbers."""
_EXPONENT = re.compile(r"(?P<digits>[-\d.]+)e(?P<sign>[-+])0*(?P<power>\d+)")


def latex_files(studies: Iterable[Study], checks: Iterable[CheckStudy]) -> dict[str, str]:
    """Every table by the name of its file.

    ``SPEC-PROFILE-models.tex`` and ``SPEC-PROFILE-verdicts.tex`` for what is trained, ``SPEC-verdicts.tex`` for what
    is computed. A spec without claims has no table of verdicts.

    Raises:
        UsageError: two specs would write the same file.
    """
    found: list[tuple[str, str]] = []
    for study in studies:
        found.append((f"{study.name}-models.tex", models_table(study)))
        if study.evaluation.verdicts:
            found.append((f"{study.name}-verdicts.tex", verdicts_table(study)))
    found += [(f"{check.spec_id}-verdicts.tex", checks_table(check)) for check in checks]
    files: dict[str, str] = {}
    for name, text in found:
        if name in files:
            raise UsageError(f"two specs would write {name}", remedy="name one of them, or give each a folder")
        files[name] = text
    return files


def models_table(study: Study) -> str:
    """Sizes and errors of every model of ``study``, and the published rows that nobody runs here."""
    rows = [_model_row(study, summary) for summary in study.evaluation.models]
    for entry in quoted(study):
        sizes = [NOTHING] * 4
        rows.append((entry.row, entry.data, *sizes, "quoted, not run", NOTHING, reported(study, entry.row, entry.data)))
    header: tuple[str, ...]
    header = ("model", "data", "$S$", "$C$", r"width $\gamma m$", "connections", r"test error, \%", "$n$", r"paper, \%")
    if all(row[-1] == NOTHING for row in rows):
        # Nothing is published on the data of a small profile: a column of dashes would only be wide.
        header, rows = header[:-1], [row[:-1] for row in rows]
    return _tabular("ll" + "r" * (len(header) - 2), header, rows, (_HOW["models"], _scope(study)))


def verdicts_table(study: Study) -> str:
    """A row for each verdict of ``study``."""
    header = ("claim", "data", "difference [interval]", "$n$", "verdict")
    rows = [_verdict_row(verdict) for verdict in study.evaluation.verdicts]
    return _tabular("llrrl", header, rows, (_HOW["verdicts"], _scope(study)))


def checks_table(study: CheckStudy) -> str:
    """A row for each verdict of a theory or audit spec."""
    rows = [
        (verdict.claim_id, check_number(verdict.residual), check_number(verdict.tolerance), _word(study.word(verdict)))
        for verdict in study.verdicts
    ]
    header = ("claim", "residual", "tolerance", "verdict")
    return _tabular("lrrl", header, rows, (_HOW["checks"], SCOPE[study.kind]))


def _model_row(study: Study, summary: ModelSummary) -> tuple[str, ...]:
    return (
        summary.model_id,
        summary.data_id,
        NOTHING if summary.S is None else str(summary.S),
        NOTHING if summary.C is None else str(summary.C),
        big(summary.width),
        big(summary.connections),
        mean_sd(summary.mean, summary.sd),
        _seeds(summary.n, summary.n_planned),
        reported(study, summary.model_id, summary.data_id),
    )


def _verdict_row(verdict: Verdict) -> tuple[str, ...]:
    n = _seeds(verdict.n, verdict.n_planned)
    return (verdict.claim_id, verdict.data_id, effect(verdict), n, _word(outcome(verdict)))


def _seeds(n: int, planned: int) -> str:
    """Seeds that count, and how many there should be where some are missing."""
    if not planned:
        return NOTHING
    return str(n) if n == planned else f"{n} of {planned}"


def _word(signed: str) -> str:
    """An outcome without its sign, which few fonts have."""
    return signed.partition(" ")[2]


def _scope(study: Study) -> str:
    return f"Scope ({study.evaluation.profile}): {study.evaluation.scope}"


def _tabular(columns: str, header: Sequence[str], rows: Sequence[Sequence[str]], notes: Iterable[str]) -> str:
    """A table of plain text under a ``header`` in LaTeX, with ``notes`` below it in lines about as long as its rows."""
    longest = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    width = max(_NARROWEST, sum(longest) + len(longest))
    lines = [line for note in notes for line in textwrap.wrap(inert(note), width)]
    return "\n".join(
        [
            r"% Made by pkbench report; needs \usepackage{booktabs}.",
            rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
            r"\toprule",
            " & ".join(header) + r" \\",
            r"\midrule",
            *(" & ".join(map(_cell, row)) + r" \\" for row in rows),
            r"\bottomrule",
            *(rf"\multicolumn{{{len(header)}}}{{@{{}}l@{{}}}}{{\footnotesize {tex(line)}}} \\" for line in lines),
            r"\end{tabular}",
            "",
        ]
    )


def _cell(text: str) -> str:
    r"""``text`` as a cell; ``1.2e-16`` as a power of ten."""
    power = _EXPONENT.fullmatch(text)
    if power is None:
        return tex(text)
    sign = power["sign"].strip("+")
    return rf"${power['digits']} \times 10^{{{sign}{power['power']}}}$"
