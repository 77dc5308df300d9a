"""``pkbench new``: a spec to start from, by options or by answers to questions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pkbench.cli import completion
from pkbench.cli.console import as_typed, print_error, say
from pkbench.cli.spec import write_text
from pkbench.errors import UsageError

if TYPE_CHECKING:
    from pkbench.spec.starter import Wish

Answer = TypeVar("Answer")


def register(app: typer.Typer) -> None:
    """Add ``new`` to ``app``."""
    app.command("new")(new)


def new(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Lower-case letters, digits, '.' and '-'.")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder to write to [default: the nearest specs/ folder].")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="What it is about: digits, parquet, npz, imagefolder, torchvision:CIFAR10, … [default: digits].",
            autocompletion=completion.new_data,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="normal, random, mlp-mixer, monarch, block-diagonal, toeplitz, low-rank, sw-mlp or shallow; repeatable "
            "[default: normal and random].",
            autocompletion=completion.new_models,
        ),
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(
            help="less, non-inferior, equivalent, trend, minimum-near or crossing [default: less].",
            autocompletion=completion.new_claims,
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=1000, help="Number of seeds [default: 5].")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=100_000, help="Passes over the data [default: 20].")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: what is not said is the default.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
) -> None:
    """Write a commented spec to start from; it runs as it is. In a terminal it asks for what no option says."""
    from pkbench.spec.find import nearest_folder
    from pkbench.spec.schema import FILE_NAME
    from pkbench.spec.starter import check_id, starter

    id_ = id_.removesuffix(".toml")
    check_id(id_)
    folder = folder or nearest_folder() or Path("specs")
    path = folder / f"{id_}.toml"
    if path.exists() and not force:
        raise UsageError(f"{path} exists", remedy="choose another id, or replace it with --force")
    given = _Given(data, tuple(model or ()), claim, seeds, epochs)
    wish = _by_answers(given) if _is_terminal() and not yes else given.completed()
    schema_file = next((above / FILE_NAME for above in _above(folder) if (above / FILE_NAME).is_file()), None)
    write_text(path, starter(id_, wish, os.path.relpath(schema_file or folder.parent / FILE_NAME, folder)))
    say(f"wrote {path}; next: pkbench run {as_typed(path)}")
    if schema_file is None:
        say(f"for completion in an editor: pkbench schema --out {as_typed(folder.parent / FILE_NAME)}")


@dataclass(frozen=True, slots=True)
class _Given:
    """What options say."""

    data: str | None
    models: tuple[str, ...]
    claim: str | None
    seeds: int | None
    epochs: int | None

    def completed(self) -> Wish:
        """With defaults for the rest."""
        from pkbench.spec.starter import DEFAULT

        return replace(DEFAULT, **{name: value for name, value in asdict(self).items() if value})


def _by_answers(given: _Given) -> Wish:
    """What is wished: as ``given``, and as a person in the terminal answers where it says nothing."""
    from pkbench.spec.starter import DEFAULT, Wish, check_data
    from pkbench.spec.starter_parts import CLAIMS, MODELS, check_claim, check_models

    def names(text: str) -> tuple[str, ...]:
        found = tuple(text.replace(",", " ").split())
        check_models(found)
        return found

    def kind(text: str) -> str:
        check_data(text)
        return text

    def about(text: str) -> str:
        check_claim(text, models)
        return text

    data = given.data or _answer("data (digits, parquet, npz, torchvision:CIFAR10, …)", DEFAULT.data, kind)
    models = given.models or _answer(f"models ({', '.join(MODELS)})", " ".join(DEFAULT.models), names)
    # A claim about two models is no default for one.
    usual = DEFAULT.claim if len(models) > 1 else "trend"
    claim = given.claim or _answer(f"claim ({', '.join(CLAIMS)})", usual, about)
    seeds = given.seeds or _answer("seeds", str(DEFAULT.seeds), _count)
    epochs = given.epochs or _answer("epochs", str(DEFAULT.epochs), _count)
    return Wish(data, models, claim, seeds, epochs)


def _answer(question: str, default: str, read: Callable[[str], Answer]) -> Answer:
    """What is answered to ``question``, asked again until ``read`` accepts it."""
    while True:
        try:
            return read(str(typer.prompt(question, default=default)).strip())
        except UsageError as error:
            print_error(error)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{text} is no number of them", constraint="a whole number from 1", remedy="for instance 5")
    return int(text)


def _is_terminal() -> bool:
    """Whether there is somebody who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _above(folder: Path) -> list[Path]:
    """``folder`` and the folders above it."""
    absolute = folder.absolute()
    return [absolute, *absolute.parents]
