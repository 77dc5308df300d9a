"""Reports on theory and audit specs: pages, overview, data and metrics, whatever a spec's texts hold."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pkbench.plan.check import checks_of
from pkbench.report.build import write_report
from pkbench.report.checks import (
    CheckStudy,
    check_study,
    study_data,
    summary,
    verdict_table,
    write_metrics,
)
from pkbench.report.checks_page import all_rows, page
from pkbench.report.json_out import report_data
from pkbench.spec.load import LoadedChecks
from pkbench.store.files import Store
from tests.spec.test_check_specs import AUDIT, THEORY, load_checks
from tests.store.test_check_records import make_check

HOSTILE = r"<script>alert(1)</script> | [x](javascript:y) `id` # *bold*\u009b2J\n# A heading\u202e"
"""As in a TOML file: HTML, Markdown and a terminal's commands that a text of a spec may hold."""


def fill(loaded: LoadedChecks, root: Path, *outcomes: dict[str, Any]) -> CheckStudy:
    """The study of ``loaded`` with a record for each of ``outcomes``, the claims in order."""
    store = Store(root)
    for check, fields in zip(checks_of(loaded.spec), outcomes, strict=False):
        spec = make_check().spec.model_copy(update={"id": loaded.spec.experiment.id})
        record = make_check(run_id=check.run_id, config=dict(check.config), spec=spec, **fields)
        store.write(record)
    return check_study(loaded, store)


def both(folder: Path, text: str = AUDIT, *edits: tuple[str, str]) -> CheckStudy:
    """The first claim holds and the second does not."""
    return fill(load_checks(folder, text, *edits), folder / "results", {"residual": 0.0}, {"residual": 0.5})


@pytest.mark.parametrize(
    ("text", "words", "total"),
    [
        (THEORY, ["✓ supported", "✗ contradicted"], "1 supported, 1 contradicted"),
        (AUDIT, ["✓ consistent", "✗ inconsistent"], "1 consistent, 1 inconsistent"),
    ],
)
def test_outcomes_have_the_words_of_their_kind(text: str, words: list[str], total: str, tmp_path: Path) -> None:
    study = both(tmp_path, text)
    assert [study.word(verdict) for verdict in study.verdicts] == words
    assert summary(study) == total
    assert f"2 claims: {total}." in page(study)


def test_a_page_has_verdicts_findings_and_where_they_come_from(tmp_path: Path) -> None:
    text = page(both(tmp_path))
    assert text.startswith("# Numbers\n")
    assert "| [`width`](#width) | ✓ consistent | 0 | 0 | The width is 48 | Table 1 |" in text
    assert "| [`same-m`](#same-m) | ✗ inconsistent | 0.5 | 0.01 |" in text
    assert "### same-m\n\n**✗ inconsistent** · Both have as many features (Table 1)." in text
    assert "Equal in all of 4 cases. (cases 4.)" in text
    assert "Computed in 1.0 s." in text
    assert "pkbench run specs/numbers.toml\n" in text
    assert str(tmp_path) not in text


def test_without_records_a_page_says_so(tmp_path: Path) -> None:
    study = fill(load_checks(tmp_path, AUDIT), tmp_path / "results")
    text = page(study)
    assert summary(study) == "2 not assessed"
    assert text.count("It has not been computed yet.") == 2
    assert "Computed in" not in text


def test_hostile_texts_are_shown_as_they_are(tmp_path: Path) -> None:
    edits = [
        ("The width is 48", HOSTILE),
        ("Numbers", HOSTILE),
        ('place = "Table 1"\nconf', f'place = "{HOSTILE}"\nconf'),
    ]
    study = fill(
        load_checks(tmp_path, AUDIT, *edits),
        tmp_path / "results",
        {"residual": None, "sentence": "", "values": (), "failure": json.loads(f'"{HOSTILE}"')},
    )
    write_report([], [study], tmp_path / "reports", 1)
    for name in ("numbers.md", "index.md"):
        text = (tmp_path / "reports" / name).read_text(encoding="utf-8")
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert "\n# A heading" not in text
        assert "\x9b" not in text
        assert not re.search(r"(?<!\\)\[x\]", text)
        rows = [line for line in text.splitlines() if "width" in line and line.startswith("|")]
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}
    console = Console(width=200, record=True, file=(tmp_path / "out").open("w"))
    console.print(verdict_table(study))
    shown = console.export_text()
    assert "<script>alert(1)</script>" in shown
    assert "\x9b" not in shown


