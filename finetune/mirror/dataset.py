"""A dataset repository of reports on a hub: what it holds, and adding to it; what is there stays. It reads none."""

from collections.abc import Mapping
from pathlib import Path

from finetune.hub.client import HubClient
from finetune.hub.client_errors import hub_error
from finetune.redact import redacted

FOLDER = "reports"


class ReportDataset:
    """The repository, named `namespace/name`, with the rights of a token."""

    def __init__(self, endpoint: str | None, token: str, repository: str) -> None:
        """Nothing is asked yet. Raises `SetupError` for an endpoint that is none."""
        self.repository = repository
        self._hub = HubClient(endpoint, token, kind="dataset")
        self._endpoint, self._token = endpoint, token

    def held(self) -> set[str]:
        """The names of the reports in it; the repository is made, public, where it is not there. Raises `HubError`."""
        self._hub.create(self.repository, private=False)
        listing = self._hub.listing(self.repository, None)
        return {file.path.removeprefix(f"{FOLDER}/") for file in listing.files if file.path.startswith(f"{FOLDER}/")}

    def add(self, files: Mapping[str, Path], message: str) -> None:
        """Add the files, by their names there, in one commit. Raises `HubError`."""
        from huggingface_hub import CommitOperationAdd, HfApi

        subject = f"{self.repository} on {self._endpoint or 'huggingface.co'}"
        try:
            HfApi(endpoint=self._endpoint, token=self._token).create_commit(
                self.repository,
                [CommitOperationAdd(f"{FOLDER}/{name}", path) for name, path in sorted(files.items())],
                repo_type="dataset",
                commit_message=message,
            )
        except Exception as error:
            translated = hub_error(error, subject=subject, writing=True)
            if translated is None:
                raise
            raise type(translated)(redacted(str(translated), self._token)) from error
