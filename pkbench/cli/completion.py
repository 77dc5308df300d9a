"""What the shell's Tab key offers: the names of specs, models, runs, profiles, data sets, claims, devices and engines.

Only names are read, from the files as they are: a faulty spec has some, and one that cannot be parsed has none. Nothing here
checks a spec, imports anything heavy, prints, or fails.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

import typer

from pkbench.errors import PkbenchError

VARIABLE: Final = "_PKBENCH_COMPLETE"
"""Set where the shell asks for completions, by the script of ``pkbench --show-completion``."""
PROFILES: Final = ("quick", "fast", "paper")
ENGINES: Final = ("auto", "native", "fused", "batch-last", "reference")
OUTCOMES: Final = ("supported", "contradicted", "inconclusive", "not-assessed")
NEW_MODELS: Final = (
    *("normal", "random", "mlp-mixer", "monarch", "block-diagonal", "toeplitz", "low-rank", "sw-mlp", "shallow"),
)
NEW_CLAIMS: Final = ("less", "non-inferior", "equivalent", "trend", "minimum-near", "crossing")
NEW_DATA: Final = (
    *("digits", "parquet", "npz", "imagefolder", "text", "audio", "generated:questions", "generated:tones"),
    *(f"torchvision:{name}" for name in ("CIFAR10", "CIFAR100", "STL10", "MNIST", "FashionMNIST", "SVHN")),
)
_KINDS: Final = ("runs", "checks", "comparisons")
_BREAKS: Final = frozenset(":=@")
"""Characters at which Bash takes a word apart, whatever the command makes of it."""
_RECORD: Final = re.compile(r"[0-9a-f]{16}")


def answer(app: Callable[..., object]) -> None:
    """Print what ``app`` offers for the words that the shell gives in its variables; nothing where that fails."""
    prefix = _join_words() if os.environ.get(VARIABLE) == "complete_bash" else ""
    out, code = io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        try:
            # By the name in the script, however the command was started.
            app(prog_name="pkbench")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except (Exception, KeyboardInterrupt):
            # In the middle of what a person types, silence is the only answer that disturbs nothing.
            return
    typer.echo("\n".join(line.removeprefix(prefix) for line in out.getvalue().split("\n")), nl=False)
    if code:
        raise SystemExit(code)


def _join_words() -> str:
    """Put together again in the environment what Bash took apart; the part of the last word that Bash keeps by itself."""
    words, at = os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD", "0"))
    joined: list[str] = []
    glue = False
    prefix = ""
    for place, word in enumerate([*words, ""][: at + 1]):
        is_break = bool(word) and set(word) <= _BREAKS
        if joined and (is_break or glue) and place > 1:
            prefix = joined[-1] + (word if is_break else "")
            joined[-1] += word
        else:
            prefix = ""
            joined.append(word)
        glue = is_break
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(joined), str(len(joined) - 1)
    # Click separates an option from its value itself.
    return re.sub(r"^--[\w-]+=", "", prefix)


def specs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids in the nearest ``specs/`` folder that are not given yet; files are completed by the shell."""
    given = {name for value in ctx.params.values() if isinstance(value, list | tuple) for name in map(str, value)}
    return [name for name in _spec_ids() if name.startswith(incomplete) and name not in given]


