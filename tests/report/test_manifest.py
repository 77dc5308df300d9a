"""The manifest of a report: every file with its checksum and what it was made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pkbench.report import manifest
from pkbench.report.build import write_csv, write_latex, write_report
from pkbench.store.seal import seal
from tests.claims.factory import COMPARE
from tests.report.made import filled, from_disk


def written(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != manifest.NAME}


def found(folder: Path) -> manifest.Manifest:
    read = manifest.read(folder)
    assert read is not None
    return read


def test_every_file_is_in_it_with_its_records(tmp_path: Path) -> None:
    made = filled(compares=(COMPARE,))
    study = from_disk(made, tmp_path / "results")
    write_report([study], [], tmp_path / "reports", 1, elsewhere=[tmp_path / "paper"])
    read = found(tmp_path / "reports")
    assert set(read.files) == written(tmp_path / "reports")
    for name, entry in read.files.items():
        assert hashlib.sha256((tmp_path / "reports" / name).read_bytes()).hexdigest() == entry.sha256
    (source,) = read.sources.values()
    assert set(source.records) == {f"runs/{run_id}" for run_id in made.records}
    assert source.records == {name: study.checksums[name] for name in source.records}
    assert (source.spec, source.profile, source.spec_sha256) == ("small", "quick", "5" * 64)
    assert read.elsewhere == ("../paper",)


def test_tables_have_one_of_their_own_and_know_their_study(tmp_path: Path) -> None:
    study = from_disk(filled(), tmp_path / "results")
    write_latex([study], [], tmp_path / "both")
    write_csv([study], [], tmp_path / "both")
    read = found(tmp_path / "both")
    assert set(read.files) == written(tmp_path / "both")
    assert {entry.sources for entry in read.files.values()} == {tuple(read.sources)}


def test_a_file_that_is_not_written_again_keeps_what_it_was_made_from(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    write_report([from_disk(filled(), tmp_path / "results")], [], folder, 1)
    old = found(folder).files["figures/small-quick-curves.png"]
    # Without results nothing is drawn: the old figures stay, and are not said to be of the new records.
    write_report([from_disk(filled(errors={}), tmp_path / "empty")], [], folder, 1)
    read = found(folder)
    assert read.files["figures/small-quick-curves.png"] == old
    assert read.files["small.md"].sources != old.sources
    assert len(read.sources) == 2


def test_what_is_removed_is_forgotten_with_its_sources(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    write_report([from_disk(filled(), tmp_path / "results")], [], folder, 1)
    manifest.remove(folder, ["index.md"])
    assert "index.md" not in found(folder).files
    manifest.remove(folder, list(found(folder).files))
    assert found(folder).sources == {}


def test_an_unsound_manifest_is_no_manifest_and_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    assert manifest.read(folder) is None
    folder.mkdir()
    (folder / manifest.NAME).write_text("{}")
    with pytest.raises(ValueError, match="not a whole JSON manifest"):
        manifest.read(folder)
    write_report([from_disk(filled(), tmp_path / "results")], [], folder, 1)
    assert set(found(folder).files) == written(folder)


@pytest.mark.parametrize("name", ["../results/small/runs/x.json", "/etc/passwd", "figures/../../x"])
def test_a_manifest_that_speaks_of_files_outside_is_not_believed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "reports"
    write_report([from_disk(filled(), tmp_path / "results")], [], folder, 1)
    read = found(folder)
    hostile = read.model_copy(update={"files": {name: read.files["index.md"]}})
    (folder / manifest.NAME).write_bytes(seal("manifest", hostile.model_dump(mode="json")))
    with pytest.raises(ValueError, match="which is not in its folder"):
        manifest.read(folder)
