"""Hostile specs: whatever a file says, loading, checking and planning it ends soon, in a plan or in clear faults."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pkbench.errors import SpecError, UsageError
from pkbench.execute.prepare import Selection, prepare
from pkbench.spec.enough import MAX_FAULTS
from pkbench.spec.load import LoadedSpec, load_any
from tests.small import SMALL_TOML
from tests.torture.conftest import Torture
from tests.torture.fuzz_specs import chunk, fuzzer
from tests.torture.hostile_values import TEXTS, dumped
from tests.torture.spec_mutations import mutated

KEYS = [
    *("experiment", "data", "model", "train", "profile", "claim", "reported", "compare", "recipe", "assumption"),
    *("id", "kind", "source", "sweep", "seeds", "optimizer", "lr", "quick", "configuration", "S", "C", "a", "b"),
]
VALUES = st.recursive(
    st.none().map(lambda _: 0)
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.sampled_from(TEXTS)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=6)
    ),
    max_leaves=30,
)
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)


def test_mutated_specs(torture: Torture) -> None:
    seed, inputs = secrets.randbelow(2**32), torture.times(short=150, full=5000)
    findings = chunk(seed, range(inputs))
    told = [f"input {found.number}: {found.what}" for found in findings]
    assert told == [], f"python -m tests.torture.fuzz_specs --seed {seed} --inputs {inputs}"
    torture.tell(
        f"real specs changed in structure, values and bytes (seed {seed})", inputs, "no traceback, hang or write"
    )


def test_an_input_is_the_same_each_time() -> None:
    assert [mutated(5, number) for number in range(20)] == [mutated(5, number) for number in range(20)]


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_any_toml(document: dict[str, Any]) -> None:
    found = fuzzer().look(1, dumped(document).encode())
    assert found is None, found.what


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode(errors="replace")))
def test_any_bytes(content: bytes) -> None:
    found = fuzzer().look(1, content)
    assert found is None, found.what


def small(*replacements: tuple[str, str]) -> str:
    text = SMALL_TOML
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


MODEL = SMALL_TOML[SMALL_TOML.index("[[model]]") : SMALL_TOML.index('[[model]]\nid = "random"')]
MANY_MODELS = "".join(MODEL.replace('"narrow"', f'"m{number}"') for number in range(1000))
SWEEP = ("C = 6\n", f"sweep = {{ C = {list(range(1, 1001))} }}\n")
RATES = ("lr = [0.01]", f"lr = {[(number + 1) / 1000 for number in range(100)]}")
SEEDS = ("seeds = [0, 1, 2]", f"seeds = {list(range(1000))}")
CLAIM = SMALL_TOML[SMALL_TOML.index("[[claim]]") : SMALL_TOML.index("[profile.quick]")]
TOO_MUCH: dict[str, tuple[str, str]] = {
    "families, rates and seeds that multiply": (small(SWEEP, RATES, SEEDS), "2,000 single models"),
    "runs": (small(RATES, SEEDS), "200,000 runs"),
    "a family of 900 with seeds": (
        small(("C = 6\n", f"sweep = {{ C = {list(range(1, 451))} }}\n"), SEEDS),
        "900,000 runs",
    ),
    "models": (small(("[train]\n", MANY_MODELS + "\n[train]\n")), "`model` has 1,002 values"),
    "claims": (small(("[profile.quick]", CLAIM * 300 + "[profile.quick]")), "`claim` has 301 values"),
    "a billion seeds": (small(("seeds = [0, 1, 2]", "seeds = 1_000_000_000")), "seeds` is 1000000000"),
    "a seed of a billion digits": (small(("seeds = [0, 1, 2]", f"seeds = [{'9' * 900_000}]")), "has too many digits"),
    "recipes": (
        small(("[profile.quick]", "".join(f"[recipe.r{n}]\nepochs = 1\n" for n in range(3000)) + "[profile.quick]")),
        "a table of at most 100 names",
    ),
    "unknown keys": (
        small(("[train]\n", "[train]\n" + "".join(f"seedss{n} = 1\n" for n in range(20_000)))),
        f"{MAX_FAULTS} faults, and the rest",
    ),
    "wrong names": (
        small(
            (
                "[profile.quick]",
                "".join(
                    CLAIM.replace("rp-parity", f"c{n}").replace('b = "narrow"', f'b = "narow{n}"') for n in range(199)
                )
                + "[profile.quick]",
            )
        ),
        f"{MAX_FAULTS} faults, and the rest",
    ),
    "arrays with one bad item each": (
        small(("[profile.quick]", "[profile.quick]\ncompare = { x = [" + "[0]," * 20_000 + "] }")),
        "compare",
    ),
    "50,000 values": ("x = [" + "0," * 50_001 + "]", "more than 50,000 values"),
    "a recipe that is a table": (small(("S = 4\n", "S = 4\nrecipe = { a = 1 }\n")), "it needs a name"),
    "nesting": ("x = " + "[" * 500_000, "nested more than 32 levels"),
    "a megabyte": ("#" * 2**20 + "\n", "at most 1,048,576"),
    "an array of another kind of spec": (
        small(("[train]\n", '[[configuration]]\nid = "x"\n[train]\n')),
        "no key `configuration`",
    ),
    "a structured Mixer of 10^12 features": (
        small(
            ('kind = "s-mixer"\nmixing = "normal"', 'kind = "structured-mixer"\nstructure = "monarch"'),
            ("S = 4\nC = 6\n", "S = 1000000\nC = 720720\n"),
        ),
        "at most 10,000,000",
    ),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_spec_that_asks_for_far_too_much(name: str, tmp_path: Path, torture: Torture) -> None:
    text, said = TOO_MUCH[name]
    (tmp_path / "small.toml").write_text(text)
    started = time.process_time()
    with pytest.raises(SpecError) as caught:
        load_any(tmp_path / "small.toml")
    seconds = time.process_time() - started
    assert said in caught.value.message, caught.value.message[:2000]
    assert len(caught.value.faults) <= MAX_FAULTS + 1
    assert seconds < 3, f"{seconds:.1f} s"
    torture.tell(f"a spec with far too much: {name}", 1, "a clear fault")


def test_a_plan_of_ten_thousand_runs_is_fast(tmp_path: Path) -> None:
    rates = ("lr = [0.01]", "lr = [0.01, 0.02, 0.03, 0.04, 0.05]")
    (tmp_path / "small.toml").write_text(small(rates, SEEDS))
    started = time.process_time()
    loaded = load_any(tmp_path / "small.toml")
    assert isinstance(loaded, LoadedSpec)
    assert len(prepare(loaded, Selection(), tmp_path / "results").decisions) == 10_000
    assert time.process_time() - started < 20


@pytest.mark.parametrize("seeds", [10_000, 10**9])
def test_far_too_many_seeds_asked_for(seeds: int, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(small(("lr = [0.01]", "lr = [0.01, 0.02, 0.03]")))
    loaded = load_any(tmp_path / "small.toml")
    assert isinstance(loaded, LoadedSpec)
    started = time.process_time()
    with pytest.raises(UsageError, match="at most 20,000"):
        prepare(loaded, Selection(seeds=seeds), tmp_path / "results")
    assert time.process_time() - started < 20
