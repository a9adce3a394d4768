"""Opens submissions one after the other for scoring: the gates that belong to loading, then the model, ready.

The last full model stays loaded, so that the adapters over one base, or one reference scored twice, load it once. It
knows no process: who runs it decides what happens when it crashes.
"""

from collections.abc import Callable
from pathlib import Path

from finetune.errors import ModelRejected, ScorerUnavailable, ScoringError
from finetune.evals.adapter import attach
from finetune.evals.causality import check_causality
from finetune.evals.faults import as_scoring_error
from finetune.evals.port import Folders
from finetune.evals.runtime import DType, Loaded, load_model, model_config
from finetune.evals.shapes import check_tensors
from finetune.evals.tokenizer import check_tokenizer, load_tokenizer
from finetune.hub.weights_scan import scan_weights


class Engine:
    """Loads models on one device. `phase` is told what begins, in a word or two, before it does."""

    def __init__(self, device: str, phase: Callable[[str], None] = lambda _: None) -> None:
        """Nothing is loaded yet."""
        self.device, self._phase = device, phase
        self._root: tuple[Path, Path | None, DType, int] | None = None
        self._loaded: Loaded | None = None
        self._detach: Callable[[], None] | None = None

    def open(self, folders: Folders, *, dtype: DType, sequence_length: int) -> Loaded:
        """The model in `folders`, through all gates; the one before is closed.

        Raises `ModelRejected` or `ScoringError` where the submission fails, `ScorerUnavailable` where its base does.
        """
        self.close()
        folder = folders.base or folders.model
        root = (folder, folders.tokenizer, dtype, sequence_length)
        if self._root != root or self._loaded is None:
            # Two models never lie in memory side by side.
            self._loaded, self._root = None, None
            try:
                with as_scoring_error("opening the model"):
                    self._loaded = self._open_full(folder, folders.tokenizer, dtype, sequence_length)
            except ScoringError as error:
                if folders.base is None:
                    raise
                raise ScorerUnavailable(f"the base in {folders.base} cannot be scored on: {error}") from error
            self._root = root
        if folders.base is not None:
            with as_scoring_error("opening the adapter"):
                self._phase("weights")
                if rejection := scan_weights(folders.model):
                    raise ModelRejected(rejection)
                self._phase("adapter")
                self._detach = attach(self._loaded.model, folders.model)
        return self._loaded

    def close(self) -> None:
        """Take the adapter off, if there is one; the full model stays."""
        if self._detach is not None:
            self._detach()
            self._detach = None

    def _open_full(self, folder: Path, tokenizer: Path | None, dtype: DType, sequence_length: int) -> Loaded:
        """A full model through its gates, cheapest first."""
        self._phase("configuration")
        config = model_config(folder)
        if rejection := check_tensors(folder, config):
            raise ModelRejected(rejection)
        self._phase("tokenizer")
        words = load_tokenizer(tokenizer or folder)
        check_tokenizer(words, config["vocab_size"])
        self._phase("weights")
        if rejection := scan_weights(folder):
            raise ModelRejected(rejection)
        self._phase("model")
        model = load_model(folder, dtype=dtype, device=self.device)
        self._phase("causality")
        check_causality(model, sequence_length)
        return Loaded(model=model, tokenizer=words)
