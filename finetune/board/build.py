"""From folders of reports, with or without a chain to ask, to the view that the site shows."""

from pathlib import Path
from typing import Any

from competitions.competition import Competition
from finetune.board.folders import ReportFolders
from finetune.board.hearsay import told_metagraph, told_shares, told_weights
from finetune.board.record import Account
from finetune.board.rounds import collate
from finetune.board.sifting import sift
from finetune.board.site import write_site
from finetune.board.view import View, make_view
from finetune.chain.port import Chain, Metagraph


def view_from_reports(folders: ReportFolders, chain: Chain | None) -> View:
    """What the reports show, beside the chain's own stakes and vtrust where there is one to ask.

    Competitions are those of the newest reports, weights those that validators say they set. Raises
    `ChainUnavailable`.
    """
    metagraph = subnet(folders, chain)
    return view_of(folders, metagraph, from_chain=chain is not None)


def subnet(folders: ReportFolders, chain: Chain | None) -> Metagraph:
    """Who is registered, by the chain or, without one, by the reports. Raises `ChainUnavailable`."""
    told = [one for one in folders.readings if isinstance(one, Account)]
    return told_metagraph(told) if chain is None else chain.metagraph()


def view_of(folders: ReportFolders, metagraph: Metagraph, *, from_chain: bool) -> View:
    """What the reports show of a subnet."""
    readings = folders.readings
    accounts, _ = sift(readings, metagraph)
    rounds = collate(accounts, {one.hotkey: one.stake for one in metagraph.neurons})
    newest: dict[int, Competition] = {one.competition.id: one.competition for one in rounds}
    return make_view(
        readings=readings,
        competitions=[one for _, one in sorted(newest.items()) if one.runs_at(metagraph.block)],
        fingerprint=rounds[-1].record.catalog if rounds else "",
        metagraph=metagraph,
        weights=told_weights(accounts),
        earned={},
        names={},
        incentive_history=told_shares(rounds),
        from_chain=from_chain,
    )


def build(folders: ReportFolders, chain: Chain | None, out: Path, **options: Any) -> tuple[Path, View]:
    """Write the site of what the folders hold; `options` are those of `write_site`. Raises `FinetuneError`."""
    view = view_from_reports(folders, chain)
    return write_site(out, view, reports=folders.files, **options), view
