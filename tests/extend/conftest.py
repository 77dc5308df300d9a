from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extend.packages import on_path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder that packages can be installed into for one test."""
    folder = tmp_path / "site"
    folder.mkdir()
    with on_path(folder):
        yield folder
