from collections.abc import Iterator

import pytest

from pkbench.claims.calibration import run
from pkbench.claims.calibration.cases import Case, cases
from pkbench.claims.calibration.run import Calibration, calibrate


@pytest.fixture(scope="module")
def few_cases() -> Iterator[tuple[Case, ...]]:
    """Two cases instead of all, so that a whole calibration takes no time."""
    wanted = ("trend flat", "value")
    chosen = tuple(next(c for c in cases() if (c.claim, c.wrong) == (name, "contradicted")) for name in wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "cases", lambda: chosen)
        yield chosen


@pytest.fixture(scope="module")
def found(few_cases: tuple[Case, ...]) -> Calibration:
    return calibrate(200)
