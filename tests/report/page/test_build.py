"""The page as a file: well-formed, inert, whole in itself, and the same for the same store."""

import base64
import hashlib
import re
from itertools import pairwise
from pathlib import Path

import pytest

from pkbench.report.page.build import html_page
from tests.report.made import families, study_of
from tests.report.page.made import HOSTILE, hostile, page
from tests.report.page.reader import Element, by_id, read

ROLES = {"group", "img", "region", "search", "tooltip"}
"""Roles of ARIA that the page gives; the script's are among them."""


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def root(text: str) -> Element:
    return read(text)


def ids(root: Element) -> list[str]:
    return [element.attributes["id"] for element in root.all() if "id" in element.attributes]


def test_it_is_whole_and_in_order(root: Element, text: str) -> None:
    assert text.startswith("<!DOCTYPE html>\n<html lang=")
    assert [child.tag for child in root.one("html").children if isinstance(child, Element)] == ["head", "body"]
    levels = [int(element.tag[1]) for element in root.all() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [element.tag for element in root.one("body").children if isinstance(element, Element)] == [
        "a", "svg", "header", "main", "footer", "div",
    ]  # fmt: skip


def test_ids_are_unique_and_links_lead_somewhere(root: Element) -> None:
    found = ids(root)
    assert len(set(found)) == len(found)
    links = [element.attributes["href"] for element in root.all() if "href" in element.attributes]
    assert len(links) > 100
    assert {link.removeprefix("#") for link in links} <= set(found)
    named = [element.attributes["aria-labelledby"] for element in root.all() if "aria-labelledby" in element.attributes]
    assert set(named) <= set(found)


def test_nothing_outside_is_referred_to(root: Element, text: str) -> None:
    assert {element.tag for element in root.all()} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "image",
    } == set()
    assert not any("src" in element.attributes or "style" in element.attributes for element in root.all())
    style = root.one("style").exact
    assert "@import" not in style
    assert "url(" not in style
    # Not even in a text: the specs of this page name no address.
    assert re.findall(r"\b(?:https?|ftp|data|blob|file):", text) == []


def test_the_policy_allows_its_own_style_and_script_alone(root: Element) -> None:
    (policy,) = [
        element.attributes["content"]
        for element in root.all("meta")
        if element.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (element,) = root.all(tag)
        digest = base64.b64encode(hashlib.sha256(element.exact.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert set(directives) == {"default-src", "base-uri", "form-action", "style-src", "script-src"}
    head = [element.attributes.get("http-equiv") for element in root.one("head").all()]
    assert head.index("Content-Security-Policy") == 1, "what stands before it is not under it"


def test_roles_are_real_and_named(root: Element) -> None:
    with_role = [element for element in root.all() if "role" in element.attributes]
    assert {element.attributes["role"] for element in with_role} <= ROLES
    for element in with_role:
        if element.attributes["role"] in ("group", "region", "search"):
            assert element.attributes["aria-label"].strip(), element.attributes
    for mark in root.all(cls="p"):
        assert mark.one("title").text
    for table in root.all("table"):
        assert all(head.attributes["scope"] == "col" and head.text for head in table.all("th"))
        width = len(table.all("th"))
        assert all(len(row.all("td")) == width for row in table.one("tbody").all("tr"))
    for field in root.all("input") + root.all("select"):
        labelled = field.parent
        assert labelled is not None
        assert labelled.tag == "label"
        assert labelled.text
    for button in root.all("button"):
        assert button.text


def test_without_a_script_everything_is_there(root: Element) -> None:
    hidden = [element for element in root.all() if "hidden" in element.attributes]
    assert {element.attributes["id"] for element in hidden} == {"tip", "none"}
    for button in root.all("button"):
        useless = "disabled" in button.attributes or "needs-script" in button.classes
        assert useless or button.attributes["type"] == "reset"
    assert "needs-script" in by_id(root, "filters").classes
    assert "html:not(.script) .needs-script { display: none; }" in root.one("style").exact


def test_texts_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    text = html_page(*hostile(tmp_path))
    root = read(text)
    assert len(root.all("script")) == 1
    assert len(root.all("style")) == 1
    assert len(root.all("title")) > 1, "figures have titles of their own"
    assert root.all("img") == []
    for element in root.all():
        assert not any(name.startswith("on") for name in element.attributes), element.attributes
        assert "javascript:" not in element.attributes.get("href", "")
    shown = root.one("body").text
    seen = " ".join(HOSTILE.replace("\u202e", "").replace("\x9b", " ").split())
    assert seen in shown
    assert "{{ 7*7 }}" in shown
    assert not set(text) & {"\u202e", "\x9b", "\x00", "\u200b"}
    found = ids(root)
    assert len(set(found)) == len(found)


def test_the_same_store_gives_the_same_page(tmp_path: Path, text: str) -> None:
    assert page(tmp_path) == text


def test_a_number_stays_with_its_unit(root: Element) -> None:
    sentence = root.one("article").one("p").exact
    assert "2.00\N{NO-BREAK SPACE}%" in sentence
    assert "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}3 pairs" in sentence


def test_commands_can_be_copied(root: Element) -> None:
    code = [element.exact for element in root.one("pre").all("code")]
    assert code == [
        f"git checkout {'0' * 40}",
        "pkbench data get specs/small.toml cifar10",
        "pkbench run specs/small.toml --profile quick",
        "pkbench run specs/small.toml --profile paper",
        "pkbench report specs/small.toml",
    ]


def test_twelve_hundred_runs_have_room(tmp_path: Path) -> None:
    """A page of all specs has 1,200 runs, 400 models and 250 claims: under 3 MB where 60 runs take a twentieth."""
    few = study_of(families(errors={}))
    singles = [f"m{i}" for i in range(14)]
    errors = {name: (10.0 + i, 11.5 + i, 12.0 + i) for i, name in enumerate([*singles, *few.scaled.families["rp"]])}
    errors |= dict.fromkeys(few.scaled.families["normal"], (9.0, 11.0, 12.5))
    many = study_of(families(singles=singles, errors=errors))
    nothing = len(html_page([few], []).encode())
    assert sum(len(record.history) > 0 for record in many.records.values()) == 60
    assert len(html_page([many], []).encode()) - nothing < 3_000_000 / 20
    assert len(html_page([], []).encode()) < 60_000


def test_nothing_at_all_is_a_page_too() -> None:
    root = read(html_page([], []))
    assert root.one("h1").text
    assert root.all("article") == []
