"""The ``pkbench`` command: one line of help a verb, errors in one line each, heavy libraries only when used."""

from __future__ import annotations

import gc
import io
import os
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
    completion,
    cost,
    data,
    doctor,
    new,
    plan,
    report,
    run,
    show,
    spec,
    status,
    track,
    verify,
)
from pkbench.cli.console import forget_output, print_error, reader_gone, refusal
from pkbench.cli.plain import PLAIN
from pkbench.cli.run import EXIT_UNREAD
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
    new,
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
    """Entry point: run the command; what goes wrong is one line and an exit code."""
    # Starting makes many objects and no garbage: looking for it takes a sixth of a short command's time.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show '✓' or '−' gets what is nearest to it, not an error.
            stream.reconfigure(errors=PLAIN)
    if completion.VARIABLE in os.environ:
        completion.answer(app)
        return
    code = _exit_code()
    if isinstance(code, int) and code == EXIT_UNREAD:
        forget_output()
    sys.exit(code)


def _exit_code() -> int | str | None:
    """Run the command; the exit code of what came of it."""
    try:
        code = _called()
        # Here, because what goes wrong while the interpreter ends has neither a line nor a code of its own.
        sys.stdout.flush()
    except PkbenchError as error:
        print_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return EXIT_UNREAD
    except OSError as error:
        print_error(refusal(error))
        forget_output()
        return 1
    except (MemoryError, RuntimeError, ImportError) as error:
        if not _lacks_memory(error):
            raise
        print_error(PkbenchError("out of memory", remedy="free memory, and type the same command again"))
        return 1
    # Typer ends with 1 where the reader (`| head`) has gone: not our failure, and no failure's code.
    return EXIT_UNREAD if code == 1 and reader_gone() else code


def _called() -> int | str | None:
    try:
        app()
    except SystemExit as end:
        return end.code
    return 0


def _lacks_memory(error: Exception) -> bool:
    """Whether memory ran out, while libraries were loaded for instance."""
    if isinstance(error, ImportError):
        return "failed to map segment" in str(error) or "annot allocate memory" in str(error)
    if isinstance(error, MemoryError):
        return True
    from pkbench.train.memory import is_out_of_memory

    return is_out_of_memory(error)


if __name__ == "__main__":
    main()
