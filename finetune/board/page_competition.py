"""The part of the page about one competition: the seat and its story, the standings, the losses, the rounds."""

from collections.abc import Sequence

from competitions.season import REFERENCE
from finetune.board.bars import evidence_bar, evidence_words
from finetune.board.competition_view import CompetitionView
from finetune.board.figures import NONE, bits, counted, needed, power, share, whole
from finetune.board.loss_chart import loss_chart
from finetune.board.losses import LAST_ROUNDS
from finetune.board.markup import Html, join, prose, tag
from finetune.board.reasons import score
from finetune.board.standings import Standing
from finetune.board.tables import Column, code, facts, folded, stacked_table, table

_FIRST_ROWS = 25  # standings in sight; the others are folded away
_SHOWN_ROUNDS = 60  # rounds in the list; older ones are counted


def competition_section(one: CompetitionView) -> Html:
    """Everything about one competition."""
    name = anchor(one)
    return tag(
        "section",
        tag("h2", one.competition.title, id=f"{name}-title"),
        tag("p", _described(one), class_="quiet"),
        _seat(one),
        tag("h3", "Standings"),
        tag("p", prose(_how_to_read(one)), class_="quiet"),
        _standings(one),
        tag("h3", "Mean loss per round"),
        loss_chart(name, one.losses),
        tag("h3", "History of the seat"),
        _history(one),
        _rounds(one),
        id=name,
        aria_labelledby=f"{name}-title",
    )


def anchor(one: CompetitionView) -> str:
    """The id of a competition's section."""
    return f"competition-{one.competition.id}"


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


def _described(one: CompetitionView) -> str:
    competition = one.competition
    tasks = ", ".join(f"{task.name} {share(task.weight)}" for task in competition.tasks)
    largest = f"{competition.constraints.max_parameters / 1e6:,.6g} million parameters at most"
    return f"Competition {competition.id} · {share(competition.reward)} of the weights · {tasks} · {largest}"


def _seat(one: CompetitionView) -> Html:
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
    who = tag("p", tag("strong", champion.name, class_="champion"), " ", tag("span", "holds the seat"), class_="who")
    where = tag("p", _model(champion), class_="quiet")
    story = tag("p", prose(one.story), class_="story")
    return tag(
        "div", tag("div", who, tag("p", seat_line(one), class_="quiet"), where, story), facts(pairs), class_="seat"
    )


def _model(row: Standing) -> Html:
    """A repository at a revision."""
    if not row.repository:
        return Html()
    return join(row.repository, " at ", code(row.revision[:8] or "no revision"))


def _how_to_read(one: CompetitionView) -> str:
    judge = one.competition.judge
    return (
        "In the order of the decision: the champion, then every duel with it by evidence. A win is a batch with a "
        "lower loss than the champion's, its advantage included. The bar grows to the right with evidence for a "
        f"challenger, which takes the seat at the line, {power(needed(judge.alpha))}; to the left with evidence "
        f"against it, which stops it at {power(needed(judge.stop_alpha))}. Mean losses, in {one.losses.unit}, are over "
        f"the last {LAST_ROUNDS} rounds of each submission and decide nothing here."
    )


def _standings(one: CompetitionView) -> Html:
    first, rest = one.standings[:_FIRST_ROWS], one.standings[_FIRST_ROWS:]
    caption = f"Standings of {one.competition.title}"
    parts = [_standings_table(one, caption, first)]
    if rest:
        parts.append(
            folded(f"{counted(len(rest), 'more entrant')}", _standings_table(one, f"{caption}, continued", rest))
        )
    return join(*parts)


def _standings_table(one: CompetitionView, caption: str, rows: Sequence[Standing]) -> Html:
    columns = [
        Column("Submission"),
        Column("Status, and why"),
        Column("Wins to losses", figures=True),
        Column("Evidence"),
        Column("Mean loss", figures=True),
    ]
    return stacked_table(caption, columns, ((row.status, _standing(one, row)) for row in rows))


def _standing(one: CompetitionView, row: Standing) -> list[str]:
    place = tag("span", f"{row.place}." if row.place else "·", class_="place")
    committed = "when it opened" if row.key == REFERENCE else f"at block {whole(row.block)}"
    lines = (_model(row), f"committed {committed}", row.lineage)
    under = [tag("span", line, class_="under") for line in lines if line]
    who = join(place, tag("span", row.name, class_="name"), *under)
    why = join(tag("span", row.status, class_="pill"), tag("span", prose(row.reason), class_="why"))
    duel, evidence = NONE, Html(NONE)
    if row.tally is not None:
        duel = score(row.tally)
        words = tag("span", prose(evidence_words(row.strength, one.competition)), class_="under", aria_hidden="true")
        evidence = join(evidence_bar(row.strength, one.competition), words)
    return [who, why, duel, evidence, NONE if row.mean is None else bits(row.mean)]


def _history(one: CompetitionView) -> Html:
    """Every change of the seat, the latest first, and how it began."""
    items = [
        tag("li", tag("span", f"block {whole(change.block)}", class_="when"), tag("span", prose(change.sentence)))
        for change in reversed(one.changes)
    ]
    first = "The reference held the seat." if not one.changes or one.changes[0].former.is_reference else ""
    opening = first or "Earlier changes are not in these reports."
    items.append(tag("li", tag("span", "before", class_="when"), tag("span", opening)))
    return tag("ol", *items, class_="history", reversed=True)


def _rounds(one: CompetitionView) -> Html:
    """The rounds, for whoever wants to check one: seed, samples, how many validators told it."""
    if not one.rounds:
        return Html()
    columns = [
        Column("Sync block", figures=True),
        Column("Champion after"),
        Column("Advantage", figures=True),
        Column("Samples", figures=True),
        Column("Scored", figures=True),
        Column("Saved", figures=True),
        Column("Validators", figures=True),
        Column("Seconds", figures=True),
        Column("Seed (block hash)"),
        Column("Digest of the samples"),
    ]
    rows = [
        [
            whole(row.sync),
            row.champion,
            share(row.epsilon),
            whole(row.samples),
            whole(row.scored),
            whole(row.saved),
            whole(row.reporters),
            f"{row.seconds:,.1f}",
            code(row.seed[:64]),
            code(row.digest[:64]),
        ]
        for row in one.rounds[:_SHOWN_ROUNDS]
    ]
    older = len(one.rounds) - len(rows)
    caption = f"Rounds of {one.competition.title}" + (f", the newest {len(rows)}" if older else "")
    return folded(f"{counted(len(one.rounds), 'round')}: seeds, samples, early stops", table(caption, columns, rows))
