"""A valid spec, and ways to break it: ``▶`` in what replaces a text marks where the fault has to be reported."""

from dataclasses import dataclass
from pathlib import Path

from pkbench.errors import Fault, SpecError
from pkbench.spec.load import LoadedSpec, load_spec

VALID = (Path(__file__).parent / "table1.toml").read_text(encoding="utf-8")
"""A copy of specs/table1.toml that stays as it is when that one is edited."""
MARK = "▶"


@dataclass(frozen=True)
class Broken:
    """A text and the places (line, column) of the marks in it."""

    text: str
    places: tuple[tuple[int, int], ...]


def edited(*edits: tuple[str, str]) -> Broken:
    """The valid spec with the first of each old text replaced by the new one."""
    text = VALID
    for old, new in edits:
        assert old in text, f"{old!r} is not in the spec"
        text = text.replace(old, new, 1)
    return marked(text)


def marked(text: str) -> Broken:
    places = []
    for number, line in enumerate(text.split("\n"), start=1):
        pieces = line.split(MARK)[:-1]
        places += [(number, len("".join(pieces[: count + 1])) + 1) for count in range(len(pieces))]
    return Broken(text.replace(MARK, ""), tuple(places))


def write(folder: Path, text: str, name: str = "table1.toml") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def load(folder: Path, text: str) -> LoadedSpec:
    return load_spec(write(folder, text))


def faults_in(folder: Path, text: str) -> tuple[Fault, ...]:
    try:
        load(folder, text)
    except SpecError as error:
        return error.faults
    return ()


def places_of(faults: tuple[Fault, ...]) -> tuple[tuple[int, int], ...]:
    return tuple((fault.place.line, fault.place.column) for fault in faults)
