"""Validators: who they are, how far the chain trusts them, whether they agree, and whether each machine is right."""

from dataclasses import asdict

from finetune.board.chain_figures import WeightsRow
from finetune.board.competition_view import CompetitionView
from finetune.board.figures import NONE, alpha, bits, counted, share, whole
from finetune.board.markup import Html, isolated, join, tag
from finetune.board.page import Page
from finetune.board.tables import Cell, Cells, Column, code, folded, table
from finetune.board.trust import Agreement, Control, Opinion, Recount, Signer
from finetune.board.view import View

_SHOWN_LEFT_OUT = 100  # reports that are not used, of which a page full would say no more


def validators_page(view: View) -> Page:
    """What a doubter would look at."""
    body = join(
        tag("h1", "Validators"),
        tag("p", f"{view.verdict.capitalize()}: {view.turnout}.", class_="lead"),
        _validators(view),
        tag("h2", "Do they agree?"),
        *(_agreement(one) for one in view.competitions),
        tag("h2", "What weights do they set?"),
        _weights(view),
        tag("h2", "Is each machine right?"),
        *(_control(one) for one in view.competitions),
        tag("h2", "Who signed?"),
        _signatures(view),
        tag("h2", "Which rules?"),
        _catalog(view),
    )
    data = {
        "verdict": view.verdict,
        "weights": asdict(view.weights),
        "signers": [asdict(one) for one in view.signers],
        "agreement": {one.competition.id: _plain(one.agreement) for one in view.competitions},
        "recount": {one.competition.id: _plain(one.recount) for one in view.competitions},
        "control": {one.competition.id: _plain(one.control) for one in view.competitions},
        "left_out": [asdict(one) for one in view.left_out[:_SHOWN_LEFT_OUT]],
        "catalog": view.catalog,
        "catalogs": view.catalogs,
    }
    return Page(file="validators.html", title="Validators", body=body, data=data)


def _plain(value: Agreement | Recount | Control | None) -> object:
    return None if value is None else asdict(value)


def _validators(view: View) -> Html:
    """Everybody with stake, weights or reports; what only a chain knows stays open where none was asked."""
    reports = {one.hotkey: one for one in view.signers}
    known = {one.hotkey for one in view.weights.rows}
    rows = [_validator(view, one.hotkey, one.name, one, reports.get(one.hotkey)) for one in view.weights.rows]
    rows += [_validator(view, one.hotkey, one.name, None, one) for one in view.signers if one.hotkey not in known]
    if not rows:
        return tag("p", "There is no validator yet.", class_="quiet")
    columns = [
        Column("Validator"),
        Column("Stake", figures=True),
        Column("vtrust", figures=True),
        Column("Dividends", figures=True),
        Column("Weights set at", figures=True),
        Column("Reports", figures=True),
        Column("Newest", figures=True),
        Column("Told alike", figures=True),
    ]
    return table("Validators, most stake first", columns, rows, sortable=True)


def _validator(view: View, hotkey: str, name: str, row: WeightsRow | None, signed: Signer | None) -> Cells:
    chain: list[str | Cell] = [NONE] * 4
    if row is not None and view.from_chain:
        chain = [
            Cell(f"{alpha(row.stake)} ({share(row.stake_share)})", row.stake),
            f"{row.validator_trust:.3f}",
            _part(row.dividends),
            Cell("never" if row.last_update < 0 else f"block {whole(row.last_update)}", row.last_update),
        ]
    told: list[str | Cell] = ["0", NONE, NONE]
    if signed is not None:
        alike = Cell(f"{whole(signed.alike)} of {whole(signed.told)}", signed.alike / max(signed.told, 1))
        told = [whole(signed.reports), Cell(f"round {whole(signed.newest)}", signed.newest), alike]
    who = Cell(join(isolated(name), tag("span", code(hotkey), class_="under")), name.casefold())
    return [who, *chain, *told]


def _weights(view: View) -> Html:
    """Validators down, hotkeys across; what the chain made of it at the foot."""
    weights = view.weights
    if not weights.rows:
        return tag("p", "There is no validator yet.", class_="quiet")
    columns = [Column("Validator"), *(Column(one.name, figures=True) for one in weights.columns)]
    foot = [["Consensus", *(_part(one.consensus) for one in weights.columns)]]
    if view.from_chain:
        foot.append(["Incentive", *(_part(one.incentive) for one in weights.columns)])
    left_out = None
    if weights.left_out:
        note = f"{counted(weights.left_out, 'more hotkey')} with small shares, without a column here."
        left_out = tag("p", note, class_="quiet")
    rows = [[row.name, *(_part(part) for part in row.weights)] for row in weights.rows]
    shown = table("Weights by validator, shares of 1", columns, rows, foot=foot)
    return join(shown, left_out)


def _part(part: float) -> str:
    return share(part) if part else "0"


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
    good = sum(one.reports for one in view.signers)
    words = f"{counted(good, 'report')} with a signature that fits, {counted(len(view.left_out), 'report')} left out."
    parts: list[str] = [tag("p", words)]
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