def models(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the models of the specs that are given, ``FAMILY-*`` for those of a family, and then their data sets."""
    found: list[str] = []
    for document in _documents(ctx):
        ids = [f"{table['id']}-*" if "sweep" in table else str(table["id"]) for table in _tables(document, "model")]
        model, slash, _ = incomplete.partition("/")
        found += [f"{model}/{table['id']}" for table in _tables(document, "data")] if slash else ids
    return _beginning(found, incomplete)


def data_sets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the data sets of the specs that are given."""
    found = (str(table["id"]) for document in _documents(ctx) for table in _tables(document, "data"))
    return _beginning(found, incomplete)


def profiles(ctx: typer.Context, incomplete: str) -> list[str]:
    """Profiles of the specs that are given, or else all there can be."""
    named = [set(_table(document, "profile")) for document in _documents(ctx)]
    return [name for name in PROFILES if name.startswith(incomplete) and (not named or name in set.union(*named))]


def engines(incomplete: str) -> list[str]:
    """Names of engines."""
    return _beginning(ENGINES, incomplete)


def new_data(incomplete: str) -> list[str]:
    """What a new spec's data can be."""
    return _beginning(NEW_DATA, incomplete)


def new_models(ctx: typer.Context, incomplete: str) -> list[str]:
    """Models of a new spec that are not given yet."""
    given = ctx.params.get("model") or ()
    return [name for name in _beginning(NEW_MODELS, incomplete) if name not in given]


def new_claims(incomplete: str) -> list[str]:
    """Kinds of claims of a new spec."""
    return _beginning(NEW_CLAIMS, incomplete)


def devices(incomplete: str) -> list[str]:
    """Devices, each NVIDIA GPU by its number."""
    numbers = sorted(int(path.name[6:]) for path in Path("/dev").glob("nvidia[0-9]*") if path.name[6:].isdecimal())
    return _beginning(["auto", "cpu", "cuda", *(f"cuda:{number}" for number in numbers), "mps"], incomplete)


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of recorded runs, checks and comparisons."""
    return _beginning(_run_ids(ctx), incomplete)


def sides(ctx: typer.Context, incomplete: str) -> list[str]:
    """What can be compared: ids of runs, and ``SPEC:PROFILE``."""
    pairs = _within_specs(
        incomplete, lambda document: [name for name in PROFILES if name in _table(document, "profile")]
    )
    return [*pairs, *_beginning(_run_ids(ctx), incomplete)]


def requirements(incomplete: str) -> list[str]:
    """``SPEC:CLAIM=OUTCOME``, part by part."""
    if "=" in incomplete:
        return _outcomes(incomplete)
    found = _within_specs(incomplete, lambda document: [f"{table['id']}=" for table in _tables(document, "claim")])
    # A completion that is the only one ends the word: it is made a whole one.
    return _outcomes(found[0]) if len(found) == 1 and found[0].endswith("=") else found


def _outcomes(incomplete: str) -> list[str]:
    claim, _, _ = incomplete.partition("=")
    return _beginning((f"{claim}={outcome}" for outcome in OUTCOMES), incomplete)


def _within_specs(incomplete: str, names: Callable[[dict[str, Any]], Iterable[str]]) -> list[str]:
    """``SPEC:`` of every spec; ``SPEC:NAME`` once there is one spec only, of what ``names`` finds in its document."""
    ids = [name for name in _spec_ids() if f"{name}:".startswith(incomplete) or incomplete.startswith(f"{name}:")]
    if len(ids) != 1:
        return [f"{name}:" for name in ids]
    document = _document(_specs_folder() / f"{ids[0]}.toml")
    return _beginning((f"{ids[0]}:{name}" for name in names(document)), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def _specs_folder() -> Path:
    """The nearest ``specs/`` folder, or where it would be."""
    here = Path.cwd()
    return next((folder / "specs" for folder in (here, *here.parents) if (folder / "specs").is_dir()), here / "specs")


def _spec_ids() -> list[str]:
    return sorted(path.stem for path in _specs_folder().glob("*.toml"))


def _run_ids(ctx: typer.Context) -> Iterator[str]:
    from pkbench.store.places import results_folder

    folder = results_folder(_specs_folder() / "any.toml", ctx.params.get("results"))
    for kind in _KINDS:
        for path in sorted(folder.glob(f"*/{kind}/*.json")):
            if _RECORD.fullmatch(path.stem):
                yield path.stem


def _documents(ctx: typer.Context) -> list[dict[str, Any]]:
    """What can be read of the specs that are given."""
    given = ctx.params.get("specs") or ctx.params.get("spec") or []
    paths = []
    # An option whose value is being typed keeps the words before it from being told apart.
    for name in [*([given] if isinstance(given, str) else given), *ctx.args]:
        path = Path(name)
        paths.append(path if path.is_file() else _specs_folder() / f"{path.name.removesuffix('.toml')}.toml")
    return [document for document in map(_document, paths) if document]


def _document(path: Path) -> dict[str, Any]:
    """The spec in ``path`` as TOML; empty where it is none."""
    import tomllib

    from pkbench.spec.files import read

    try:
        return tomllib.loads(read(path).decode())
    except (PkbenchError, ValueError, RecursionError):
        return {}


def _tables(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The tables of an array, those with an id."""
    found = document.get(name)
    return [table for table in found if isinstance(table, dict) and "id" in table] if isinstance(found, list) else []


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}
