"""The parts of the page about what to believe: rejections, agreement, control figures, signatures, the catalog."""

from collections import Counter

from finetune.board.competition_view import CompetitionView
from finetune.board.figures import NONE, bits, counted, listed, whole
from finetune.board.markup import Html, join, tag
from finetune.board.tables import Column, code, folded, table
from finetune.board.trust import Opinion
from finetune.board.view import View

_SHOWN_LEFT_OUT = 100  # reports that are not used, of which a page full would say no more


def rejections_section(view: View) -> Html:
    """Who takes no part, and why."""
    rows = view.rejections
    content = tag("p", "Nobody is rejected.", class_="quiet")
    if rows:
        kinds = Counter(row.reason for row in rows)
        summary = listed([f"{number} {reason}" for reason, number in kinds.most_common()])
        columns = [
            Column("Miner"),
            Column("Committed", figures=True),
            Column("Competition", figures=True),
            Column("Reason"),
            Column("In words", sentences=True),
            Column("Fault"),
            Column("Again?"),
        ]
        lines = [
            [row.name, row.block, row.competition or NONE, row.reason, row.text, row.fault, _again(row.retry)]
            for row in rows
        ]
        shown = table("Rejected submissions and commitments", columns, lines)
        content = join(tag("p", f"{counted(len(rows), 'rejection')}: {summary}.", class_="quiet"), shown)
    return tag(
        "section",
        tag("h2", "Rejections", id="rejections-title"),
        content,
        id="rejections",
        aria_labelledby="rejections-title",
    )


def trust_section(view: View) -> Html:
    """What a doubter would look at."""
    return tag(
        "section",
        tag("h2", "Why believe this", id="trust-title"),
        tag("h3", "Do validators agree?"),
        *(_agreement(one) for one in view.competitions),
        tag("h3", "Is each machine right?"),
        *(_control(one) for one in view.competitions),
        tag("h3", "Who signed?"),
        _signatures(view),
        tag("h3", "Which rules?"),
        _catalog(view),
        id="trust",
        aria_labelledby="trust-title",
    )


def _again(retry: bool) -> str:
    return "by itself" if retry else "no"


def _agreement(one: CompetitionView) -> Html:
    told = one.agreement
    if told is None:
        return tag("p", f"{one.competition.title}: no round yet.", class_="quiet")
    columns = [
        Column("Validator"),
        Column("Agrees"),
        Column("Says"),
        Column("Largest difference of a mean", figures=True),
    ]
    rows = [
        [each.validator, _verdict(each), each.says or NONE, bits(each.difference) if each.says else NONE]
        for each in told.opinions
    ]
    again = one.recount
    words = f"{one.competition.title}: {told.summary}"
    if again is not None and again.duels:
        result = "give the same" if not again.differing else f"differ in {again.differing}: reports are missing here"
        words += f" {counted(again.duels, 'duel')} counted again from the raw losses {result}."
    caption = f"Round {whole(told.sync)} of {one.competition.title}, by validator"
    return join(tag("p", words), table(caption, columns, rows))


def _verdict(each: Opinion) -> str:
    if not each.says:
        return "no report"
    return "yes" if each.agrees else "no"


def _control(one: CompetitionView) -> Html:
    control = one.control
    if control is None or not control.known:
        return tag("p", f"{one.competition.title}: no control figures yet.", class_="quiet")
    largest = max((row.largest for row in control.rows), default=0.0)
    verdict = "within" if largest <= control.tolerance else "beyond"
    words = (
        f"{one.competition.title}: every round begins with the reference on {counted(len(control.known), 'sample')} of "
        f"which its losses are known. The largest difference is {largest:.6f} bits, {verdict} the tolerance of "
        f"{control.tolerance:g}."
    )
    columns = [Column("Validator"), *(Column(f"sample {n + 1}", figures=True) for n in range(len(control.known)))]
    rows = [["known", *(bits(loss) for loss in control.known)]]
    rows += [[row.validator, *_padded(row.losses, len(control.known))] for row in control.rows]
    shown = table(f"Control losses of {one.competition.title}, bits", columns, rows)
    return join(tag("p", words), folded("The control losses", shown))


def _padded(losses: tuple[float, ...], count: int) -> list[str]:
    """As many cells as there are known losses, whatever a report holds."""
    cells = [bits(loss) for loss in losses[:count]]
    return cells + [NONE] * (count - len(cells))


def _signatures(view: View) -> Html:
    columns = [
        Column("Validator"),
        Column("Hotkey"),
        Column("Signed reports", figures=True),
        Column("Newest", figures=True),
    ]
    rows = [[one.name, code(one.hotkey), whole(one.reports), f"round {whole(one.newest)}"] for one in view.signers]
    good = sum(one.reports for one in view.signers)
    words = f"{counted(good, 'report')} with a signature that fits, {counted(len(view.left_out), 'report')} left out."
    parts: list[str] = [tag("p", words)]
    if rows:
        parts.append(table("Reports by signer", columns, rows))
    if view.left_out:
        lines = [[one.claims, one.why] for one in view.left_out[:_SHOWN_LEFT_OUT]]
        listing = table(
            "Reports left out", [Column("Says it is by"), Column("Why it is not used", sentences=True)], lines
        )
        parts.append(folded(f"{counted(len(view.left_out), 'report')} left out, and why", listing))
    return join(*parts)


def _catalog(view: View) -> Html:
    others = [one for one in view.catalogs if one != view.catalog]
    words = "Every report was made under this catalog of competitions, by its fingerprint:"
    if others:
        words = f"{counted(len(others), 'other catalog')} in these reports. Today's catalog, by its fingerprint:"
    if not view.catalogs:
        words = "The catalog of competitions, by its fingerprint:"
    shown = tag("p", words, " ", code(view.catalog))
    return join(shown, *(tag("p", "Also found: ", code(one[:64])) for one in others[:5]))
