"""Reads a page back: its elements, its tables as rows of text, and what describes each image."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    def all(self, *names: str) -> list["Element"]:
        """Every element below with one of the names, in order."""
        found = []
        for one in self.children:
            if isinstance(one, Element):
                found += [one] if not names or one.name in names else []
                found += one.all(*names)
        return found

    def with_id(self, name: str) -> "Element":
        return next(one for one in self.all() if one.attributes.get("id") == name)


class Reader(HTMLParser):
    """Builds the tree; fails where an element is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        one = Element(tag, dict(attrs))
        self.open[-1].children.append(one)
        if tag not in VOID:
            self.open.append(one)

    def handle_endtag(self, tag):
        assert self.open[-1].name == tag, f"{tag} closes {self.open[-1].name}"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)


def read(page: str) -> Element:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def table(page: Element, caption: str) -> list[list[str]]:
    """The rows of the table with this caption, headings first."""
    found = next(one for one in page.all("table") if one.all("caption")[0].text == caption)
    return [[cell.text for cell in row.all("th", "td")] for row in found.all("tr")]
