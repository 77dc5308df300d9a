"""Results folders from somebody else: whatever lies there, every verb ends soon, and nothing outside is touched."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pkbench.errors import StoreError
from pkbench.plan.run import canonical_json, config_id
from pkbench.store.checkpoints import CheckpointInfo, Checkpoints, _sealed
from pkbench.store.envelope import decode, encode
from pkbench.store.files import Store
from pkbench.store.record import Record
from pkbench.train.weights import load_weights
from tests.small import write_small
from tests.store.factory import make_record
from tests.store.processes import run_pkbench
from tests.torture.conftest import Torture


class Bomb:
    """What a pickle of this is read by starts a program, if it lets it."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.sign}'",)


def forged(record: Record, **changes: Any) -> tuple[str, bytes]:
    """``record`` with values that it should not have, its checksum and id right; and its id."""
    content = record.model_dump(mode="json") | changes
    content["run_id"] = config_id(content["config"])
    digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()
    return content["run_id"], json.dumps({"sha256": digest, "record": content}).encode()


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def hostile_records() -> dict[str, tuple[str, bytes]]:
    """Records by what is wrong with them: id and bytes. Every checksum is right."""
    record = make_record()
    raw = record.model_dump(mode="json")
    config, epoch = raw["config"], raw["history"][-1]
    labels, invocation = raw["labels"], raw["invocation"]
    changes: dict[str, dict[str, Any]] = {
        "no epoch": {"history": []},
        "an epoch without a result": {"history": [epoch | {"test_error": None}]},
        "failed for no reason": {"status": "failed"},
        "a name that is a path": {"labels": labels | {"model": "../../etc/passwd"}},
        "a name with commands": {"labels": labels | {"data": "\x1b[2J"}},
        "a spec that is a path": {"spec": raw["spec"] | {"id": "../../../tmp/x"}},
        "a query in an id": {"invocation": invocation | {"id": "' or 1 = 1"}},
        "a time after all calendars": {"started": 1e300, "invocation": invocation | {"started": 1e300}},
        "a number beyond floats": {"counts": raw["counts"] | {"m": 10**400}},
        "a negative stack": {"stacked": -1},
        "a configuration without a recipe": {"config": {"model": {}, "data": {}}},
        "a configuration of lists": {"config": {"model": [], "data": [], "train": []}},
        "a configuration 400 levels deep": {"config": config | {"extra": nested(400)}},
        "an unknown key": {"pickle": "gASVKAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOU"},
    }
    found = {name: forged(record, **change) for name, change in changes.items()}
    name = record.run_id
    found["50,000 brackets"] = (name, b"[" * 50_000)
    found["50,000 tables"] = (name, b'{"record":' * 50_000)
    found["a number of 100,000 digits"] = (name, b'{"sha256": "0", "record": {"seed": ' + b"9" * 100_000 + b"}}")
    found["nothing but NaN"] = (name, b'{"sha256": "0", "record": NaN}')
    found["a pickle"] = (name, pickle.dumps(Bomb(Path("/nonexistent/sign"))))
    return found


def test_hostile_records_are_no_records(torture: Torture) -> None:
    records = hostile_records()
    for name, (run_id, raw) in records.items():
        with pytest.raises(ValueError, match=r"it |its ") as caught:
            decode(raw, run_id, Record)
        assert str(caught.value), name
    assert decode(encode(make_record()), make_record().run_id, Record) == make_record()
    torture.tell(
        "records with a right checksum and hostile fields, nesting and numbers", len(records), "nothing: refused"
    )


