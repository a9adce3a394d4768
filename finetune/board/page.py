"""What all pages share: the head with its policy, the way to the other pages, the foot."""

from collections.abc import Sequence
from dataclasses import dataclass

from finetune.board.figures import whole
from finetune.board.links import competition_file
from finetune.board.markup import Html, isolated, join, tag
from finetune.board.view import View

STYLE, SCRIPT, CHARTS, ICON = "board.css", "board.js", "chart.umd.min.js", "icon.svg"

# The site's own files and nothing else; a script may ask the same server whether there is something new.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
_PARTS = (("", "Standings"), ("duels", "Head to head"), ("history", "History"))


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page: its file, its title, its content, and the values that it shows, for the JSON file beside it.

    `place` is the file that the list of pages marks as the one being read; `charts` whether it draws any.
    """

    file: str
    title: str
    body: Html
    data: object
    place: str = ""
    charts: bool = False


def framed(page: Page, view: View, *, live: bool) -> str:
    """A page as HTML. Names and texts of strangers are text in it and nothing else.

    A live page asks its server now and then whether it has changed.
    """
    scripts = [CHARTS, SCRIPT] if page.charts else [SCRIPT]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{page.title} · fine-tuning subnet"),
        tag("link", rel="icon", type="image/svg+xml", href=ICON),
        tag("link", rel="stylesheet", href=STYLE),
        *(tag("script", src=one, defer=True) for one in scripts),
    )
    body = tag(
        "body",
        tag("a", "Skip to the figures", href="#main", class_="skip"),
        _header(view, page.place or page.file),
        tag("main", page.body, id="main"),
        tag("footer", tag("p", _colophon(page, view))),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, body, lang="en", data_live=live) + "\n"


def parts_of(competition: int, part: str) -> Html:
    """The way between the pages of one competition."""
    items = [(competition_file(competition, each), name) for each, name in _PARTS]
    return _navigation("Pages of this competition", items, competition_file(competition, part), "parts")


def _header(view: View, place: str) -> Html:
    items = [("index.html", "Board")]
    items += [(competition_file(one.competition.id), one.competition.title) for one in view.competitions]
    items += [("validators.html", "Validators"), ("rewards.html", "Rewards"), ("rejections.html", "Rejections")]
    about = tag("p", f"Fine-tuning subnet · block {whole(view.block)}", class_="eyebrow")
    return tag("header", about, _navigation("Pages", items, place, "pages"))


def _navigation(label: str, items: Sequence[tuple[str, str]], current: str, kind: str) -> Html:
    links = [
        tag("li", tag("a", isolated(name), href=file, aria_current="page" if file == current else None))
        for file, name in items
    ]
    return tag("nav", tag("ul", *links), aria_label=label, class_=kind)


def _colophon(page: Page, view: View) -> Html:
    told = "and from the chain" if view.from_chain else "alone; no chain was asked"
    data = page.file.removesuffix(".html") + ".json"
    return join(
        f"Made from signed reports of validators {told}, as of block {whole(view.block)}. ",
        tag("a", "The values of this page as JSON", href=data),
    )
