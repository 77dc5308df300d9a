"""Records that are whole and make no sense: proven to be so, and never taken in from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from pkbench.plan.run import config_id
from pkbench.results.coherence import contradictions
from pkbench.store.files import encode
from pkbench.store.record import Record
from tests.claims.factory import failed
from tests.results.conftest import call
from tests.results.made import Made
from tests.results.test_archive import described, packed_as, refused


def test_records_that_were_computed_make_sense(made: Made) -> None:
    assert contradictions(made.record(made.runs[0], 1.0)) == []
    assert contradictions(failed(made.runs[0]).model_copy(update={"data": None})) == []


def altered(record: Record, **changes: Any) -> Record:
    """``record`` with other parts, under the id it then has."""
    other = record.model_copy(update=changes)
    return other.model_copy(update={"run_id": config_id(other.config)})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": {"seed": 0}}, "its configuration has no data.checksum"),
        ({"config": {}}, "its configuration has no train.optimizer.lr"),
        ({"history": ()}, "it is finished and has no test error"),
        ({"status": "failed"}, "it is failed and has no failure"),
    ],
)
def test_what_makes_no_sense_is_damaged_here_and_refused_from_elsewhere(
    made: Made, changes: dict[str, Any], words: str
) -> None:
    record = altered(made.record(made.runs[0], 1.0), **changes)
    assert words in "; ".join(contradictions(record))
    archive = packed_as(made.folder / "odd.tgz", described({f"small/runs/{record.run_id}.json": encode(record)}))
    told = refused(archive, made.folder / "into")
    assert "it has another format" in told
    made.store.write(record)
    result = call("verify-results", "small")
    assert result.exit_code == 1
    assert "it has another format" in result.stdout
