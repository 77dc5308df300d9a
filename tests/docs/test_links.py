"""Every relative link of a page leads to a file that is there, and to a heading that is in it."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import CODE, LINK, PAGES, ROOT, anchors, name_of, prose, read


def broken(page: Path, text: str) -> list[str]:
    """The links in ``text`` that lead nowhere from ``page``, each with the reason."""
    found = []
    # Links around code are links; what looks like one within code is none.
    for target in LINK.findall(CODE.sub("code", prose(text))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if file != page and not (file.is_relative_to(ROOT) and file.exists()):
            found.append(f"{target}: no such file")
        elif anchor and anchor not in anchors(text if file == page else read(file)):
            found.append(f"{target}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert not broken(page, read(page))


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("[a](no-such.md)", "no such file"),
        ("[a](statistics.md#no-such-part)", "no such heading"),
        ("[a](#no-such-part)", "no such heading"),
        ("[`a`](../no/such.py)", "no such file"),
        ("[a](../../outside.md)", "no such file"),
    ],
)
def test_a_broken_link_is_found(link: str, reason: str) -> None:
    (found,) = broken(ROOT / "docs" / "page.md", f"# Page\n\nText with {link}.\n")
    assert found.endswith(reason)


def test_sound_links_are_none_of_them() -> None:
    text = "# A page\n\n[a](statistics.md#measured-on-studies-with-known-truth) [b](#a-page) [c](../README.md) `[d](e.md)`\n"
    assert not broken(ROOT / "docs" / "page.md", text)
