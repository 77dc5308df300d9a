"""Where each number of a spec at a profile comes from: runs, code, machines, data."""

from __future__ import annotations

from pkbench.report.checks import CheckStudy
from pkbench.report.checks import number as check_number
from pkbench.report.page.cells import Cell, Table, figure, name, table, words
from pkbench.report.page.names import check_anchor, runs_of, spec_anchor, study_anchor
from pkbench.report.provenance import RunRow, circumstances, circumstances_of, data_used, run_rows
from pkbench.report.study import Study
from pkbench.report.words import mean_sd, rate


def provenance(study: Study) -> tuple[Table, ...]:
    """Ways of computing, data sets and runs, each with what identifies it."""
    found = (_runs(study), _circumstances(study), _data(study))
    return tuple(table for table in found if table is not None)


def _letter(number: int) -> str:
    """A short name for the ``number``-th way of computing."""
    return chr(ord("A") + number) if number < 26 else f"#{number + 1}"


def _runs(study: Study) -> Table | None:
    letters = {found: _letter(i) for i, (found, _) in enumerate(circumstances(study))}
    ways = {run_id: letters[circumstances_of(record)] for run_id, record in study.records.items()
            if circumstances_of(record) in letters}  # fmt: skip
    group, seen = runs_of(study_anchor(study)), set[str]()
    rows = []
    for row in run_rows(study):
        # Two models that are one and the same have one run: its anchor is at the first.
        anchor = "" if row.run_id in seen else f"{group}:{row.run_id}"
        seen.add(row.run_id)
        rows.append(_run(row, anchor, ways[row.run_id]))
    heads = ("run", "model", "data", "#lr", "#seed", "#test error, %", "#seconds", "state", "commit", "as")
    note = "record of a run: results/SPEC/runs/RUN.json; as: the way of computing below"
    return table("Runs", heads, rows, note=note)


def _run(row: RunRow, anchor: str, way: str) -> tuple[Cell, ...]:
    state = row.status if row.counts or row.status == "failed" else "finished, other learning rate"
    if row.resumed:
        state += f", resumed {row.resumed} times"
    return (
        Cell(row.run_id, mono=True, anchor=anchor),
        words(row.model),
        words(row.data),
        figure(row.lr, rate(row.lr)),
        figure(row.seed),
        figure(row.test_error, mean_sd(row.test_error, None)),
        figure(row.seconds, f"{row.seconds:.1f}"),
        words(state),
        _commit(row.commit, row.dirty),
        words(way),
    )


def _commit(commit: str | None, dirty: bool | None) -> Cell:
    return name((commit or "unknown")[:12] + (" + uncommitted" if dirty else ""))


def _circumstances(study: Study) -> Table | None:
    rows = [
        (words(_letter(i)), *map(words, (c.code, c.hardware, c.python, c.torch, c.numpy, c.platform)),
         figure(c.threads), figure(n))
        for i, (c, n) in enumerate(circumstances(study))
    ]  # fmt: skip
    heads = ("as", "code", "hardware", "Python", "PyTorch", "NumPy", "platform", "#threads", "#runs")
    return table("Ways of computing", heads, rows)


def _data(study: Study) -> Table | None:
    rows = [
        (name(d.data_id), name(d.checksum), figure(d.train), figure(d.validation), figure(d.test))
        for d in data_used(study)
    ]
    heads = ("data", "SHA-256 of its files", "#training images", "#validation", "#test")
    return table("Data", heads, rows)


def check_records(study: CheckStudy) -> Table | None:
    """The record of each computed claim."""
    rows = []
    group, seen = runs_of(spec_anchor(study.spec_id)), set[str]()
    for verdict in study.verdicts:
        record = study.records.get(verdict.run_id)
        if record is None:
            continue
        anchor = "" if record.run_id in seen else f"{group}:{record.run_id}"
        seen.add(record.run_id)
        versions = (
            f"pkbench {record.code.version}, torch {record.environment.torch}, Python {record.environment.python}"
        )
        rows.append(
            (
                Cell(record.run_id, mono=True, anchor=anchor),
                Cell(verdict.claim_id, mono=True, href=check_anchor(study, verdict.claim_id)),
                figure(verdict.residual, check_number(verdict.residual)),
                figure(record.seconds, f"{record.seconds:.2f}"),
                _commit(record.code.commit, record.code.dirty),
                words(versions),
                words(record.environment.processor),
            )
        )
    heads = ("record", "claim", "#residual", "#seconds", "commit", "versions", "hardware")
    return table("Records", heads, rows, note="a check's record: results/SPEC/checks/RECORD.json")
