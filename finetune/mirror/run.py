"""One run on wandb, through wandb's own library, open as long as it takes to write to it. It knows no report.

The library hands everything to a service process, which sends it. What that process could not send it drops without a
word, and `close` is none the wiser: whoever must know opens the run again and looks at `first_step`.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from finetune.errors import MirrorUnavailable

TEXT = "original_format_json"  # too long a text for the summary and for charts


@dataclass(frozen=True, kw_only=True)
class Project:
    """Where runs go on wandb. Without an entity to the key's own; `folder` is for the library's files."""

    project: str
    entity: str | None
    folder: Path


class Run:
    """A run that goes on where it was left, inside a `with` block. Every call may raise `MirrorUnavailable`.

    Attributes:
        first_step: one more than the last step that wandb has; rows of earlier steps would be dropped.
        url: where to look at it.
    """

    def __init__(self, project: Project, run_id: str, name: str, config: Mapping[str, Any]) -> None:
        """Describe the run; nothing is asked yet. `run_id` names it for ever, `name` is what people see."""
        self.project, self.run_id, self.name, self.config = project, run_id, name, config

    def __enter__(self) -> Self:
        import wandb

        settings = wandb.Settings(
            root_dir=str(self.project.folder),
            program="finetune.mirror",
            silent=True,
            console="off",
            save_code=False,
            disable_git=True,
            disable_job_creation=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
        )
        with self._reaching():
            self._run = wandb.init(
                project=self.project.project,
                entity=self.project.entity,
                id=self.run_id,
                name=self.name,
                config=dict(self.config),
                resume="allow",
                settings=settings,
            )
            self._run.define_metric(TEXT, summary="none", hidden=True)
        self.first_step, self.url = self._run.starting_step, str(self._run.url)
        return self

    def log(self, step: int, row: Mapping[str, Any]) -> None:
        """Hand over one row. Steps must rise."""
        with self._reaching():
            self._run.log(dict(row), step=step)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until everything was sent, however long that takes, and end the service process."""
        with self._reaching():
            self._run.finish(exit_code=0 if error is None else 1)
        self._end()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # the library raises what it likes, and its service may die under it
            self._end()
            raise MirrorUnavailable(f"wandb took nothing: {' '.join(str(error).split()) or error!r:.300}") from error

    def _end(self) -> None:
        """End the service process and remove its files: what they hold is in the reports."""
        import wandb

        with suppress(Exception):
            wandb.teardown()
        shutil.rmtree(self.project.folder / "wandb", ignore_errors=True)
