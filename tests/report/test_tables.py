import io

from rich.console import Console
from rich.table import Table

from pkbench.report.tables import model_table, published_table, verdict_table
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from tests.claims.factory import document
from tests.report.made import filled, study_of


def shown(table: Table) -> str:
    output = io.StringIO()
    Console(file=output, width=160, markup=True, highlight=False).print(table)
    return output.getvalue()


def test_verdicts() -> None:
    text = shown(verdict_table(study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0)}))))
    assert "small at paper, verdicts. The published setting." in text
    assert "✓ supported (compatible)" in text
    assert "12.07 ± 0.47 (n = 3) against 14.81, quoted; p = 0.010" in text
    assert "a − reported" in text
    assert "? inconclusive" in text
    assert "–" in shown(verdict_table(study_of(filled())))


def test_models() -> None:
    text = shown(model_table(study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0)}))))
    cells = [
        cell.strip()
        for cell in next(line for line in text.splitlines() if line.startswith("│ a ")).strip("│").split("│")
    ]
    assert cells == ["a", "cifar10", "4", "8", "64", "30k", "12.00 ± 1.00", "3 of 3", "0.01", "12.07 ± 0.47 (n = 3)"]
    assert "quoted, not run" in text
    assert "14.81, quoted" in text


def test_scope_is_text_not_markup() -> None:
    raw = document(seeds=(0, 1, 2))
    raw["profile"]["quick"]["scope"] = "[red]x[/] \x9b2J [/bold]"
    made = filled()
    made.scaled = scale(Spec.model_validate(raw), "quick")
    for table in (verdict_table(study_of(made)), model_table(study_of(made))):
        assert "[red]x[/] 2J [/bold]" in shown(table)


def test_published_numbers_of_other_data_stand_apart() -> None:
    quick = published_table(study_of(filled()))
    assert quick is not None
    text = shown(quick)
    assert "nothing at quick measures these" in text
    assert "12.07 ± 0.47 (n = 3)" in text
    assert "14.81, quoted" in text
    assert "not run" in text
    assert published_table(study_of(filled("paper"))) is None
