import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pkbench.plan.select import with_seed_count
from pkbench.report.build import write_report
from pkbench.report.markdown import index_page, spec_page
from pkbench.report.study import Study
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from tests.claims.factory import LESS, document, failed, finished, reported, study
from tests.report.made import ERRORS, filled, from_disk, study_of

GITHUB = MarkdownIt("commonmark").enable("table")


def page(*studies: Study, drawn: Any = None) -> str:
    return spec_page(studies, drawn or {})


def rows(text: str, heading: str) -> list[list[str]]:
    """Cells of the first table below ``heading``."""
    below = f"\n{text}".split(f"\n{heading}\n", 1)[1]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[0].splitlines()]


def test_every_verdict_stands_beside_its_scope() -> None:
    quick, paper = study_of(filled()), study_of(filled("paper"))
    text = page(quick, paper)
    table = rows(text, "### Verdicts")
    assert [row[0].strip("| ") for row in table[2:]] == ["`less`", "`quoted`", "`value`"]
    assert all(row[-1] == "quick: Digits only: no evidence about CIFAR." for row in table[2:])
    assert "> **Scope of quick.** Digits only: no evidence about CIFAR." in text
    assert "> **Scope of paper.** The published setting." in text
    overview = rows(index_page([quick, paper]), "# Verdicts")
    assert [(row[1].split(":")[0], row[2], row[-1]) for row in overview[2:]] == [
        (f"`{claim}`", profile, scope)
        for claim in ("less", "quoted", "value")
        for profile, scope in (("quick", "Digits only: no evidence about CIFAR."), ("paper", "The published setting."))
    ]


def test_a_verdict_with_its_numbers() -> None:
    text = page(study_of(filled()))
    cells = rows(text, "### Verdicts")[2]
    assert cells[1:6] == ["`digits`", "✓ supported", "−2.00 [−4.48, +0.48]<br>`a` − `b`", "3 of 3", "–"]
    assert "- **✓ supported** · `less` on `digits`: a has the lower test error (Table 1)." in text
    assert "difference −2.00 points (95 % interval −4.48 to +0.48, n = 3 pairs)" in text
    assert "standardised difference (Hedges) −1.13" in text
    assert "uncorrected one-sided p for the claim 0.0371, without the pairs 0.11" in text
    reverse = page(study_of(filled(errors={"a": ERRORS["b"], "b": ERRORS["a"]})))
    assert "uncorrected one-sided p against it 0.0371, without the pairs 0.11" in reverse
    assert "connections 2,048 and 2,448, 19.53 % apart" in text


def test_models_and_rows_that_nobody_ran() -> None:
    text = page(study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0)})))
    table = rows(text, "### Models")
    assert table[2][1:] == [
        "`cifar10`", "1", "4", "8", "64", "29,952", "12.00 ± 1.00", "9.52 to 14.48", "3 of 3", "0.01", "5.00", "20.00",
        "12.07 ± 0.47 (n = 3)",
    ]  # fmt: skip
    assert table[3][7:10] == ["–", "–", "0 of 3"]
    assert table[4][0].strip("| ") == "`lasso`"
    assert table[4][7] == "quoted, not run"
    assert table[4][-1] == "14.81, quoted"
    # At another profile the rows of other data are not there at all.
    assert len(rows(page(study_of(filled())), "### Models")) == 4


def test_the_papers_numbers_beside_ours() -> None:
    text = page(study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0)})))
    table = rows(text, "## The paper's numbers and ours")
    assert [row[2:] for row in table[2:]] == [
        ["12.07 ± 0.47 (n = 3)", "Table 1", "paper: 12.00 ± 1.00 (n = 3)"],
        ["15.91 ± 1.55 (n = 3)", "Table 1", "not run"],
        ["14.81, quoted", "Table 1, quoted from Another paper", "not run"],
    ]
    # Digits are never set beside CIFAR's numbers.
    assert "quick:" not in str(rows(page(study_of(filled())), "## The paper's numbers and ours"))


def test_another_profile_on_the_same_data_is_marked() -> None:
    raw = document(**{"seeds": (0, 1, 2), "numbers": (reported("a", 12.07),)})
    raw["profile"]["fast"] = {"scope": "Short training.", "data": ["cifar10"]}
    made = study("paper")
    made.scaled = scale(Spec.model_validate(raw), "fast")
    text = page(study_of(made))
    assert rows(text, "### Models")[2][-1] == "12.07, at the paper's scale"


def test_what_the_papers_own_numbers_allow_stands_at_every_profile() -> None:
    for profile in ("quick", "paper"):
        table = rows(page(study_of(filled(profile))), "## What the paper's own numbers allow")
        assert [(row[0].strip("| "), row[-1]) for row in table[2:]] == [("`less`", "0.041"), ("`quoted`", "0.010")]