def test_the_overview_has_a_row_a_claim(tmp_path: Path) -> None:
    rows = all_rows([both(tmp_path / "a", THEORY), both(tmp_path / "b")])
    assert [row[0] for row in rows] == ["[`formulas`](formulas.md)"] * 2 + ["[`numbers`](numbers.md)"] * 2
    assert rows[-1][1:] == ("audit", "`same-m`: Both have as many features", "✗ inconsistent", "0.5", "0.01")


def test_everything_as_data(tmp_path: Path) -> None:
    study = both(tmp_path)
    (data,) = report_data([], [study])["checks"]
    assert data == study_data(study)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert (data["spec"], data["kind"], data["path"]) == ("numbers", "audit", "specs/numbers.toml")
    assert [verdict["outcome"] for verdict in data["verdicts"]] == ["supported", "contradicted"]
    assert data["verdicts"][0]["values"] == [{"name": "cases", "value": 4.0}]


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    study = both(tmp_path)
    paths = write_report([], [study], tmp_path / "one", 1)
    again = write_report(
        [], [check_study(load_checks(tmp_path, AUDIT), Store(tmp_path / "results"))], tmp_path / "two", 1
    )
    assert [path.name for path in paths] == ["index.md", "report.json", "numbers.md"]
    for one, two in zip(paths, again, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_unsound_records_are_told_without_the_place_on_this_machine(tmp_path: Path) -> None:
    both(tmp_path)
    path = next((tmp_path / "results" / "numbers" / "checks").iterdir())
    path.write_text("damaged")
    study = check_study(load_checks(tmp_path, AUDIT), Store(tmp_path / "results"))
    (problem,) = study.problems
    assert problem.startswith(f"numbers/checks/{path.name}: it is not a whole JSON record")
    assert path.name in page(study)
    assert str(tmp_path) not in page(study)


def test_records_of_claims_that_are_gone_do_not_count(tmp_path: Path) -> None:
    both(tmp_path)
    study = check_study(load_checks(tmp_path, AUDIT, ("stated = 48.0", "stated = 50.0")), Store(tmp_path / "results"))
    assert [verdict.outcome for verdict in study.verdicts] == ["not assessed", "contradicted"]
    assert len(study.records) == 1


def test_metrics_are_one_flat_row_a_claim_and_old_ones_go(tmp_path: Path) -> None:
    study, store = both(tmp_path), Store(tmp_path / "results")
    folder = tmp_path / "results" / "numbers" / "metrics"
    folder.mkdir()
    (folder / "claim.gone.json").write_text("{}")
    (folder / "README.md").write_text("kept")
    paths = write_metrics(study, store)
    assert {path.name for path in folder.iterdir()} == {"claim.width.json", "claim.same-m.json", "README.md"}
    rows = [json.loads(path.read_text()) for path in paths]
    assert rows[1] == {"verdict": "contradicted", "residual": 0.5, "tolerance": 0.01}
    before = {path: path.read_bytes() for path in paths}
    write_metrics(study, store)
    assert {path: path.read_bytes() for path in paths} == before


def test_metrics_without_records_have_no_number(tmp_path: Path) -> None:
    study = fill(load_checks(tmp_path, AUDIT), tmp_path / "results")
    (first, _) = write_metrics(study, Store(tmp_path / "results"))
    assert json.loads(first.read_text()) == {"verdict": "not assessed", "residual": None, "tolerance": 0.0}
