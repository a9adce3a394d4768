"""The mirror as a child process of the validator: started, and ended within seconds whatever the place does.

The child ends when the pipe that is its standard input does, so also when the validator is killed. It has the key in
its environment, and of the validator's other variables only those that a way to the network needs.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

GRACE_SECONDS = 5.0  # that the child has to send what it has in hand; the rest waits for the next start
PAUSE_SECONDS = 2.0  # between two looks at the folder

_PASSED_ON = (
    *("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """What goes where: the reports of `hotkey` in `reports` to a project on wandb. `folder` is the mirror's own."""

    reports: Path
    folder: Path
    hotkey: str
    netuid: int
    project: str
    entity: str | None
    api_key: str = field(repr=False)
    base_url: str | None

    def command(self, pause: float, grace: float) -> list[str]:
        """How the child is called: nothing in it is secret."""
        named = {
            "--reports": self.reports.absolute(),
            "--folder": self.folder.absolute(),
            "--hotkey": self.hotkey,
            "--netuid": self.netuid,
            "--project": self.project,
            "--entity": self.entity,
            "--pause": pause,
            "--grace": grace,
        }
        arguments = [f"{name}={value}" for name, value in named.items() if value is not None]
        return [sys.executable, "-P", "-m", "finetune.mirror", *arguments]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """All variables of the child. The library's settings and files stay within the mirror's folder."""
        folder = self.folder.absolute()
        library = {f"WANDB_{kind}_DIR": str(folder / "wandb") for kind in ("CACHE", "CONFIG", "DATA", "ARTIFACT")}
        return {
            **_passed_on(variables, folder),
            **library,
            "WANDB_API_KEY": self.api_key,
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
            **({"WANDB_BASE_URL": self.base_url} if self.base_url else {}),
        }


@dataclass(frozen=True, kw_only=True)
class HubMirror:
    """The reports of `hotkey` in `reports` go to a dataset repository on a hub. `folder` is the mirror's own."""

    reports: Path
    folder: Path
    hotkey: str
    repository: str
    endpoint: str | None
    token: str = field(repr=False)

    def command(self, pause: float, grace: float) -> list[str]:
        """How the child is called: nothing in it is secret."""
        named = {"--reports": self.reports.absolute(), "--hotkey": self.hotkey, "--repository": self.repository}
        arguments = [f"{name}={value}" for name, value in {**named, "--pause": pause, "--grace": grace}.items()]
        return [sys.executable, "-P", "-m", "finetune.mirror.to_hub", *arguments]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """All variables of the child. The library's files stay within the mirror's folder."""
        folder = self.folder.absolute()
        return {
            **_passed_on(variables, folder),
            "HF_HOME": str(folder / "huggingface"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_TOKEN": self.token,
            **({"HF_ENDPOINT": self.endpoint} if self.endpoint else {}),
        }


class Child(Protocol):
    """What a child process is started from; `Mirror` and `HubMirror` are."""

    @property
    def folder(self) -> Path:
        """A folder of its own."""
        ...

    def command(self, pause: float, grace: float) -> list[str]:
        """How the child is called."""
        ...

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """All variables of the child."""
        ...


def _passed_on(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The way to the network and to our own code, and a home of its own."""
    return {
        **{name: variables[name] for name in _PASSED_ON if name in variables},
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }


@contextmanager
def mirroring(
    mirror: Child, variables: Mapping[str, str], *, pause: float = PAUSE_SECONDS, grace: float = GRACE_SECONDS
) -> Iterator[int]:
    """Run the child inside the `with` block; gives its process id. `variables` are this process's own.

    Raises `OSError` where no process can be started.
    """
    mirror.folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        mirror.command(pause, grace),
        stdin=subprocess.PIPE,
        env=mirror.environment(variables),
        start_new_session=True,  # an interrupt at the terminal is for the validator, which then ends this
    )
    assert process.stdin is not None
    try:
        yield process.pid
    finally:
        process.stdin.close()
        try:
            process.wait(grace + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
