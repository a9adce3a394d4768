"""The first page: every seat on one card, all competitions in a table, and what has changed lately."""

from competitions.season import REFERENCE
from finetune.board.competition_view import CompetitionView
from finetune.board.figures import NONE, bits, counted, share, whole
from finetune.board.links import Links, competition_file
from finetune.board.markup import Html, isolated, join, prose, tag
from finetune.board.page import Page
from finetune.board.tables import Column, table
from finetune.board.view import View

_SHOWN_CHANGES = 10


def index_page(view: View, links: Links) -> Page:
    """Who holds every seat, since when, for what reward; whether validators agree; the latest changes."""
    body = join(
        tag("h1", "Leaderboard"),
        tag("p", view.headline, class_="lead"),
        _glance(view),
        _section("Competitions", _competitions(view, links)),
        _section("Latest changes of seats", _changes(view)),
    )
    data = {
        "block": view.block,
        "headline": view.headline,
        "verdict": view.verdict,
        "turnout": view.turnout,
        "catalog": view.catalog,
        "competitions": [_values(one, view.block) for one in view.competitions],
    }
    return Page(file="index.html", title="Leaderboard", body=body, data=data)


def seat_line(one: CompetitionView) -> str:
    """Since when the seat is held and what it earns."""
    since = "since the competition opened" if one.since is None else f"since block {whole(one.since)}"
    fate = "is burnt" if one.holder.is_reference else "of the weights"
    return f"{since} · {share(one.competition.reward)} {fate}"


def loss_line(one: CompetitionView) -> str:
    """The champion's mean loss beside the reference's, both over the last rounds."""
    ours, theirs = one.champion.mean, one.baseline.mean
    if ours is None:
        return "not scored yet"
    text = f"{bits(ours)} {one.losses.unit}"
    if theirs and not one.holder.is_reference:
        side = "below" if ours <= theirs else "above"
        text += f", {share(abs(theirs - ours) / theirs)} {side} the reference"
    return text


def _values(one: CompetitionView, block: int) -> dict[str, object]:
    competition, champion = one.competition, one.champion
    return {
        "id": competition.id,
        "title": competition.title,
        "reward": competition.reward,
        "champion": champion.key,
        "name": champion.name,
        "since": one.since,
        "reign": _reign(one, block),
        "epsilon": one.epsilon,
        "mean": champion.mean,
        "reference_mean": one.baseline.mean,
        "rounds": len(one.rounds),
    }


def _reign(one: CompetitionView, block: int) -> int:
    """How many blocks today's holder has held the seat."""
    return max(block - (one.competition.first_block if one.since is None else one.since), 0)


def _section(title: str, content: Html) -> Html:
    name = title.lower().replace(" ", "-")
    return tag("section", tag("h2", title, id=name), content, aria_labelledby=name)


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
        *(
            _card(one.competition.title, competition_file(one.competition.id), one.champion.name, seat_line(one))
            for one in view.competitions
        ),
        _card("Validators", "validators.html", view.verdict, view.turnout),
        _card("Samples scored", "", whole(scored), work),
    ]
    return tag("section", tag("h2", "At a glance", class_="unseen"), tag("ul", *cards, class_="cards"), class_="first")


def _card(title: str, target: str, said: str, below: str) -> Html:
    return tag(
        "li",
        tag("p", tag("a", isolated(title), href=target) if target else title, class_="eyebrow"),
        tag("p", isolated(said), class_="champion"),
        tag("p", below, class_="quiet"),
    )


def _competitions(view: View, links: Links) -> Html:
    columns = [
        Column("Competition"),
        Column("Champion"),
        Column("Since block", figures=True),
        Column("Reign, blocks", figures=True),
        Column("Reward", figures=True),
        Column("Mean loss", figures=True),
        Column("Reference", figures=True),
        Column("Challengers", figures=True),
    ]
    if not view.competitions:
        return tag("p", "No competition runs now.", class_="quiet")
    return table(
        "All competitions that run now", columns, [_row(one, view, links) for one in view.competitions], sortable=True
    )


def _row(one: CompetitionView, view: View, links: Links) -> list[str]:
    competition, champion, base = one.competition, one.champion, one.baseline
    since = competition.first_block if one.since is None else one.since
    rivals = sum(row.status in ("challenger", "resting") and row.key != REFERENCE for row in one.standings)
    return [
        tag("a", isolated(competition.title), href=competition_file(competition.id)),
        links.entrant(competition.id, champion.key, champion.name),
        whole(since),
        whole(_reign(one, view.block)),
        share(competition.reward) + (", burnt" if one.holder.is_reference else ""),
        NONE if champion.mean is None else bits(champion.mean),
        NONE if base.mean is None else bits(base.mean),
        whole(rivals),
    ]


def _changes(view: View) -> Html:
    found = [(change, one.competition) for one in view.competitions for change in one.changes]
    found.sort(key=lambda pair: -pair[0].block)
    if not found:
        return tag("p", "No seat has changed hands yet.", class_="quiet")
    items = [
        tag(
            "li",
            tag("span", f"block {whole(change.block)}", class_="when"),
            tag("span", tag("strong", isolated(competition.title)), ": ", prose(change.sentence)),
        )
        for change, competition in found[:_SHOWN_CHANGES]
    ]
    older = len(found) - len(items)
    more = tag("p", f"{counted(older, 'earlier change')}, told by the competitions' own pages.", class_="quiet")
    return join(tag("ol", *items, class_="history"), more if older else None)
