"""Write a report: overview, a page for each spec, figures, everything as data, and what each file was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pkbench.atomic import write_bytes
from pkbench.report import manifest
from pkbench.report.checks import CheckStudy
from pkbench.report.checks_page import page as check_page
from pkbench.report.csv_out import csv_files
from pkbench.report.drawing import draw
from pkbench.report.json_out import report_json
from pkbench.report.latex import latex_files
from pkbench.report.manifest import Source, source_of, source_of_checks
from pkbench.report.markdown import index_page, spec_page
from pkbench.report.page.build import html_page
from pkbench.report.study import Study


def write_report(
    studies: Sequence[Study],
    checks: Sequence[CheckStudy],
    folder: Path,
    processes: int,
    *,
    elsewhere: Iterable[Path] = (),
    export: Path | None = None,
) -> tuple[Path, ...]:
    """Write the report of ``studies`` and ``checks`` into ``folder``; every path written there, the overview first.

    The overview is about these studies only, so give all of a project's for a whole one. Figures are drawn by up to
    ``processes`` processes; they also go to ``export``, where it is given, in the formats that papers are made with.
    ``elsewhere`` are folders of tables and figures written along, which the manifest names.
    """
    sources = _sources(studies, checks)
    everything = tuple(sources.values())
    made: dict[Path, Sequence[Source]] = {}

    def write(name: str, text: str, of: Sequence[Source]) -> None:
        write_bytes(folder / name, text.encode())
        made[folder / name] = of

    write("index.md", index_page(studies, checks), everything)
    write("report.json", report_json(studies, checks), everything)
    by_spec: dict[str, list[Study]] = {}
    for study in studies:
        by_spec.setdefault(study.evaluation.spec_id, []).append(study)
    drawn = draw(studies, folder / "figures", processes, export)
    links = {name: {kind: f"figures/{png.name}" for kind, png in found.items()} for name, found in drawn.items()}
    for spec_id, members in by_spec.items():
        write(f"{spec_id}.md", spec_page(members, links), [sources[study.name] for study in members])
        for study in members:
            files = [path for png in drawn[study.name].values() for path in (png, png.with_suffix(".svg"))]
            made |= dict.fromkeys(files, (sources[study.name],))
    for check in checks:
        write(f"{check.spec_id}.md", check_page(check), (sources[check.spec_id],))
    manifest.add(folder, made, elsewhere)
    if export is not None:
        exported = {
            export / f"{name}-{kind}.{ending}": (sources[name],)
            for name, found in drawn.items()
            for kind in found
            for ending in ("pdf", "svg", "png")
        }
        manifest.add(export, exported)
    return tuple(made)


def write_page(studies: Sequence[Study], checks: Sequence[CheckStudy], folder: Path) -> Path:
    """Write all of it as one page, ``report.html`` in ``folder``; its path."""
    path = folder / "report.html"
    write_bytes(path, html_page(studies, checks).encode())
    manifest.add(folder, {path: tuple(_sources(studies, checks).values())})
    return path


def write_latex(studies: Sequence[Study], checks: Sequence[CheckStudy], folder: Path) -> tuple[Path, ...]:
    """Write every table of :func:`pkbench.report.latex.latex_files` into ``folder``; their paths."""
    sources = _sources(studies, checks)
    files = latex_files(studies, checks)
    of = {name: [source for key, source in sources.items() if name.startswith(f"{key}-")] for name in files}
    return _write_texts(files, of, folder)


def write_csv(studies: Sequence[Study], checks: Sequence[CheckStudy], folder: Path) -> tuple[Path, ...]:
    """Write every table of :func:`pkbench.report.csv_out.csv_files` into ``folder``; their paths."""
    files = csv_files(studies, checks)
    everything = tuple(_sources(studies, checks).values())
    return _write_texts(files, dict.fromkeys(files, everything), folder)


def _sources(studies: Sequence[Study], checks: Sequence[CheckStudy]) -> dict[str, Source]:
    """What each study is made from, by the name its files begin with."""
    trained = {study.name: source_of(study) for study in studies}
    return trained | {check.spec_id: source_of_checks(check) for check in checks}


def _write_texts(files: Mapping[str, str], of: Mapping[str, Sequence[Source]], folder: Path) -> tuple[Path, ...]:
    for name, text in files.items():
        write_bytes(folder / name, text.encode())
    if files:
        manifest.add(folder, {folder / name: of[name] for name in files})
    return tuple(folder / name for name in files)
