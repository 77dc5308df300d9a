from pathlib import Path

import pytest

from pkbench.plan.run import expand
from pkbench.plan.select import with_seed_count
from pkbench.report.study import known_checksums, read_records, study
from pkbench.store.files import Scan
from pkbench.store.record import Record
from tests.claims.factory import CHECKSUM, finished
from tests.report.made import filled, from_disk, stored, study_of

HERE = {"digits": CHECKSUM}


def test_a_study_from_disk_is_that_of_its_records(tmp_path: Path) -> None:
    made = filled()
    found = from_disk(made, tmp_path)
    assert found.evaluation == study_of(made).evaluation
    assert (found.name, found.spec_path, found.problems, found.asked_seeds) == (
        "small-quick",
        "specs/small.toml",
        (),
        None,
    )


def test_damaged_records_are_named_without_the_stores_place(tmp_path: Path) -> None:
    made = filled()
    store = stored(made, tmp_path)
    run_id = made.run("a", 0).run_id or ""
    store.record_path("small", run_id).write_text("{")
    scan = read_records(store, "small")
    assert len(scan.records) == 5
    assert scan.problems == (f"small/runs/{run_id}.json: it is not a whole JSON record; the run counts as not done",)
    found = study(made.scaled, Path("small.toml"), "5" * 64, scan, HERE)
    assert found.problems == scan.problems
    assert found.evaluation.verdicts[0].outcome == "inconclusive"


def test_a_spec_outside_a_specs_folder_is_named_by_its_file() -> None:
    made = filled()
    found = study(made.scaled, Path("/somewhere/small.toml"), "5" * 64, Scan({}, ()), HERE)
    assert found.spec_path == "small.toml"


def others(count: int, checksum: str, first_seed: int = 0) -> list[Record]:
    """Records of ``count`` seeds of a, made from data with ``checksum``."""
    made = filled(seeds=tuple(range(10)), errors={})
    runs = [run for run in expand(made.scaled, {"digits": checksum}) if run.model.id == "a"]
    return [finished(run, 5.0) for run in runs[first_seed : first_seed + count]]


def test_data_that_is_here_speaks_for_itself() -> None:
    made = filled(seeds=tuple(range(10)), errors={})
    assert known_checksums(made.scaled, HERE, others(3, "d" * 64)) == (HERE, ())


@pytest.mark.parametrize("here", [{}, {"digits": None}])
def test_absent_data_is_known_by_its_records(here: dict[str, str | None]) -> None:
    made = filled(seeds=tuple(range(10)), errors={})
    checksums, notes = known_checksums(made.scaled, here, others(3, "d" * 64))
    assert checksums == {"digits": "d" * 64}
    assert notes == ("the files of digits are not here: its runs are found by the checksum in their records",)


def test_of_several_versions_of_the_data_the_one_with_most_records_counts() -> None:
    made = filled(seeds=tuple(range(10)), errors={})
    records = [*others(2, "d" * 64), *others(3, "e" * 64), *others(2, "f" * 64)]
    checksums, notes = known_checksums(made.scaled, {}, records)
    assert checksums == {"digits": "e" * 64}
    assert notes[0].endswith(
        "; they come from 3 different versions of the data, of which the one with most runs (3, checksum eeeeeeeeeeee) is used"
    )
    tie = [*others(2, "f" * 64), *others(2, "d" * 64)]
    assert known_checksums(made.scaled, {}, tie)[0] == {"digits": "d" * 64}
    assert known_checksums(made.scaled, {}, tie[::-1])[0] == {"digits": "d" * 64}


def test_records_of_another_recipe_have_no_vote() -> None:
    made = filled(seeds=tuple(range(10)), errors={}, epochs=7)
    assert known_checksums(made.scaled, {}, others(3, "d" * 64)) == ({"digits": None}, ())


def test_nothing_known_is_nothing_run() -> None:
    made = filled()
    found = study(made.scaled, Path("small.toml"), "5" * 64, Scan({}, ()), {})
    assert [run.run_id for run in found.runs] == [None] * 6
    assert found.evaluation.finished == 0


def test_a_report_can_be_made_without_the_data() -> None:
    made = filled()
    with_data = study_of(made)
    without = study(made.scaled, Path("/project/specs/small.toml"), "5" * 64, Scan(made.records, ()), {})
    assert without.evaluation == with_data.evaluation
    assert without.evaluation.verdicts[0].outcome == "supported"


def test_asked_seeds() -> None:
    made = filled()
    made.scaled = with_seed_count(made.scaled, 5)
    assert study_of(made).asked_seeds == 5