def test_sizes_stated_and_recomputed() -> None:
    stated = {"place": "Table 1", "connections": 27_000.0, "width": 64.0}
    made = study(models={"a": {"stated": stated}, "b": {"C": 9}})
    # On 32 x 32 with P = 4: S0 = 64, C0 = 48; blocks 8*8*(64+4) + 4*16*2*8 = 5376, per patch 24576: 29,952.
    # 8 first-block inputs are 64 tokens: 8 * 8 * 68 = 4352, plus 4 * 16 * 16 = 1024.
    table = rows(page(study_of(made)), "## Sizes stated and recomputed")
    assert [row[1:] for row in table[2:]] == [
        ["connections", "2.7e+04", "29,952", "+10.9 %", "Table 1"],
        ["width", "64", "64", "+0.0 %", "Table 1"],
    ]
    assert "## Sizes stated" not in page(study_of(filled()))


def test_learning_rates_tried() -> None:
    made = filled(rates=(0.01, 0.02, 0.04), errors={})
    made.finish("a", (1.0, 2.0, 3.0), lr=0.01, validation=9.0)
    made.finish("a", (1.0, 2.0, 3.0), lr=0.02, validation=8.0)
    made.put(failed(made.run("a", 0, 0.04)))
    table = rows(page(study_of(made)), "#### Learning rates tried")
    assert table[0][3] == "validation error, %"
    assert [row[2:] for row in table[2:5]] == [
        ["0.01", "9.00", "3", ""],
        ["0.02", "8.00", "3", "chosen"],
        ["0.04", "–", "0", "out: diverged for 1 seed"],
    ]
    assert "Learning rates tried" not in page(study_of(filled()))


def test_how_far_to_trust_it() -> None:
    made = filled()
    made.put(finished(made.run("a", 0), 1.0, dirty=True))
    text = page(study_of(made, problems=("small/runs/x.json: it is not a whole JSON record",)))
    trust = text.split("#### How far to trust this")[1].split("####")[0]
    for sentence in (
        "Scope of this profile (quick): Digits only: no evidence about CIFAR.",
        "n = 3 of 3 planned",
        "do not vary the split, the test images, the hardware or the recipe",
        "The test part of digits has 10,000 images: one image is 0.01 points.",
        "with the spread of these 3 seeds a true distance of 2.30 points",
        "One learning rate was used for every model",
        "over 1 test for and 1 test against",
        "1 of 6 runs were computed with uncommitted changes to the code.",
        "Small/runs/x.json: it is not a whole JSON record.",
    ):
        assert sentence in trust, sentence


@pytest.mark.parametrize(
    ("select", "sentence"),
    [("validation-error", "the test images had no part in it"), ("test-error", "its errors are optimistic")],
)
def test_how_learning_rates_were_chosen_is_said(select: str, sentence: str) -> None:
    assert sentence in page(study_of(filled(rates=(0.01, 0.02), errors={}, select=select)))


def test_different_numbers_of_seeds_are_said() -> None:
    assert "n = 2 to 3 of 3 planned" in page(study_of(filled(errors={"a": (1.0, 2.0), "b": (2.0, 4.0, 6.0)})))


def test_every_number_can_be_followed_to_its_run() -> None:
    made = filled()
    text = page(study_of(made))
    for run in made.runs:
        assert f"| `{run.run_id}` | `{run.model.id}` | `digits` | 0.01 | {run.seed} |" in text
    assert f"| `digits` | `{'c' * 64}` | 1,257 | 180 | 10,000 |" in text
    assert "| pkbench 0.1.0, commit 000000000000 | A processor | 3.11.9 | 2.11.0 | 2.4.6 | Linux | 1 | 6 |" in text
    assert "Spec `specs/small.toml` (SHA-256 `5555555555555555`)" in text


def test_failed_runs_are_in_the_provenance() -> None:
    made = filled()
    made.put(failed(made.run("b", 2)))
    assert f"| `{made.run('b', 2).run_id}` | `b` | `digits` | 0.01 | 2 | – | failed |" in page(study_of(made))


def test_how_to_reproduce() -> None:
    text = page(study_of(filled()), study_of(filled("paper")))
    commands = text.split("```sh\n")[1].split("```")[0].splitlines()
    assert commands == [
        f"git checkout {'0' * 40}",
        "pkbench data get specs/small.toml cifar10",
        "pkbench run specs/small.toml --profile quick",
        "pkbench run specs/small.toml --profile paper",
        "pkbench report specs/small.toml",
    ]
    assert "uncommitted" not in text
    made = filled()
    made.put(finished(made.run("a", 0), 1.0, commit="1" * 40, dirty=True))
    made.scaled = with_seed_count(made.scaled, 4)
    text = page(study_of(made))
    assert "git checkout" not in text
    assert "with uncommitted changes: the commit alone does not give their code." in text
    assert f"several commits: `{'0' * 40}`, `{'1' * 40}`." in text
    assert "pkbench run specs/small.toml --profile quick --seeds 4" in text


