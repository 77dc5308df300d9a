"""Checks carried out: each once, kept whatever happens to the others, and computed again where its record is unsound."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pkbench.errors import StoreError, UsageError
from pkbench.execute import checks as module
from pkbench.execute.checks import CheckEnded, run_checks
from pkbench.execute.events import Event, Note
from pkbench.execute.holds import Holds
from pkbench.finding import Finding
from pkbench.plan.check import checks_of
from pkbench.spec.audit import AuditClaim, Configuration
from pkbench.spec.load import LoadedChecks, load_any
from pkbench.store.check_record import CheckRecord
from pkbench.store.envelope import encode
from pkbench.store.files import Store
from tests.spec.test_check_specs import AUDIT, THEORY, load_checks, write_checks
from tests.store.processes import wait_until
from tests.store.test_check_records import sealed


class Watched:
    """Runs of a spec in a folder, what was told of them, and a wish to stop."""

    def __init__(self, folder: Path, text: str = AUDIT) -> None:
        self.loaded: LoadedChecks = load_checks(folder, text)
        self.results = folder / "results"
        self.ended: list[CheckEnded] = []
        self.events: list[Event] = []
        self.stop: Callable[[], bool] = lambda: False

    def run(self, *, fresh: bool = False) -> bool:
        """Whether all are done."""
        self.ended, self.events = [], []
        return run_checks(
            self.loaded,
            self.results,
            fresh=fresh,
            emit=self.events.append,
            on_check=self.ended.append,
            should_stop=self.stop,
        )

    @property
    def computed(self) -> list[str]:
        """Names of the claims that were computed by the last run."""
        return [event.check.claim.id for event in self.ended if event.fresh]

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]

    @property
    def records(self) -> dict[str, CheckRecord]:
        """Records by the name of their claim."""
        scan = Store(self.results).scan_checks(self.loaded.spec.experiment.id)
        return {record.claim: record for record in scan.records.values()}

    def path(self, claim: str) -> Path:
        folder = Store(self.results).checks_folder(self.loaded.spec.experiment.id)
        return folder / f"{self.records[claim].run_id}.json"


def essence(record: CheckRecord) -> tuple[object, ...]:
    """What must be equal whenever a check is repeated."""
    return record.run_id, record.config, record.residual, record.values, record.sentence, record.failure


@pytest.mark.parametrize(("text", "names"), [(THEORY, ["vec", "extra-phi"]), (AUDIT, ["width", "same-m"])])
def test_everything_once_and_nothing_twice(text: str, names: list[str], tmp_path: Path) -> None:
    watched = Watched(tmp_path, text)
    assert watched.run()
    assert watched.computed == names
    before = watched.records
    assert watched.run()
    assert watched.computed == watched.notes == []
    assert [event.check.claim.id for event in watched.ended] == names
    assert watched.records == before


def test_a_record_is_enough_by_itself(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.run()
    record = watched.records["same-m"]
    assert record.residual == pytest.approx(12 / 24)
    assert {value.name: value.value for value in record.values}["large"] == 36
    assert "24 (small) and 36 (large)" in record.sentence
    assert record.failure is None
    assert record.config["configurations"]["large"]["model"]["C"] == 9
    assert (record.spec.id, record.spec.sha256) == ("numbers", watched.loaded.sha256)
    assert record.environment.device == "cpu"
    assert len({record.invocation.id for record in watched.records.values()}) == 1


def test_fresh_computes_again_and_finds_the_same(tmp_path: Path) -> None:
    watched = Watched(tmp_path, THEORY)
    watched.run()
    before = {name: essence(record) for name, record in watched.records.items()}
    invocations = {record.invocation.id for record in watched.records.values()}
    watched.run(fresh=True)
    assert watched.computed == ["vec", "extra-phi"]
    assert {name: essence(record) for name, record in watched.records.items()} == before
    assert invocations.isdisjoint(record.invocation.id for record in watched.records.values())


def test_only_a_changed_claim_is_computed_again(tmp_path: Path) -> None:
    watched = Watched(tmp_path, THEORY)
    watched.run()
    watched.loaded = load_checks(tmp_path, THEORY, ("draws = 4", "draws = 5"), ("The expression", "It"))
    watched.run()
    assert watched.computed == ["vec"]


def cut(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def altered(path: Path, other: Path) -> None:
    changed = path.read_bytes().replace(b'"residual": 0.5', b'"residual": 0.0')
    assert changed != path.read_bytes()
    path.write_bytes(changed)


def foreign(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def resealed_without_a_field(path: Path, other: Path) -> None:
    content = json.loads(path.read_bytes())["record"]
    del content["sentence"]
    path.write_bytes(sealed(content))


def empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut, altered, foreign, resealed_without_a_field, empty])
def test_an_unsound_record_is_told_and_computed_again(damage: Callable[[Path, Path], None], tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.run()
    before, path = essence(watched.records["same-m"]), watched.path("same-m")
    damage(path, watched.path("width"))
    assert watched.run()
    assert watched.computed == ["same-m"]
    (note,) = watched.notes
    assert path.name in note
    assert "counts as not done" in note
    assert essence(watched.records["same-m"]) == before


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.run()
    path = watched.path("width")
    (path.parent / f".{path.name}.abc.tmp").write_text("{")
    watched.run()
    assert {found.name for found in path.parent.iterdir()} == {path.name, watched.path("same-m").name}


def stand_in_audit(monkeypatch: pytest.MonkeyPatch, claim_id: str, outcome: BaseException | Finding) -> None:
    """The claim called ``claim_id`` has ``outcome``, every other one is found to hold."""

    def audit(claim: AuditClaim, configurations: Mapping[str, Configuration]) -> Finding:
        if claim.id != claim_id:
            return Finding(0.0, (), "It holds.")
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(module, "audit", audit)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (MemoryError(), "MemoryError"),
        (UsageError("no such field", remedy="vary another"), "no such field; vary another"),
        (Finding(float("nan"), (), "?"), "not finite"),
        (Finding(float("inf"), (), "?"), "not finite"),
        (Finding(0.0, (("ratio", float("-inf")),), "?"), "not finite"),
    ],
)
def test_what_goes_wrong_in_one_check_is_recorded_and_the_others_go_on(
    outcome: Exception | Finding, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    with monkeypatch.context() as patch:
        stand_in_audit(patch, "width", outcome)
        assert watched.run()
        failed, sound = watched.records["width"], watched.records["same-m"]
        assert words in (failed.failure or "")
        assert (failed.residual, failed.values, failed.sentence) == (None, (), "")
        assert (sound.residual, sound.failure) == (0.0, None)
        watched.run()
        assert watched.computed == ["width"], "what failed is tried again, what is done is not"
    watched.run()
    assert watched.computed == ["width"]
    assert watched.records["width"].failure is None


def test_an_impossible_theory_claim_fails_alone(tmp_path: Path) -> None:
    growth = (
        'kind = "identity"\ncheck = "vec"',
        'kind = "growth"\ncheck = "rises"\ngamma = 1.0\nomega = 1e4\nm = [100, 101]',
    )
    watched = Watched(tmp_path, THEORY)
    loaded = load_checks(tmp_path, THEORY, growth, ("largest = 3\n", ""))
    # Loading refuses widths without room for the connections: these come in behind its back.
    narrow = loaded.spec.claim[0].model_copy(update={"m": (8, 9)})
    spec = loaded.spec.model_copy(update={"claim": (narrow, *loaded.spec.claim[1:])})
    watched.loaded = replace(loaded, spec=spec)
    assert watched.run()
    assert (watched.records["vec"].failure or "").startswith("ValueError: ")
    assert watched.records["extra-phi"].failure is None


def test_ctrl_c_is_no_failure_of_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path)
    with monkeypatch.context() as patch:
        stand_in_audit(patch, "same-m", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            watched.run()
    assert set(watched.records) == {"width"}
    watched.run()
    assert watched.computed == ["same-m"], "the lock was given back and what was done is kept"


def test_stopping_keeps_what_is_done_and_the_same_command_goes_on(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.stop = lambda: bool(watched.ended)
    assert not watched.run()
    assert watched.computed == list(watched.records) == ["width"]
    watched.stop = lambda: False
    assert watched.run()
    assert watched.computed == ["same-m"]
    assert len(watched.records) == 2


def test_stopping_at_once_computes_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.stop = lambda: True
    assert not watched.run()
    assert watched.records == {}


def ids_of(watched: Watched) -> dict[str, str]:
    return {check.claim.id: check.run_id for check in checks_of(watched.loaded.spec)}


def test_a_check_that_another_holds_is_left_to_it_and_taken_over_when_it_lets_go(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    thread = threading.Thread(target=watched.run)
    with Holds(watched.results / "numbers").held([ids_of(watched)["width"]]):
        thread.start()
        wait_until(lambda: bool(watched.notes))
        assert set(watched.records) == {"same-m"}
        assert watched.notes == ["another pkbench computes 1 of these at this moment; waiting for it"]
    thread.join(timeout=60)
    assert watched.computed == ["same-m", "width"]
    assert len(watched.notes) == 1


def test_what_another_did_while_this_one_waited_is_not_done_again(tmp_path: Path) -> None:
    """The store is read while a check is held, so two at once compute each check once."""
    watched, other = Watched(tmp_path), Watched(tmp_path)
    other.run()
    kept = {path.name: path.read_bytes() for path in other.path("width").parent.iterdir()}
    (tmp_path / "results").rename(tmp_path / "later")
    folder = Store(watched.results).folder("numbers")
    with Holds(folder).held(ids_of(watched).values()):
        thread = threading.Thread(target=watched.run)
        thread.start()
        wait_until(lambda: bool(watched.notes))
        (folder / "checks").mkdir()
        for name, raw in kept.items():
            (folder / "checks" / name).write_bytes(raw)
    thread.join(timeout=60)
    assert len(watched.ended) == 2
    assert watched.computed == []


def test_waiting_ends_when_it_is_to_stop(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.stop = lambda: bool(watched.notes)
    with Holds(watched.results / "numbers").held(ids_of(watched).values()):
        assert not watched.run()
    assert watched.records == {}


def test_unwritable_results_are_one_clear_error(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.results.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot write in"):
        watched.run()


def test_equal_claims_share_a_record(tmp_path: Path) -> None:
    twin = THEORY[THEORY.index("[[claim]]") : THEORY.index('[[claim]]\nid = "extra')]
    loaded = load_any(write_checks(tmp_path, THEORY + "\n" + twin.replace('id = "vec"', 'id = "vec-again"')))
    assert isinstance(loaded, LoadedChecks)
    watched = Watched(tmp_path, THEORY)
    watched.loaded = loaded
    assert watched.run()
    assert len(watched.ended) == 3
    watched.run()
    assert watched.computed == []


def test_a_record_is_the_bytes_it_says(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.run()
    for name, record in watched.records.items():
        assert watched.path(name).read_bytes() == encode(record)
