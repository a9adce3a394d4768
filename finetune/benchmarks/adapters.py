"""Benchmark `adapters`: ten LoRA adapters over one base, beside the bare base scored ten times."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from finetune.benchmarks.material import chats
from finetune.benchmarks.race import Way, race, seconds, speeds
from finetune.benchmarks.result import Result
from finetune.benchmarks.setting import Setting
from finetune.evals.engine import Engine
from finetune.evals.port import Folders
from finetune.evals.quiet import quiet
from finetune.evals.runtime import losses
from finetune.hub.files import ADAPTER_WEIGHTS
from finetune.mining.train import Lora
from finetune.rehearsal.show import Show

SAMPLES, REPEATS = 8, 3
COUNT = 10
OURS, BARE = "ten adapters", "ten times the bare base"


def adapters(setting: Setting, show: Show) -> Result:
    """What ten adapters cost, opening included, as a multiple of ten scorings of the bare base.

    Every round begins with nothing loaded; `base_loads` is how often the base was loaded in the last one.
    """
    with tempfile.TemporaryDirectory() as scratch:
        show.say("making ten adapters")
        folders = make_adapters(setting, Path(scratch))
        players = {OURS: _Player(setting, folders, over_base=True), BARE: _Player(setting, folders, over_base=False)}
        ways = [Way(name=name, run=player.run) for name, player in players.items()]
        with show.stage("adapters", setting.repeats * COUNT) as over:
            found = race(ways, folders, rounds=setting.repeats, over=over)
    figures = {}
    for name, times in found.items():
        against = speeds(times, found[BARE])
        figures[name] = {
            **seconds(times),
            **against,
            "cost": 1 / against["speed"],
            "base_loads": players[name].loads,
            "mean_loss": mean(times.results),
        }
    return Result(benchmark="adapters", about={**setting.about(), "rank": Lora().rank}, ways=figures)


class _Player:
    """Scores the folders of one round after the other, each by itself or, for comparison, the bare base instead."""

    def __init__(self, setting: Setting, folders: Sequence[Path], *, over_base: bool) -> None:
        self._setting, self._first, self._over_base = setting, folders[0], over_base
        self._items = [("reference", sample) for sample in chats(setting.documents, setting.samples, setting.seed)]
        self.loads = 0

    def run(self, folders: Sequence[Path]) -> list[float]:
        """The mean loss of each folder."""
        return [self._score(folder) for folder in folders]

    def _score(self, folder: Path) -> float:
        if folder == self._first:
            self._engine, self.loads = Engine(self._setting.device, self._count), 0
        base = self._setting.folder
        wanted = Folders(model=folder, base=base) if self._over_base else Folders(model=base)
        length = self._setting.sequence_length
        loaded = self._engine.open(wanted, dtype=self._setting.dtype, sequence_length=length)
        return mean(losses(loaded, self._items, sequence_length=length))

    def _count(self, phase: str) -> None:
        self.loads += phase == "model"


def make_adapters(setting: Setting, scratch: Path) -> list[Path]:
    """Folders of adapters over all linear layers of the setting's model, with small random numbers in both matrices.

    Trained ones cost the same: it is the shapes that do.
    """
    import torch
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from safetensors.torch import save_file

    shape = Lora()
    config = LoraConfig(
        r=shape.rank, lora_alpha=shape.alpha, target_modules=sorted(shape.targets), task_type="CAUSAL_LM"
    )
    with quiet():
        expected = get_peft_model_state_dict(get_peft_model(setting.load().model, config))
    generator = torch.Generator().manual_seed(setting.seed)
    folders = []
    for number in range(COUNT):
        folder = scratch / f"adapter-{number}"
        weights = {name: torch.randn(one.shape, generator=generator) * 0.01 for name, one in expected.items()}
        config.save_pretrained(folder)
        save_file(weights, folder / ADAPTER_WEIGHTS)
        folders.append(folder)
    return folders
