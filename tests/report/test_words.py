import shlex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pkbench.claims.published import Published
from pkbench.claims.verdict import Verdict
from pkbench.report.words import (
    big,
    code,
    counted,
    effect,
    markdown,
    mean_sd,
    outcome,
    paper_numbers,
    plain,
    published,
    rate,
    shell,
)
from tests.report.made import filled, study_of

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
texts = st.text(
    alphabet=st.one_of(st.sampled_from("\\`*_{}[]()<>#+-=.!|~$&;:'\"\n\t 12ab"), st.characters()), max_size=40
)


def shown(source: str) -> tuple[str, set[str]]:
    """What a reader sees of ``source``, and the kinds of everything in it."""
    text, kinds = "", set()
    for token in GITHUB.parse(source):
        kinds.add(token.type)
        for child in token.children or ():
            kinds.add(child.type)
            text += child.content
    return text, kinds


@settings(deadline=None)
@given(texts)
@example("1. first")
@example("12) twelfth")
@example("0.")
@example("123456789) far")
@example("- item")
@example("+ item")
@example("===")
@example("# heading")
@example("> quote")
@example("<b onclick='x'>&amp;</b>")
@example("![x](javascript:y) [a]: b")
@example("&#65;")
@example("\x1b[31mred\u2028next")
def test_markdown_shows_any_text_as_it_is(text: str) -> None:
    seen, kinds = shown(markdown(text))
    assert seen == plain(text)
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@settings(deadline=None)
@given(texts)
def test_markdown_stays_in_its_cell(text: str) -> None:
    rows = GITHUB.parse(f"| a | b |\n|---|---|\n| {markdown(text)} | end |")
    cells = [t.children or [] for t in rows if t.type == "inline"]
    assert len(cells) == 4
    assert "".join(child.content for child in cells[2]) == plain(text)


@given(texts)
def test_plain_is_one_line_without_control_characters(text: str) -> None:
    assert plain(text).isprintable() or not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in plain(text))
    assert len(plain(text).splitlines()) <= 1


@pytest.mark.parametrize("text", ["train.eps", "a_b*c"])
def test_code(text: str) -> None:
    assert code(text) == f"`{text}`"


@pytest.mark.parametrize("text", ["a`b", "a|b"])
def test_code_that_would_break_out_is_escaped(text: str) -> None:
    assert code(text) == markdown(text)
    assert shown(code(text))[0] == text


@given(texts)
def test_shell_is_one_word(text: str) -> None:
    assert shlex.split(shell(text)) == [plain(text)]


def test_numbers() -> None:
    assert mean_sd(12.071, 0.468) == "12.07 ± 0.47"
    assert mean_sd(12.071, None) == "12.07"
    assert mean_sd(None, None) == "–"
    assert rate(0.04) == "0.04"
    assert rate(None) == "–"
    assert counted(1, "run") == "1 run"
    assert counted(2, "run") == "2 runs"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (999, "999"),
        (1000, "1k"),
        (249_600, "250k"),
        (999_499, "999k"),
        (999_501, "1M"),
        (255_949_824, "256M"),
        (2.9e9, "2.9G"),
    ],
)
def test_big(number: float, text: str) -> None:
    assert big(number) == text


def test_published_numbers() -> None:
    assert published(None) == "–"
    assert published(Published(12.07, 0.47, 3, "Table 1", None)) == "12.07 ± 0.47 (n = 3)"
    assert published(Published(14.81, None, None, "Table 1", "elsewhere")) == "14.81, quoted"


def verdicts(profile: str) -> list[Verdict]:
    return list(study_of(filled(profile)).evaluation.verdicts)


def test_outcomes_have_a_sign_and_a_word() -> None:
    assert [outcome(v) for v in verdicts("quick")] == ["✓ supported", "– not assessed", "– not assessed"]
    # 1, 2, 3 predict at most 5.51 for three seeds; 12.07 is reported.
    assert outcome(verdicts("paper")[2]) == "✗ contradicted"


def test_a_value_that_was_not_rejected_is_called_compatible() -> None:
    made = filled("paper", errors={"a": (11.0, 12.0, 13.0)})
    assert outcome(study_of(made).evaluation.verdicts[2]) == "✓ supported (compatible)"


def test_effects() -> None:
    less, quoted, _ = verdicts("quick")
    assert effect(less) == "−2.00 [−4.48, +0.48]"
    assert effect(quoted) == "–"
    single = study_of(filled(errors={"a": (1.0,), "b": (2.0,)})).evaluation.verdicts[0]
    assert effect(single) == "−1.00"


def test_paper_numbers_of_a_verdict() -> None:
    less, quoted, value = verdicts("paper")
    assert paper_numbers(less) == "12.07 ± 0.47 (n = 3) against 15.91 ± 1.55 (n = 3); p = 0.041"
    assert paper_numbers(quoted) == "12.07 ± 0.47 (n = 3) against 14.81, quoted; p = 0.010"
    assert paper_numbers(value) == "12.07 ± 0.47 (n = 3)"
    assert paper_numbers(verdicts("quick")[0]) == "–"
