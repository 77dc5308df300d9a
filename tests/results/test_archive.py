"""``pkbench export`` and ``pkbench import``: seeds of several machines together, nothing overwritten, nothing believed unchecked."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pkbench.errors import PkbenchError, UsageError
from pkbench.execute.holds import Holds
from pkbench.plan.run import config_id
from pkbench.store.files import Store, encode
from pkbench.store.record import Failure
from pkbench.store.seal import seal, unseal
from tests.results.conftest import call
from tests.results.made import Made, every_file


@pytest.fixture(params=["results.tar.gz", "results.zip"])
def archive(made: Made, request: pytest.FixtureRequest) -> Path:
    result = call("export", "--out", request.param)
    assert result.exit_code == 0, result.output
    return made.folder / request.param


def refused(archive: Path, into: Path) -> str:
    """What is said of an archive that nothing is taken from."""
    result = call("import", str(archive), "--results", str(into))
    assert isinstance(result.exception, UsageError), result.output
    assert not into.exists()
    return result.exception.message


def content_of(path: Path) -> dict[str, bytes]:
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as packed:
            return {name: packed.read(name) for name in packed.namelist()}
    with tarfile.open(path) as tar:
        return {name: file.read() for name in tar.getnames() if (file := tar.extractfile(name)) is not None}


def packed_as(path: Path, content: dict[str, bytes]) -> Path:
    """An archive at ``path`` of whatever ``content`` says."""
    with tarfile.open(path, "w:gz") as tar:
        for name, raw in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return path


def described(content: dict[str, bytes]) -> dict[str, bytes]:
    """``content`` with a manifest that says so."""
    members = [
        {"name": name, "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()} for name, raw in content.items()
    ]
    return {"manifest.json": seal("manifest", {"format": 1, "version": "0", "members": members}), **content}


def test_what_was_exported_comes_back(made: Made, archive: Path) -> None:
    into = made.folder / "other"
    result = call("import", str(archive), "--results", str(into))
    assert result.exit_code == 0, result.output
    assert "added: small runs: 6 (seeds 0–2)" in result.stdout
    assert "17 added to" in result.stdout
    assert every_file(into) == every_file(made.folder / "results")
    again = call("import", str(archive), "--results", str(into), "--json")
    data = json.loads(again.stdout)
    assert (data["added"], data["same"], data["kept"]) == ({}, 17, [])


def test_the_same_results_give_the_same_bytes_and_no_machine_is_in_them(made: Made, archive: Path) -> None:
    again = archive.with_name(f"again-{archive.name}")
    call("export", "small", "numbers", "--out", str(again))
    assert again.read_bytes() == archive.read_bytes()
    assert str(made.folder).encode() not in b"".join(content_of(archive).values())


def test_seeds_of_two_machines_come_together(made: Made, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    for folder, seed in ((mine, 2), (theirs, 0)):
        shutil.copytree(made.folder / "results", folder)
        for run in made.runs:
            if run.seed == seed:
                Store(folder).record_path("small", str(run.run_id)).unlink()
    call("export", "small", "--results", str(theirs), "--out", "theirs.zip")
    result = call("import", "theirs.zip", "--results", str(mine))
    assert "added: small runs: 2 (seeds 2)" in result.stdout
    assert len(Store(mine).scan("small").records) == 6


def test_another_record_of_the_same_run_stays_and_is_said(made: Made, archive: Path) -> None:
    run = made.runs[0]
    path = made.store.write(made.record(run, 77.0, kept_sha256="1" * 64))
    before = path.read_bytes()
    result = call("import", str(archive))
    assert path.read_bytes() == before
    assert f"{path}: the archive has another result of this run (test error 77 % here, " in result.stdout
    assert "the archive's weights are not those of the record here" in result.stdout
    assert "0 added to" in result.stdout


def test_the_same_result_computed_twice_is_no_note(made: Made, archive: Path) -> None:
    path = made.store.record_path("small", str(made.runs[0].run_id))
    record = made.store.read("small", str(made.runs[0].run_id))
    assert record is not None
    path.unlink()
    made.store.write(record.model_copy(update={"seconds": record.seconds + 1, "started": 5.0}))
    result = call("import", str(archive))
    assert "0 added to" in result.stdout
    assert "16 there already, 1 computed here too with the same result, 0 notes" in result.stdout


def test_a_finished_record_takes_the_place_of_a_failed_one(made: Made, archive: Path) -> None:
    run = made.runs[0]
    path = made.store.record_path("small", str(run.run_id))
    whole, record = path.read_bytes(), made.store.read("small", str(run.run_id))
    assert record is not None
    path.unlink()
    failure = Failure(kind="diverged", epoch=1, message="x")
    made.store.write(record.model_copy(update={"status": "failed", "failure": failure}))
    result = call("import", str(archive))
    assert "the run had failed here; the archive's finished record took its place" in result.stdout
    assert path.read_bytes() == whole


def test_errors_beyond_a_hundred_per_cent_are_refused(made: Made, tmp_path: Path) -> None:
    run = made.runs[0]
    made.store.record_path("small", str(run.run_id)).unlink()
    made.store.write(made.record(run, 500.0))
    call("export", "small", "--out", "odd.zip")
    assert "has a test error of 500 %" in refused(made.folder / "odd.zip", tmp_path / "into")


def test_a_damaged_record_is_set_aside_for_a_sound_one(made: Made, archive: Path) -> None:
    path = made.store.record_path("small", str(made.runs[0].run_id))
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    result = call("import", str(archive))
    assert "set aside as" in result.stdout
    assert path.read_bytes() == whole
    assert path.with_suffix(".json.damaged").read_bytes() == whole[:-9]


def test_a_run_that_is_being_computed_here_is_left_to_that(made: Made, archive: Path) -> None:
    into = made.folder / "other"
    run_id = next(path.stem for path in (made.folder / "results" / "small" / "runs").iterdir())
    with Holds(into / "small").held([run_id]):
        result = call("import", str(archive), "--results", str(into))
    assert result.exit_code == 0, result.output
    assert f"small/runs/{run_id}: another pkbench computes it here at this moment; it was left out" in result.output
    assert not (into / "small" / "runs" / f"{run_id}.json").exists()
    again = call("import", str(archive), "--results", str(into))
    assert "added: small runs: 1" in again.stdout


def test_what_is_damaged_is_not_exported(made: Made) -> None:
    path = made.store.record_path("small", str(made.runs[0].run_id))
    path.write_bytes(b"{}")
    made.store.weights_path("small", str(made.runs[1].run_id)).write_bytes(b"other")
    result = call("export", "small", "--out", "some.zip")
    assert result.exit_code == 0
    assert "left out: it is not a whole JSON record" in result.stderr
    assert "left out: these are not the weights of its run" in result.stderr
    assert f"small/runs/{path.name}" not in content_of(made.folder / "some.zip")


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_every_altered_byte_of_an_archive_is_refused_or_harmless(made: Made, kind: str, tmp_path: Path) -> None:
    call("export", "numbers", "--out", f"small.{kind}")
    path = made.folder / f"small.{kind}"
    raw = path.read_bytes()
    whole = every_file(made.store.folder("numbers"))
    for place in range(0, len(raw), max(1, len(raw) // 40)):
        altered = bytearray(raw)
        altered[place] ^= 0x10
        path.write_bytes(altered)
        into = tmp_path / f"into-{place}"
        result = call("import", str(path), "--results", str(into))
        if result.exception is None:
            # A byte that nothing is read from, like a time stamp: what came out is what went in.
            assert every_file(into / "numbers") == whole
        else:
            assert isinstance(result.exception, PkbenchError | SystemExit), result.exception
            assert not into.exists()


def escaping(content: dict[str, bytes]) -> dict[str, bytes]:
    return described({"../../escaped.json": b"x"})


def absolute(content: dict[str, bytes]) -> dict[str, bytes]:
    return described({"/tmp/escaped": b"x"})


def unlisted(content: dict[str, bytes]) -> dict[str, bytes]:
    return {**content, "small/runs/0000000000000000.json": b"x"}


def absent(content: dict[str, bytes]) -> dict[str, bytes]:
    return dict(list(content.items())[:-1])


def without_manifest(content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: raw for name, raw in content.items() if name != "manifest.json"}


def other_id(content: dict[str, bytes]) -> dict[str, bytes]:
    raw = next(raw for name, raw in content.items() if "/runs/" in name)
    return described({"small/runs/0000000000000000.json": raw})


def other_spec(content: dict[str, bytes]) -> dict[str, bytes]:
    name, raw = next((name, raw) for name, raw in content.items() if "/runs/" in name)
    return described({name.replace("small", "elsewhere"): raw})


def other_config(content: dict[str, bytes]) -> dict[str, bytes]:
    """A record with a checksum that is right, under the id of another configuration."""
    name, raw = next((name, raw) for name, raw in content.items() if "/runs/" in name)
    record = unseal(raw, "record")[0]
    record["config"]["seed"] = 12345
    return described({name: seal("record", record)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (escaping, "'../../escaped.json' is no file of results"),
        (absolute, "'/tmp/escaped' is no file of results"),
        (unlisted, "is not in both the archive and its manifest.json"),
        (absent, "is not in both the archive and its manifest.json"),
        (without_manifest, "it has no manifest.json"),
        (other_id, "it belongs to another run"),
        (other_spec, "it is a record of 'small'"),
        (other_config, "it belongs to another run"),
    ],
)
def test_hostile_archives_are_refused_whole(
    made: Made, tmp_path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]], words: str
) -> None:
    call("export", "small", "--out", "good.zip")
    hostile = packed_as(tmp_path / "bad.tar.gz", change(content_of(made.folder / "good.zip")))
    assert words in refused(hostile, tmp_path / "into")
    assert not (tmp_path / "escaped.json").exists()


def test_links_and_doubles_are_refused(tmp_path: Path, made: Made) -> None:
    with tarfile.open(tmp_path / "link.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("small/runs/0000000000000000.json")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    assert "is no regular file" in refused(tmp_path / "link.tar.gz", tmp_path / "into")
    raw = described({})["manifest.json"]
    with tarfile.open(tmp_path / "twice.tar.gz", "w:gz") as tar:
        for _ in range(2):
            info = tarfile.TarInfo("manifest.json")
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    assert "a file is in it twice" in refused(tmp_path / "twice.tar.gz", tmp_path / "into")


def test_headers_that_unpack_to_gigabytes_are_not_read(tmp_path: Path, made: Made) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 8 * 2**30
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT) + b"0" * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "a header in it is far too long" in refused(tmp_path / "bomb.tar.gz", tmp_path / "into")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**18, "kilobytes"


def test_a_file_that_unpacks_to_more_than_it_says_is_not_read_further(tmp_path: Path, made: Made) -> None:
    content = described({f"small/runs/{made.runs[0].run_id}.json": b"x" * 10})
    longer = {name: raw if name == "manifest.json" else raw * 1000 for name, raw in content.items()}
    assert "is not in both the archive and its manifest" in refused(
        packed_as(tmp_path / "a.tgz", longer), tmp_path / "i"
    )


def test_what_is_no_archive_is_one_line(made: Made, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("not an archive")
    os.mkfifo(tmp_path / "pipe.zip")
    for path, words in (
        (tmp_path / "text.zip", "it is neither a .zip nor a .tar.gz archive"),
        (tmp_path / "absent.zip", "No such file"),
        (tmp_path / "pipe.zip", "this is no regular file"),
        (tmp_path, "this is no regular file"),
    ):
        message = refused(path, tmp_path / "into")
        assert words in message
        assert "\n" not in message


def test_an_archive_needs_a_name_and_something_in_it(made: Made) -> None:
    error = call("export", "--out", "results.rar").exception
    assert isinstance(error, UsageError)
    assert "it ends in .tar.gz, .tgz, .zip" in error.message
    for path in made.store.checks_folder("numbers").iterdir():
        path.unlink()
    error = call("export", "numbers", "--out", "none.zip").exception
    assert isinstance(error, UsageError)
    assert "no sound results" in error.message
    assert not list(made.folder.glob("*.zip"))
    assert not list(made.folder.glob(".*.tmp"))


def test_a_run_of_further_seeds_is_added(made: Made, tmp_path: Path) -> None:
    record = made.record(made.runs[0], 3.0, kept_sha256=None)
    config = {**record.config, "seed": 9}
    more = record.model_copy(
        update={"config": config, "run_id": config_id(config), "labels": record.labels.model_copy(update={"seed": 9})}
    )
    archive = packed_as(tmp_path / "more.tgz", described({f"small/runs/{more.run_id}.json": encode(more)}))
    assert "added: small runs: 1 (seeds 9)" in call("import", str(archive)).stdout


@pytest.mark.parametrize("arguments", [["export", "--out", "x.zip"], ["import", "some.zip"]])
def test_no_torch_is_needed(made: Made, arguments: list[str]) -> None:
    call("export", "--out", "some.zip")
    code = (
        "import sys; from pkbench.cli.main import main\n"
        f"sys.argv = ['pkbench', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit as error: print(error.code or 0)\n"
        "print([name for name in ('torch', 'mlflow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines()[-1] == "[]"
