"""Write a report: overview, a page for each spec, figures, and everything as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pkbench.atomic import write_bytes
from pkbench.report.checks import CheckStudy
from pkbench.report.checks import page as check_page
from pkbench.report.csv_out import csv_files
from pkbench.report.drawing import draw
from pkbench.report.json_out import report_json
from pkbench.report.latex import latex_files
from pkbench.report.markdown import index_page, spec_page
from pkbench.report.page.build import html_page
from pkbench.report.study import Study


def write_report(
    studies: Sequence[Study],
    checks: Sequence[CheckStudy],
    folder: Path,
    processes: int,
    *,
    export: Path | None = None,
) -> tuple[Path, ...]:
    """Write the report of ``studies`` and ``checks`` into ``folder``; every path written there, the overview first.

    The overview is about these studies only, so give all of a project's for a whole one. Figures are drawn by up to
    ``processes`` processes; they also go to ``export``, where it is given, in the formats that papers are made with.
    """
    index = folder / "index.md"
    write_bytes(index, index_page(studies, checks).encode())
    data = folder / "report.json"
    write_bytes(data, report_json(studies, checks).encode())
    paths = [index, data]
    by_spec: dict[str, list[Study]] = {}
    for study in studies:
        by_spec.setdefault(study.evaluation.spec_id, []).append(study)
    drawn = draw(studies, folder / "figures", processes, export)
    links = {name: {kind: f"figures/{png.name}" for kind, png in found.items()} for name, found in drawn.items()}
    for spec_id, members in by_spec.items():
        page = folder / f"{spec_id}.md"
        write_bytes(page, spec_page(members, links).encode())
        paths += [page, *(png for study in members for png in drawn[study.name].values())]
    for check in checks:
        page = folder / f"{check.spec_id}.md"
        write_bytes(page, check_page(check).encode())
        paths.append(page)
    return tuple(paths)


def write_page(studies: Sequence[Study], checks: Sequence[CheckStudy], folder: Path) -> Path:
    """Write all of it as one page, ``report.html`` in ``folder``; its path."""
    path = folder / "report.html"
    write_bytes(path, html_page(studies, checks).encode())
    return path


def write_latex(studies: Sequence[Study], checks: Sequence[CheckStudy], folder: Path) -> tuple[Path, ...]:
    """Write every table of :func:`pkbench.report.latex.latex_files` into ``folder``; their paths."""
    return _write_texts(latex_files(studies, checks), folder)


def write_csv(studies: Sequence[Study], checks: Sequence[CheckStudy], folder: Path) -> tuple[Path, ...]:
    """Write every table of :func:`pkbench.report.csv_out.csv_files` into ``folder``; their paths."""
    return _write_texts(csv_files(studies, checks), folder)


def _write_texts(files: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    for name, text in files.items():
        write_bytes(folder / name, text.encode())
    return tuple(folder / name for name in files)
