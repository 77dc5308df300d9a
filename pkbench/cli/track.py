"""Commands of the track group: the mirror in MLflow."""

from __future__ import annotations

import shlex
import signal
import sys
import webbrowser
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pkbench.cli import completion
from pkbench.cli.console import say
from pkbench.cli.options import Results
from pkbench.errors import UsageError

if TYPE_CHECKING:
    from pkbench.store.files import Store

_Uri = Annotated[
    str | None,
    typer.Option("--uri", help="MLflow tracking URI; by default $MLFLOW_TRACKING_URI, or a database in the results."),
]


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    app.command("sync", help="Bring the mirror in MLflow up to date with the results.")(sync)
    app.command("ui", help="Show the mirror in MLflow's own user interface.")(ui)


def sync(
    spec: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...",
            help="Spec files or ids; by default all that have results.",
            autocompletion=completion.specs,
        ),
    ] = None,
    results: Results = None,
    uri: _Uri = None,
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Only warn where MLflow is missing or does not answer: for pipelines.")
    ] = False,
) -> None:
    """Push what MLflow lacks."""
    from pkbench.errors import PkbenchError
    from pkbench.store import mirror
    from pkbench.store.files import Store

    names = spec or []
    store = Store(_results_folder(results, names))
    spec_ids = _chosen(store, names)
    progress = _show_progress if _on_terminal() else None
    try:
        summary = mirror.sync(store, spec_ids, uri, progress=progress)
    except PkbenchError as error:
        if not lenient:
            raise
        say(f"warning: not mirrored: {error.message}", err=True)
        return
    finally:
        if progress is not None:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201
    for problem in summary.problems:
        say(f"warning: {problem}", err=True)
    say(f"{summary.pushed} pushed, {summary.replaced} replaced, {summary.present} already there: {summary.target}")


def ui(
    results: Results = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 5000,
    host: Annotated[str, typer.Option("--host", help="Address to listen on; the default is this machine only.")] = (
        "127.0.0.1"
    ),
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = True,
) -> None:
    """Run MLflow's server on the mirror until Ctrl-C."""
    from pkbench.store.mirror import MirrorError, interface, target

    if not target.is_installed():
        raise UsageError("MLflow is not installed", remedy=target.INSTALL)
    place = target.resolve_target(_results_folder(results, []))
    if place.is_server:
        say(f"{place.shown} is a server and has its own user interface")
        return
    if place.sqlite_file is not None and not place.sqlite_file.exists():
        raise UsageError(f"nothing is mirrored yet in {place.shown}", remedy="run `pkbench sync` first")
    if not interface.is_loopback(host):
        say(f"warning: whoever reaches {host} can read and change the mirror; it has no password", err=True)
    port = interface.free_port(host, port)
    signal.signal(signal.SIGTERM, _interrupt)
    with interface.serving(place, host, port) as server:
        url = interface.address(host, port)
        say(f"MLflow on {url} (Ctrl-C ends it)")
        if browser:
            webbrowser.open(url)
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
    raise MirrorError(f"MLflow's server ended by itself with code {code}")


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _results_folder(override: Path | None, names: list[str]) -> Path:
    """The results folder of the first spec given by its file, or of the project around the working directory."""
    from pkbench.store.places import results_folder

    files = [Path(name) for name in names if name.endswith(".toml")]
    if files:
        return results_folder(files[0], override)
    here = Path.cwd()
    project = next((folder for folder in (here, *here.parents) if (folder / "specs").is_dir()), here)
    return results_folder(project / "specs" / "any.toml", override)


def _chosen(store: Store, wanted: list[str]) -> list[str]:
    """The spec ids to mirror; a path stands for the spec of that name."""
    known = store.spec_ids()
    ids = [Path(name).stem if name.endswith(".toml") else name for name in wanted]
    unknown = [name for name in ids if name not in known]
    if unknown:
        there = f"specs with results: {', '.join(known)}" if known else "no spec has results"
        remedy = f"compute some first: pkbench run {shlex.join(unknown)}"
        raise UsageError(f"no results of {', '.join(unknown)} in {store.root}", constraint=there, remedy=remedy)
    return ids or known


def _on_terminal() -> bool:
    return sys.stderr.isatty()


def _show_progress(spec_id: str, done: int, total: int) -> None:
    """A line that is written over."""
    print(f"\r\x1b[K{spec_id}: {done}/{total}", end="", file=sys.stderr, flush=True)  # noqa: T201
