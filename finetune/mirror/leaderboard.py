"""The leaderboard on wandb: a report drawn from the runs that validators write, built and sent by wandb's library."""

from typing import TYPE_CHECKING, Any

from competitions.competition import Competition
from competitions.schedule import Catalog
from finetune.errors import MirrorUnavailable

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report

TITLE = "Leaderboard of the fine-tuning subnet"

_INTRODUCTION = """\
Every validator writes one row a round; a step is the round's sync block. A line is one uid as one validator sees it,
`reference` the model that holds a seat until a miner takes it. Losses are in bits, of tasks with rules to
follow the share that was broken; lower is better.

A challenger takes the seat when the evidence of its duel with the champion (`duel_data`, log2) is high enough and its
mean loss lower. Losses of one round decide nothing: each round draws new samples, so they rise and fall for everybody.

Each row holds the validator's whole signed report as `original_format_json`: its `record`, and the `signature` of its
`hotkey` over it. Where the two disagree, the signed record is right.
"""


def leaderboard(project: str, entity: str, catalog: Catalog, netuid: int) -> "Report":
    """The report over a project's validator runs of one subnet: seats, losses, duels, weights, a part a competition."""
    from wandb_workspaces.reports import v2 as wr

    numbers = [one.id for one in catalog.competitions]
    return wr.Report(
        project=project,
        entity=entity,
        title=TITLE,
        description="Who holds each seat, and why, as every validator tells it.",
        width="fluid",
        blocks=[
            wr.MarkdownBlock(text=_INTRODUCTION),
            wr.H2(text="Who holds the seats, and who earns"),
            _grid(netuid, [_lines("Weights", "weight_data")], [f"summary:seat_data.{number}" for number in numbers]),
            wr.H2(text="Duels of this season"),
            _grid(
                netuid,
                [
                    _lines("Evidence for the challenger, log2", "duel_data", ".evidence"),
                    _lines("Share of batches won", "win_rate_data"),
                    _lines("Batches won", "win_total_data"),
                ],
            ),
            wr.H2(text="Mean losses"),
            _grid(netuid, [_lines("All tasks", "uid_data"), _lines("Samples scored", "sample_data")]),
            *(block for one in catalog.competitions for block in _competition(one, netuid)),
            wr.H2(text="Validators"),
            _grid(netuid, [_lines("Seconds a stage", "seconds")]),
        ],
    )


def _competition(competition: Competition, netuid: int) -> list[Any]:
    from wandb_workspaces.reports import v2 as wr

    reward = f"Competition {competition.id}, {competition.reward:.0%} of the rewards."
    tasks = [_lines(task.name, f"{task.name}.raw_score") for task in competition.tasks]
    return [wr.H2(text=competition.title), wr.P(text=reward), _grid(netuid, tasks)]


def _grid(netuid: int, panels: list[Any], columns: list[str] | None = None) -> Any:
    """Panels over the runs that validators of the subnet write, and a table of these, the newest first."""
    from wandb_workspaces.reports import v2 as wr

    for number, panel in enumerate(panels):
        panel.layout = wr.Layout(x=8 * (number % 3), y=8 * (number // 3), w=8, h=8)
    runs = wr.Runset(
        name="validators",
        filters=f"Config('type') = 'validator' and Config('netuid') = {netuid}",
        pinned_columns=["run:displayName", "config:uid.value", "summary:block", *(columns or [])],
    )
    return wr.PanelGrid(runsets=[runs], panels=panels)


def _lines(title: str, figure: str, part: str = "") -> Any:
    """A line for every entrant of a figure."""
    from wandb_workspaces.reports import v2 as wr

    pattern = "^" + figure.replace(".", r"\.") + r"\..+" + part.replace(".", r"\.") + "$"
    return wr.LinePlot(title=title, x="Step", title_x="block", metric_regex=pattern, max_runs_to_show=20)


def outline(report: "Report") -> list[str]:
    """The report's headings and charts, one a line, with the names of the figures that each chart draws."""
    from wandb_workspaces.reports import v2 as wr

    lines = []
    for block in report.blocks:
        if hasattr(block, "panels"):
            lines += [f"  {panel.title}: {panel.metric_regex}" for panel in block.panels]
        elif isinstance(block, wr.H2):
            lines.append(str(block.text))
    return lines


def publish(report: "Report", replace: str | None) -> tuple[str, str]:
    """Save the report, in the place of the one at the URL `replace` where there is one, and let everybody see it.

    Returns the report's URL and the link under which no account is needed. Raises `MirrorUnavailable`.
    """
    from wandb_workspaces.reports import v2 as wr

    try:
        if replace:
            new, report = report, wr.Report.from_url(replace)
            report.title, report.description, report.blocks = new.title, new.description, new.blocks
        report.save()
        return str(report.url), str(report.enable_share_link())
    except Exception as error:  # whatever the library meets, it raises
        raise MirrorUnavailable(f"wandb did not take the report: {' '.join(str(error).split()):.300}") from error
