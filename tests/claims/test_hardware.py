"""What is said of runs that were not computed alike."""

import pytest

from pkbench.claims.hardware import code, code_key
from pkbench.store.record import CodeIdentity, ExtensionIdentity
from tests.claims.factory import LESS
from tests.claims.pairs import A, B, evaluation, only, three


def test_mixed_circumstances_are_noted() -> None:
    s = three()
    s.finish("a", A)
    s.finish("b", B, device="A GPU", commit="1" * 40, dirty=True, torch="2.12.0")
    e = evaluation(s)
    assert e.notes == (
        "runs were computed with different hardware: A GPU; A processor",
        "runs were computed with different code: pkbench 0.1.0, commit 000000000000; "
        "pkbench 0.1.0, commit 111111111111, with uncommitted changes",
        "runs were computed with different PyTorch versions: 2.11.0; 2.12.0",
        "3 of 6 runs were computed with uncommitted changes to the code",
    )
    assert e.verdicts[0].notes == ("a ran on A processor, b on A GPU: part of a difference could be the hardware's",)


def test_hardware_is_compared_where_both_sides_have_run() -> None:
    for model in ("a", "b"):
        s = three()
        s.finish(model, A)
        assert only(s).notes == ()


def test_the_order_in_which_hardware_was_used_does_not_matter() -> None:
    s = three()
    for model, first, second in (("a", "B GPU", "A GPU"), ("b", "A GPU", "B GPU")):
        s.finish(model, {0: 1.0 if model == "a" else 7.0, 1: 2.0}, device=first)
        s.finish(model, {2: 3.0}, device=second)
    assert only(s).notes == ()


def test_unknown_commits_are_noted() -> None:
    s = three()
    s.finish("a", A, commit=None, dirty=None)
    assert evaluation(s).notes[-1] == "the commit of the code is not known for 3 of 3 runs"
    s.finish("b", B)
    assert evaluation(s).notes == (
        "runs were computed with different code: pkbench 0.1.0, commit 000000000000; pkbench 0.1.0, no commit known",
        "the commit of the code is not known for 3 of 6 runs",
    )


@pytest.mark.parametrize(("metric", "said"), [("log_epoch_seconds", True), ("test_error", False)])
def test_engines_are_compared_where_time_is(metric: str, said: bool) -> None:
    s = three(claims=[LESS | {"metric": metric}])
    for model, errors, engine in (("a", A, "native"), ("b", B, "reference")):
        s.finish(model, errors)
        for run_id in [record.run_id for record in s.records.values() if record.labels.model == model]:
            s.put(s.records[run_id].model_copy(update={"engine": engine}))
    found = [note for note in only(s).notes if "engine" in note]
    assert found == (
        [
            "a was trained by engine native, b by reference: part of a difference in time is the engines'; "
            "pkbench run --engine reference --fresh takes one for all"
        ]
        if said
        else []
    )


def engine_notes(engines: dict[str, tuple[str | None, ...]]) -> list[str]:
    """What is said of engines where the runs of each model, by seed, had these."""
    s = three(claims=[LESS | {"metric": "log_epoch_seconds"}])
    for model, errors in (("a", A), ("b", B)):
        s.finish(model, errors)
        for seed, engine in enumerate(engines[model]):
            record = s.records[s.run(model, seed).run_id or ""]
            s.put(record.model_copy(update={"engine": engine}))
    return [note for note in only(s).notes if "engine" in note]


def test_all_the_engines_of_a_side_are_named() -> None:
    (note,) = engine_notes({"a": ("native", "batch-last", "native"), "b": ("reference", "native", None)})
    assert note.startswith("a was trained by engine batch-last and native, b by native and reference: ")


@pytest.mark.parametrize("known", ["a", "b"])
def test_nothing_is_said_where_one_side_knows_no_engine(known: str) -> None:
    unknown = {"a": (None, None, None), "b": (None, None, None)}
    assert engine_notes(unknown | {known: ("native", "native", "native")}) == []


@pytest.mark.parametrize(
    ("commit", "dirty", "files", "told", "key"),
    [
        ("1" * 40, False, "a" * 64, "commit 111111111111", ("0.1.0", "1" * 40, None)),
        (
            *("1" * 40, True, "a" * 64),
            "commit 111111111111, with uncommitted changes (files aaaaaaaaaaaa)",
            ("0.1.0", "1" * 40, "a" * 64),
        ),
        ("1" * 40, True, None, "commit 111111111111, with uncommitted changes", ("0.1.0", "1" * 40, None)),
        (None, None, "a" * 64, "no commit known (files aaaaaaaaaaaa)", ("0.1.0", None, "a" * 64)),
        (None, None, None, "no commit known", ("0.1.0", None, None)),
    ],
)
def test_code_is_told_by_its_commit_or_else_by_its_files(
    commit: str | None, dirty: bool | None, files: str | None, told: str, key: tuple[str, str | None, str | None]
) -> None:
    s = three()
    s.finish("a", A[:1])
    (record,) = s.records.values()
    identity = CodeIdentity(version="0.1.0", commit=commit, dirty=dirty, files_sha256=files)
    record = record.model_copy(update={"code": identity})
    assert code(record) == f"pkbench 0.1.0, {told}"
    assert code_key(record) == key


def test_all_the_hardware_of_a_side_is_named() -> None:
    s = three()
    for model, errors, first, second in (("a", A, "cpu", "A GPU"), ("b", B, "B GPU", "C GPU")):
        s.finish(model, errors[:2], device=first)
        s.finish(model, {2: errors[2]}, device=second)
    assert only(s).notes == (
        "a ran on A GPU and A processor, b on B GPU and C GPU: part of a difference could be the hardware's",
    )


def test_the_same_mixture_of_hardware_on_both_sides_is_no_warning_about_the_difference() -> None:
    s = three()
    for model, errors in (("a", A), ("b", B)):
        s.finish(model, errors[:2])
        s.finish(model, {2: errors[2]}, device="A GPU")
    assert only(s).notes == ()


def test_versions_of_packages_that_took_part_are_compared() -> None:
    s = three()
    s.finish("a", A)
    s.finish("b", B)

    def took_part(model: str, version: str) -> None:
        for record in [record for record in s.records.values() if record.labels.model == model]:
            own = ExtensionIdentity(group="pkbench.models", name="x", distribution="own-models", version=version)
            s.put(record.model_copy(update={"code": record.code.model_copy(update={"extensions": (own,)})}))

    took_part("a", "1.0")
    assert evaluation(s).notes == ()
    took_part("b", "1.0")
    assert evaluation(s).notes == ()
    took_part("b", "1.1")
    assert evaluation(s).notes == ("runs were computed with different versions of own-models: 1.0; 1.1",)
