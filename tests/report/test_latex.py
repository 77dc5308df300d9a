"""LaTeX tables: whole, with the numbers of the report, and nothing of a spec in command."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from pkbench.errors import UsageError
from pkbench.report.build import write_latex
from pkbench.report.checks import check_study
from pkbench.report.latex import checks_table, latex_files, models_table, verdicts_table
from pkbench.store.files import Store
from tests.claims import factory
from tests.report.made import filled, study_of
from tests.report.test_checks import both
from tests.spec.test_check_specs import AUDIT, THEORY, load_checks

HOSTILE = "\\input{x} 50% & $y_1$ #2 ^~ {z} [w] -- γ é \x1b[2J \u202e"
ESCAPED = (
    r"\textbackslash{}input\{x\} 50\% \& \$y\_1\$ \#2 \textasciicircum{}\textasciitilde{} \{z\} [w] -{\kern0pt}- "
    r"γ é [2J"
)


def rows(table: str) -> list[list[str]]:
    """Cells of every row between the rules, the header first."""
    body = table.partition("\\toprule\n")[2].partition("\\bottomrule")[0]
    lines = [line for line in body.splitlines() if line != "\\midrule"]
    assert all(line.endswith(r" \\") for line in lines)
    return [re.split(r" (?<!\\)& ", line.removesuffix(r" \\")) for line in lines]


def notes(table: str) -> str:
    """The text below the table."""
    found = re.findall(r"^\\multicolumn\{\d+\}\{@\{\}l@\{\}\}\{\\footnotesize (.*)\} \\\\$", table, re.MULTILINE)
    return " ".join(found)


def assert_whole(table: str) -> None:
    """One tabular with as many columns in every row as it declares, and nothing around it."""
    lines = table.splitlines()
    assert lines[0].startswith("% ")
    begin = re.fullmatch(r"\\begin\{tabular\}\{@\{\}([lr]+)@\{\}\}", lines[1])
    assert begin is not None
    assert lines[-1] == r"\end{tabular}"
    assert {len(row) for row in rows(table)} == {len(begin[1])}
    assert set(re.findall(r"\\multicolumn\{(\d+)\}", table)) == {str(len(begin[1]))}
    for command in (r"\begin", r"\toprule", r"\midrule", r"\bottomrule", r"\end{"):
        assert table.count(command) == 1
    assert len(re.findall(r"(?<!\\)\{", table)) == len(re.findall(r"(?<!\\)\}", table))


def test_models() -> None:
    table = models_table(study_of(filled("paper")))
    assert_whole(table)
    header, a, b, lasso = rows(table)
    assert header == [
        "model",
        "data",
        "$S$",
        "$C$",
        r"width $\gamma m$",
        "connections",
        r"test error, \%",
        "$n$",
        r"paper, \%",
    ]
    assert a[:4] == ["a", "cifar10", "4", "8"]
    assert a[6:] == [r"2.00 \ensuremath{\pm} 1.00", "3", r"12.07 \ensuremath{\pm} 0.47 (n = 3)"]
    assert b[6:8] == [r"4.00 \ensuremath{\pm} 2.00", "3"]
    assert lasso == ["lasso", "cifar10", *["–"] * 4, "quoted, not run", "–", "14.81, quoted"]


def test_a_column_without_published_numbers_is_left_out() -> None:
    table = models_table(study_of(filled("quick")))
    assert_whole(table)
    assert rows(table)[0][-1] == "$n$"
    assert len(rows(table)) == 3


def test_verdicts() -> None:
    table = verdicts_table(study_of(filled("quick")))
    assert_whole(table)
    header, less, quoted, value = rows(table)
    assert header == ["claim", "data", "difference [interval]", "$n$", "verdict"]
    assert less[:2] == ["less", "digits"]
    assert less[2].startswith(r"\ensuremath{-}2.00 [\ensuremath{-}")
    assert less[3:] == ["3", "supported"]
    assert [row[-1] for row in (quoted, value)] == ["not assessed"] * 2


def test_the_scope_stands_in_every_table() -> None:
    study = study_of(filled("quick"))
    for table in (models_table(study), verdicts_table(study)):
        assert notes(table).endswith("Scope (quick): Digits only: no evidence about CIFAR.")


def test_missing_seeds_are_seen() -> None:
    made = filled("quick", errors={"a": (1.0, 2.0)})
    table = models_table(study_of(made))
    assert rows(table)[1][-2:] == [r"1.50 \ensuremath{\pm} 0.71", "2 of 3"]
    assert rows(table)[2][-2:] == ["–", "0 of 3"]


def test_models_without_tokens() -> None:
    study = study_of(filled("quick"))
    models = tuple(replace(summary, S=None, C=None) for summary in study.evaluation.models)
    table = models_table(replace(study, evaluation=replace(study.evaluation, models=models)))
    assert_whole(table)
    assert [row[2:4] for row in rows(table)[1:]] == [["–", "–"]] * 2


def test_a_hostile_scope_is_text() -> None:
    made = factory.study(seeds=(0, 1, 2))
    made.scaled = replace(made.scaled, profile=made.scaled.profile.model_copy(update={"scope": HOSTILE}))
    study = study_of(made)
    for table in (models_table(study), verdicts_table(study)):
        assert_whole(table)
        assert notes(table).replace(" {}[", " [").endswith(ESCAPED)


@pytest.mark.parametrize(
    ("text", "words"), [(THEORY, ["supported", "contradicted"]), (AUDIT, ["consistent", "inconsistent"])]
)
def test_checks(text: str, words: list[str], tmp_path: Path) -> None:
    table = checks_table(both(tmp_path, text))
    assert_whole(table)
    assert rows(table)[0] == ["claim", "residual", "tolerance", "verdict"]
    assert [row[-1] for row in rows(table)[1:]] == words
    assert [row[1] for row in rows(table)[1:]] == ["0", "0.5"]
    assert "A claim holds where its residual is within its tolerance." in notes(table)


def test_small_numbers_are_powers_of_ten(tmp_path: Path) -> None:
    table = checks_table(both(tmp_path, THEORY, ("tolerance = 1e-10", "tolerance = 2.5e-10")))
    assert r"$2.5 \times 10^{-10}$" in table
    assert "e-" not in "".join(cell for row in rows(table)[1:] for cell in row[1:3])


def test_files_are_named_by_spec_and_profile(tmp_path: Path) -> None:
    studies, checks = [study_of(filled("quick")), study_of(filled("paper"))], [both(tmp_path)]
    paths = write_latex(studies, checks, tmp_path / "tables")
    assert [path.name for path in paths] == [
        "small-quick-models.tex",
        "small-quick-verdicts.tex",
        "small-paper-models.tex",
        "small-paper-verdicts.tex",
        f"{checks[0].spec_id}-verdicts.tex",
    ]
    assert {path.name: path.read_text(encoding="utf-8") for path in paths} == latex_files(studies, checks)


def test_no_table_is_written_over_another(tmp_path: Path) -> None:
    study = study_of(filled("quick"))
    with pytest.raises(UsageError, match=r"two specs would write small-quick-models\.tex"):
        write_latex([study, study], [], tmp_path / "tables")
    assert not (tmp_path / "tables").exists()


def test_without_claims_and_runs(tmp_path: Path) -> None:
    assert list(latex_files([study_of(factory.study(claims=()))], [])) == ["small-quick-models.tex"]
    nothing = check_study(load_checks(tmp_path, THEORY), Store(tmp_path / "results"))
    assert [row[-1] for row in rows(checks_table(nothing))[1:]] == ["not assessed"] * 2