@pytest.mark.parametrize("run_id", ["../../x", "/etc/passwd", "a" * 15, "A" * 16, "a" * 16 + "\n", "", "a/b"])
def test_an_id_that_is_a_path_is_refused(run_id: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run id"):
        Store(tmp_path).record_path("toy", run_id)
    with pytest.raises(StoreError, match="is not a run id"):
        Store(tmp_path).weights_path("toy", run_id)


def info(content: bytes, step: int = 1) -> CheckpointInfo:
    digest = hashlib.sha256(content).hexdigest()
    return CheckpointInfo(run_id="a" * 16, step=step, sha256=digest, history=(), resumed_after=(), started=0.0)


def hostile_tensors(sign: Path) -> dict[str, bytes]:
    """Files of tensors that would start a program, or fill the memory."""
    buffer, bomb, folded = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save({"model": Bomb(sign)}, buffer)
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", bytes(200_000_000))
    torch.save([torch.zeros(3)], folded)
    return {
        "a pickle": pickle.dumps(Bomb(sign)),
        "a pickle in torch's archive": buffer.getvalue(),
        "a bomb": bomb.getvalue(),
        "no state": folded.getvalue(),
        "nothing": b"",
    }


def test_hostile_tensors_start_nothing(tmp_path: Path, torture: Torture) -> None:
    sign = tmp_path / "started"
    files = hostile_tensors(sign)
    for name, content in files.items():
        checkpoints = Checkpoints(tmp_path / name, "a" * 16)
        checkpoints.folder.mkdir(parents=True)
        (checkpoints.folder / "step-000000000001-000001.pt").write_bytes(content)
        (checkpoints.folder / "step-000000000001-000001.json").write_bytes(_sealed(info(content)))
        found, problems = checkpoints.load()
        assert found is None, name
        assert "is damaged" in problems[0], name
        with pytest.raises(ValueError, match=r"no weights of this model|not the weights"):
            load_weights(torch.nn.Linear(2, 2), content, "0" * 64)
    assert not sign.exists()
    torture.tell(
        "checkpoints and kept weights that are pickles, bombs or something else", 2 * len(files), "nothing: refused"
    )


def test_a_checkpoint_of_the_future_displaces_none_of_ours(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "a" * 16)
    checkpoints.folder.mkdir()
    for name in ("step-999999999998-000001.json", "step-999999999999-000002.json"):
        (checkpoints.folder / name).write_bytes(_sealed(info(b"")))
    (checkpoints.folder / "step-000000000000-000000.json").mkdir()
    (checkpoints.folder / "step-zzz.json").mkdir()
    for step in (1, 2, 3):
        checkpoints.save({"step": step}, info(b"", step))
    found, problems = checkpoints.load()
    assert found is not None
    assert (found.info.step, problems) == (3, ())


THINGS: dict[str, Callable[[Path, Path], None]] = {
    "a pipe": lambda place, _: os.mkfifo(place),
    "a folder": lambda place, _: place.mkdir(),
    "a link to a device": lambda place, _: place.symlink_to("/dev/zero"),
    "a link to itself": lambda place, _: place.symlink_to(place),
    "a link to nothing": lambda place, _: place.symlink_to("/nonexistent/x"),
    "a link to a file outside": lambda place, outside: place.symlink_to(outside),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec of two runs that are done."""
    spec = write_small(tmp_path_factory.mktemp("trained"), ("seeds = [0, 1, 2]", "seeds = [0]"))
    code, _, err = run_pkbench("run", spec)
    assert code == 0, err
    return spec


@pytest.mark.parametrize("thing", THINGS)
def test_what_stands_where_a_record_was(thing: str, trained: Path, tmp_path: Path, torture: Torture) -> None:
    if thing not in {"a pipe", "a link to a file outside"}:
        torture.only_full()
    spec = Path(shutil.copytree(trained.parent.parent, tmp_path / "project")) / "specs" / "small.toml"
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = spec.parent.parent / "results" / "small"
    first, second = sorted((folder / "runs").glob("*.json"))
    hidden = folder / "checkpoints" / second.stem
    hidden.mkdir(parents=True)
    for place in (first, hidden / "step-000000000001-000001.json", hidden / "step-000000000001-000001.pt"):
        place.unlink(missing_ok=True)
        THINGS[thing](place, outside)
    second.unlink()
    verbs = ("report", "plan", "run", "run")[0 if torture.full else 2 :]
    for verb in verbs:
        code, out, err = run_pkbench(verb, spec)
        assert "Traceback" not in out + err
        assert code == 0, f"{verb}: {out}{err}"
    assert len([path for path in (folder / "runs").glob("*.json") if path.is_file() and not path.is_symlink()]) == 2
    assert outside.read_text() == "mine"
    torture.tell(f"{thing} in place of a record and of checkpoints", len(verbs), "the run: computed again")


@pytest.mark.parametrize("name", ["small", "small/runs", "small/checkpoints", "small/locks"])
def test_a_link_out_of_the_results(name: str, trained: Path, tmp_path: Path, torture: Torture) -> None:
    if name != "small/locks":
        torture.only_full()
    spec = Path(shutil.copytree(trained.parent.parent, tmp_path / "project")) / "specs" / "small.toml"
    place = spec.parent.parent / "results" / name
    outside = tmp_path / "outside"
    if name.endswith(".lock"):
        place.unlink(missing_ok=True)
        outside.write_text("mine")
    else:
        shutil.rmtree(place, ignore_errors=True)
        outside.mkdir()
        (outside / ".mine.tmp").write_text("mine")
    place.symlink_to(outside)
    code, out, err = run_pkbench("run", spec, "--fresh")
    assert "Traceback" not in out + err
    if outside.is_dir():
        assert code == 1
        assert "is a link to" in err
        assert len(err.strip().splitlines()) == 1
        assert [path.name for path in outside.rglob("*")] == [".mine.tmp"]
    else:
        assert outside.read_text() == "mine"
    torture.tell(f"results/{name} is a link to somewhere else", 1, "nothing outside touched")
