"""The ``pkbench`` command: one line of help a verb, errors in one line each, heavy libraries only when used."""

from __future__ import annotations

import gc
import io
import sys

import typer

from pkbench import __version__
from pkbench.cli import (
    archive,
    bench,
    calibrate,
    claims,
    clean,
    compare,
    cost,
    data,
    doctor,
    plan,
    report,
    run,
    show,
    spec,
    status,
    track,
    verify,
)
from pkbench.cli.console import print_error
from pkbench.errors import PkbenchError

app = typer.Typer(
    name="pkbench",
    help="Check whether the results of 'Understanding MLP-Mixer as a Wide and Sparse MLP' hold: on your machine, within your budget.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for group in (
    spec,
    plan,
    cost,
    run,
    status,
    claims,
    report,
    show,
    compare,
    verify,
    archive,
    clean,
    data,
    track,
    calibrate,
    bench,
    doctor,
):
    group.register(app)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"pkbench {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Declared so that ``--version`` exists beside the verbs."""
    del version


def main() -> None:
    """Entry point: run the command, turn a :class:`PkbenchError` into its message and exit code."""
    # Starting makes many objects and no garbage: looking for it takes a sixth of a short command's time.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show '✓' or 'γ' gets a question mark, not an error.
            stream.reconfigure(errors="replace")
    try:
        app()
    except PkbenchError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader (`| head`) has gone: not our failure. Keep the interpreter from complaining at exit.
        sys.stderr.close()
        sys.exit(141)


if __name__ == "__main__":
    main()