def test_a_report_without_runs_says_what_to_do() -> None:
    text = page(study_of(filled(errors={})))
    assert "0 of 6 runs finished." in text
    assert "No runs yet: `pkbench run specs/small.toml --profile quick`" in text
    assert "Provenance" not in text
    assert "No runs yet" not in page(study_of(filled()))


def test_failures_are_counted_at_the_top() -> None:
    made = filled()
    made.put(failed(made.run("b", 2)))
    assert "5 of 6 runs finished, 1 failed." in page(study_of(made))


def test_a_spec_without_claims() -> None:
    found = study_of(filled(claims=(), numbers=()))
    assert "The spec makes no claims." in page(found)
    assert rows(index_page([found]), "# Verdicts")[2][1:3] == ["no claims", "quick"]


def test_the_overview_has_effect_seeds_and_the_papers_numbers() -> None:
    table = rows(index_page([study_of(filled()), study_of(filled("paper"))]), "# Verdicts")
    assert [cell.strip("| ") for cell in table[0]] == [
        "spec", "claim", "profile", "data", "verdict", "effect [interval]; points, unless named", "n", "the paper",
        "speaks about",
    ]  # fmt: skip
    assert table[2][3:8] == ["`digits`", "✓ supported", "−2.00 [−4.48, +0.48]", "3 of 3", "–"]
    assert table[5][7] == "12.07 ± 0.47 (n = 3) against 14.81, quoted; p = 0.010"


def test_warnings_and_assumptions() -> None:
    text = page(study_of(filled(), warnings=("line:3:1: odd <value>",)))
    assert "- line:3:1: odd &lt;value&gt;" in text
    assert "| `train.optimizer.eps` | Not stated; PyTorch's default. |" in text
    assert "## Questionable in the spec" not in page(study_of(filled()))


HOSTILE = "<script>x</script> | [a](javascript:b) `c` **d**\n# e\n\n- f \x9b2J"


def test_text_of_a_spec_is_never_markup() -> None:
    raw = document(
        claims=(LESS | {"statement": HOSTILE, "place": HOSTILE},),
        numbers=(reported("a", 1.0, place=HOSTILE, quoted_from=HOSTILE),),
        seeds=(0, 1, 2),
    )
    raw["experiment"] |= {"title": HOSTILE, "paper": HOSTILE}
    raw["profile"]["quick"]["scope"] = HOSTILE
    raw["assumption"] = {HOSTILE: HOSTILE}
    made = filled()
    made.scaled = scale(Spec.model_validate(raw), "quick")
    found = study_of(made, warnings=(HOSTILE,), problems=(HOSTILE,))
    harmless = study_of(filled(claims=(LESS,), numbers=()))
    for text, plain_text in ((page(found), page(harmless)), (index_page([found]), index_page([harmless]))):
        tokens = [t for token in GITHUB.parse(text) for t in (token, *(token.children or ()))]
        html = [t.content.strip() for t in tokens if t.type.startswith("html")]
        assert all(tag in {"<br>", "</details>"} or tag.startswith("<details><summary>Runs, code") for tag in html), (
            html
        )
        assert all("javascript" not in str(t.attrs) for t in tokens)
        assert "\x9b" not in text
        plain_tokens = [token.type for token in GITHUB.parse(plain_text)]
        headings = [t for t in tokens if t.type == "heading_open" and t.tag == "h1"]
        assert len(headings) == plain_tokens.count("heading_open") - sum(
            1 for token in GITHUB.parse(plain_text) if token.type == "heading_open" and token.tag != "h1"
        )


def test_pages_link_to_what_is_there(tmp_path: Path) -> None:
    made = filled()
    study_there = from_disk(made, tmp_path / "results")
    paths = write_report([study_there], [], tmp_path / "reports", 1)
    assert paths[0] == tmp_path / "reports" / "index.md"
    for path in (tmp_path / "reports").glob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
            assert (path.parent / target).is_file(), target
    assert all(path.is_file() for path in paths)


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    made = filled()

    def contents(name: str) -> dict[str, bytes]:
        folder = tmp_path / name
        write_report([from_disk(made, tmp_path / "results"), study_of(filled("paper", errors={}))], [], folder, 1)
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    first = contents("one")
    assert first == contents("two")
    assert len([name for name in first if name.endswith(".png")]) == 3
    assert len([name for name in first if name.endswith(".svg")]) == 3
