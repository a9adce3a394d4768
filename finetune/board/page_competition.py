"""The page of one competition: the seat and its story, the standings in the order that decides, losses per task."""

from dataclasses import asdict

from competitions.season import REFERENCE
from finetune.board.bars import evidence_bar, evidence_words
from finetune.board.competition_view import CompetitionView
from finetune.board.entrant_view import EntrantView
from finetune.board.figures import NONE, bits, needed, power, share, whole
from finetune.board.links import Links, competition_file
from finetune.board.losses import LAST_ROUNDS
from finetune.board.markup import Html, isolated, join, prose, tag
from finetune.board.page import Page, parts_of
from finetune.board.page_index import loss_line, seat_line
from finetune.board.reasons import score
from finetune.board.standings import Standing
from finetune.board.tables import Cell, Cells, Column, facts, stacked_table, table


def competition_page(one: CompetitionView, links: Links) -> Page:
    """Who holds the seat and why, and where everybody else stands."""
    body = join(
        heading(one, ""),
        _seat(one, links),
        tag("h2", "Standings"),
        tag("p", prose(_how_to_read(one)), class_="quiet"),
        _standings(one, links),
        tag("h2", "Loss per task"),
        _tasks(one, links),
    )
    data = {
        "competition": asdict(one.competition),
        "champion": one.champion.key,
        "since": one.since,
        "epsilon": one.epsilon,
        "story": one.story,
        "standings": [asdict(row) for row in one.standings],
        "tasks": one.tasks,
    }
    file = competition_file(one.competition.id)
    return Page(file=file, title=one.competition.title, body=body, data=data)


def heading(one: CompetitionView, part: str) -> Html:
    """What every page of a competition begins with."""
    return join(
        tag("h1", isolated(one.competition.title)),
        tag("p", _described(one), class_="quiet"),
        parts_of(one.competition.id, part),
    )


def model_line(row: Standing, links: Links) -> Html:
    """A repository at a revision, linked to the hub."""
    if not row.repository:
        return Html()
    return join(links.model(row.repository), " at ", links.commit(row.repository, row.revision))


def _described(one: CompetitionView) -> str:
    competition = one.competition
    tasks = ", ".join(f"{task.name} {share(task.weight)}" for task in competition.tasks)
    largest = f"{competition.constraints.max_parameters / 1e6:,.6g} million parameters at most"
    return f"Competition {competition.id} · {share(competition.reward)} of the weights · {tasks} · {largest}"


def _seat(one: CompetitionView, links: Links) -> Html:
    """Who holds the seat, how it came, and the figures that a challenger must know."""
    champion, judge = one.champion, one.competition.judge
    epsilon = one.competition.epsilon
    total = one.scored + one.saved
    saved = f"{whole(one.saved)} ({share(one.saved / total)})" if total else "0"
    pairs = [
        (f"Mean loss, last {LAST_ROUNDS} rounds", loss_line(one)),
        ("The champion's advantage", f"{share(one.epsilon)}, from {share(epsilon.start)} down to {share(epsilon.end)}"),
        ("Evidence that takes the seat", prose(f"{power(needed(judge.alpha))} (1/alpha = {1 / judge.alpha:,.0f})")),
        ("Samples scored", whole(one.scored)),
        ("Saved by early stops", saved),
    ]
    if one.rounds:
        newest = one.rounds[0]
        pairs.append(("Newest report", links.report(newest.validator, newest.sync)))
    named = tag("strong", links.entrant(one.competition.id, champion.key, champion.name), class_="champion")
    who = tag("p", named, " holds the seat", class_="who")
    where = tag("p", model_line(champion, links), class_="quiet")
    story = tag("p", prose(one.story), class_="story")
    told = tag("div", who, tag("p", seat_line(one), class_="quiet"), where, story)
    return tag("div", told, facts(pairs), class_="seat card")


def _how_to_read(one: CompetitionView) -> str:
    judge = one.competition.judge
    return (
        "In the order of the decision: the champion, then every duel with it by evidence. A win is a batch with a "
        "lower loss than the champion's, its advantage included. The bar grows to the right with evidence for a "
        f"challenger, which takes the seat at the line, {power(needed(judge.alpha))}; to the left with evidence "
        f"against it, which stops it at {power(needed(judge.stop_alpha))}. Mean losses, in {one.losses.unit}, are over "
        f"the last {LAST_ROUNDS} rounds of each submission and decide nothing here."
    )


def _standings(one: CompetitionView, links: Links) -> Html:
    columns = [
        Column("Submission"),
        Column("Status, and why"),
        Column("Wins to losses", figures=True),
        Column("Evidence"),
        Column("Mean loss", figures=True),
    ]
    rows = ((each.standing.status, _standing(one, each, links)) for each in one.entrants)
    return stacked_table(f"Standings of {one.competition.title}", columns, rows, name="standings")


def _standing(one: CompetitionView, entrant: EntrantView, links: Links) -> list[str | Cell]:
    row, newest = entrant.standing, entrant.rounds[0] if entrant.rounds else None
    place = tag("span", f"{row.place}." if row.place else "·", class_="place")
    committed = "when it opened" if row.key == REFERENCE else f"at block {whole(row.block)}"
    scored = join("last scored in ", links.report(newest.validator, newest.sync)) if newest else ""
    remembers = "remembers past samples" if entrant.reading and entrant.reading.remembers else ""
    lines = (model_line(row, links), f"committed {committed}", scored, row.lineage, remembers)
    under = [tag("span", line, class_="under") for line in lines if line]
    who = join(place, tag("span", links.entrant(one.competition.id, row.key, row.name), class_="name"), *under)
    why = join(tag("span", row.status, class_="pill"), tag("span", prose(row.reason), class_="why"))
    duel, evidence = Cell(NONE, ""), Cell(NONE, "")
    if row.tally is not None:
        duel = Cell(score(row.tally), row.tally.wins - row.tally.losses)
        words = tag("span", prose(evidence_words(row.strength, one.competition)), class_="under", aria_hidden="true")
        evidence = Cell(join(evidence_bar(row.strength, one.competition), words), row.strength)
    return [Cell(who, row.name.casefold()), Cell(why, row.status), duel, evidence, _loss(row.mean)]


def _loss(mean: float | None) -> str:
    return NONE if mean is None else bits(mean)


def _tasks(one: CompetitionView, links: Links) -> Html:
    """Entrants that were scored down, tasks across."""
    rows = [row for row in one.standings if row.key in one.tasks]
    if not rows:
        return tag("p", "No round has been scored yet.", class_="quiet")
    names = [task.name for task in one.competition.tasks]
    columns = [Column("Submission"), Column("All tasks", figures=True), *(Column(name, figures=True) for name in names)]
    lines: list[Cells] = [
        [
            Cell(links.entrant(one.competition.id, row.key, row.name), row.name.casefold()),
            _loss(row.mean),
            *(_loss(one.tasks[row.key].get(name)) for name in names),
        ]
        for row in rows
    ]
    caption = f"Mean loss per task over the last {LAST_ROUNDS} rounds of each, {one.losses.unit}"
    return table(caption, columns, lines, name="tasks", sortable=True)
