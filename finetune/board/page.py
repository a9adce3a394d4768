"""The page: a view as one HTML file that needs nothing else, no network and no script. It computes no figure."""

import hashlib
from base64 import b64encode
from pathlib import Path

from finetune.board.figures import share, whole
from finetune.board.markup import Html, join, tag
from finetune.board.page_chain import chain_section, people_section
from finetune.board.page_competition import anchor, competition_section, seat_line
from finetune.board.page_trust import rejections_section, trust_section
from finetune.board.view import View

_STYLE = Path(__file__).with_name("board.css")
_TITLE = "Leaderboard of the fine-tuning subnet"


def render(view: View) -> str:
    """The whole page as HTML. Names and texts of strangers are text in it and nothing else.

    Its content policy lets in the one style sheet that it carries, by its hash, and forbids all the rest.
    """
    style = _STYLE.read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", _TITLE),
        tag("style", Html(style)),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", _body(view)), lang="en") + "\n"


def _policy(style: str) -> str:
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _body(view: View) -> Html:
    return join(
        tag("a", "Skip to the figures", href="#main", class_="skip"),
        _header(view),
        tag(
            "main",
            _glance(view),
            *(competition_section(one) for one in view.competitions),
            chain_section(view),
            rejections_section(view),
            trust_section(view),
            people_section(view),
            id="main",
        ),
        tag("footer", tag("p", _colophon(view))),
    )


def _header(view: View) -> Html:
    links = [(f"#{anchor(one)}", one.competition.title) for one in view.competitions]
    links += [("#chain", "Who is paid"), ("#rejections", "Rejections"), ("#trust", "Why believe this")]
    items = [tag("li", tag("a", name, href=target)) for target, name in links]
    return tag(
        "header",
        tag("p", f"Fine-tuning subnet · block {whole(view.block)}", class_="eyebrow"),
        tag("h1", "Leaderboard"),
        tag("p", view.headline, class_="lead"),
        tag("nav", tag("ul", *items), aria_label="Parts of this page"),
    )


def _glance(view: View) -> Html:
    """Every seat on one card, then whether to believe it and what it took."""
    scored = sum(one.scored for one in view.competitions)
    saved = sum(one.saved for one in view.competitions)
    work = (
        f"{share(saved / (scored + saved))} of the work saved by early stops"
        if saved
        else "early stops have saved none yet"
    )
    cards = [
        *(_card(one.competition.title, anchor(one), one.champion.name, seat_line(one)) for one in view.competitions),
        _card("Validators", "trust", view.verdict, view.turnout),
        _card("Samples scored", "trust", whole(scored), work),
    ]
    return tag("section", tag("h2", "At a glance", class_="unseen"), tag("ul", *cards, class_="cards"), id="seats")


def _card(title: str, target: str, said: str, below: str) -> Html:
    return tag(
        "li",
        tag("p", tag("a", title, href=f"#{target}"), class_="eyebrow"),
        tag("p", said, class_="champion"),
        tag("p", below, class_="quiet"),
    )


def _colophon(view: View) -> str:
    return (
        f"Made from signed reports of validators and from the chain at block {whole(view.block)}. "
        "This file needs no network and runs no script."
    )
