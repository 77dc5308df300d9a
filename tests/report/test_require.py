"""Requirements on verdicts: what can be asked for, and what is said of it."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.errors import UsageError
from pkbench.report.require import judge_checks, judge_study, parse
from pkbench.report.study import Study
from tests.report.made import filled, study_of
from tests.report.test_checks import both
from tests.spec.test_check_specs import AUDIT, THEORY


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s:c=supported", ("s", "c", None, None, "supported")),
        ("s:c:d=contradicted", ("s", "c", "d", None, "contradicted")),
        ("s:c@quick=inconclusive", ("s", "c", None, "quick", "inconclusive")),
        ("s:c:d@fast=not-assessed", ("s", "c", "d", "fast", "not assessed")),
        ("s:c=not assessed", ("s", "c", None, None, "not assessed")),
        (" s:c = Supported ", ("s", "c", None, None, "supported")),
        ("s:c=consistent", ("s", "c", None, None, "supported")),
        ("s:c=inconsistent", ("s", "c", None, None, "contradicted")),
        ("/home/me@there/a=b/s.toml:c=supported", ("/home/me@there/a=b/s.toml", "c", None, None, "supported")),
    ],
)
def test_forms(text: str, parts: tuple[Any, ...]) -> None:
    found = parse(text)
    assert (found.spec, found.claim, found.data, found.profile, found.outcome) == parts
    assert found.text == text


@pytest.mark.parametrize("text", ["", "s", "s:c", "s=supported", ":c=supported", "s:=supported", "s:c:d:e=supported"])
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(UsageError, match="is no requirement; one is SPEC:CLAIM") as caught:
        parse(text)
    assert caught.value.exit_code == 2


def test_an_outcome_that_is_none() -> None:
    with pytest.raises(UsageError, match=r'no outcome is called `suported`.*did you mean "supported"'):
        parse("s:c=suported")


@given(st.text() | st.text(alphabet="sc:@= \n\x1b"))
def test_any_text_is_a_requirement_or_a_mistake_of_the_user(text: str) -> None:
    with suppress(UsageError):
        assert parse(text).text == text


def line(text: str, study: Study) -> str:
    return judge_study(parse(text), study).line


def test_what_holds_and_what_does_not() -> None:
    study = study_of(filled("quick"))
    holds = judge_study(parse("small:less=supported"), study)
    assert holds.holds
    assert holds.line.startswith("holds small:less@quick: supported on digits (−2.00 [")
    assert holds.line.endswith("], n = 3 of 3)")
    fails = judge_study(parse("small:less=contradicted"), study)
    assert not fails.holds
    assert fails.line.startswith("FAILS small:less@quick: supported on digits (")
    assert fails.line.endswith("; required: contradicted")


def test_without_numbers_there_is_a_reason() -> None:
    text = line("small:value=supported", study_of(filled("quick")))
    assert "FAILS small:value@quick: not assessed on digits (Not assessed: " in text
    assert line("small:value=not-assessed", study_of(filled("quick"))).startswith("holds ")


def test_every_data_set_counts_unless_one_is_named() -> None:
    study = study_of(filled("quick"))
    first = study.evaluation.verdicts[0]
    verdicts = (first, replace(first, data_id="other", outcome="inconclusive"))
    two = replace(study, evaluation=replace(study.evaluation, verdicts=verdicts))
    assert "supported on digits (" in line("small:less=supported", two)
    assert "; inconclusive on other (" in line("small:less=supported", two)
    assert line("small:less=supported", two).startswith("FAILS ")
    assert line("small:less:digits=supported", two).startswith("holds small:less:digits@quick: supported on digits (")
    assert line("small:less:other=supported", two).startswith("FAILS small:less:other@quick: inconclusive on other (")


def test_a_claim_or_data_set_that_is_not_there() -> None:
    study = study_of(filled("quick"))
    with pytest.raises(UsageError, match=r'no claim is called `les` in small; .*did you mean "less"'):
        line("small:les=supported", study)
    with pytest.raises(UsageError, match=r'no data set is called `digit` for less at quick; .*did you mean "digits"'):
        line("small:less:digit=supported", study)


@pytest.mark.parametrize(
    ("text", "words"), [(THEORY, ("supported", "contradicted")), (AUDIT, ("consistent", "inconsistent"))]
)
def test_computed_claims(text: str, words: tuple[str, str], tmp_path: Path) -> None:
    study = both(tmp_path, text)
    first, second = (verdict.claim_id for verdict in study.verdicts)
    holds = judge_checks(parse(f"x:{first}=supported"), study)
    assert holds.holds
    assert holds.line.startswith(f"holds {study.spec_id}:{first}: {words[0]} (residual 0, tolerance ")
    fails = judge_checks(parse(f"x:{second}={words[0]}"), study)
    assert not fails.holds
    assert f": {words[1]} (residual 0.5, tolerance " in fails.line
    assert fails.line.endswith(f"; required: {words[0]}")
    assert judge_checks(parse(f"x:{second}=contradicted"), study).holds


def test_computed_claims_have_no_data_sets_and_profiles(tmp_path: Path) -> None:
    study = both(tmp_path, THEORY)
    claim = study.verdicts[0].claim_id
    for extra in (":digits", "@quick"):
        with pytest.raises(UsageError, match=f"neither data sets nor profiles; leave {extra} out"):
            judge_checks(parse(f"x:{claim}{extra}=supported"), study)
    with pytest.raises(UsageError, match=f'did you mean "{claim}"'):
        judge_checks(parse(f"x:{claim}x=supported"), study)


def test_a_line_is_one_line_whatever_was_found() -> None:
    study = study_of(filled("quick"))
    verdict = replace(study.evaluation.verdicts[0], effect=None, sentence="one\x1b[2J\ntwo")
    changed = replace(study, evaluation=replace(study.evaluation, verdicts=(verdict,)))
    assert line("small:less=supported", changed).endswith("(one [2J two)")
