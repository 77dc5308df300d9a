"""Reads a page back as strictly as no browser does: tags that are not closed in order are faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "area", "base", "col", "embed", "source", "track", "wbr"}


@dataclass
class Element:
    """One element with its attributes, its own text and everything in it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, spaces as single ones."""
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())

    @property
    def exact(self) -> str:
        """All text in it, as it stands."""
        return "".join(child if isinstance(child, str) else child.exact for child in self.children)

    def all(self, tag: str = "", *, cls: str = "") -> list[Element]:
        """Every element below with this tag and class, in the page's order."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if tag in ("", child.tag) and (not cls or cls in child.classes):
                    found.append(child)
                found += child.all(tag, cls=cls)
        return found

    def one(self, tag: str = "", *, cls: str = "") -> Element:
        """The first of :meth:`all`."""
        return self.all(tag, cls=cls)[0]

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}> {self.at.attributes}"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def read(page: str) -> Element:
    """The page's elements.

    Raises:
        AssertionError: a tag is not closed where it should be, or an attribute is given twice.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root


def by_id(root: Element, name: str) -> Element:
    """The element with this id."""
    (found,) = [element for element in root.all() if element.attributes.get("id") == name]
    return found
