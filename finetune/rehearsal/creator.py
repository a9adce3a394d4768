"""The task creator of a rehearsal: a file to train on, a hidden one, the competition with both, a part a round."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from competitions.competition import Competition
from competitions.schedule import Catalog
from finetune.generating.hidden import Reveal, cut, next_reveal, publish, reveal
from finetune.hub.client import HubClient
from finetune.mining.tiny import build_tiny
from finetune.rehearsal.cast import CREATOR, CreatorRole
from finetune.rehearsal.world import OWNER, World
from finetune.streams.hidden import Hidden
from finetune.streams.registry import open_stream
from finetune.streams.sample import Sample

_TRAINING = "train.jsonl"


class Creator:
    """The task creator at work, with a folder of its own and the rights of its own hub account."""

    def __init__(self, world: World, role: CreatorRole) -> None:
        """Nothing is made yet."""
        self._world, self._role = world, role
        self._out = world.out / "creator"
        self._hub = HubClient(world.endpoint, world.token(CREATOR), kind="dataset")
        self._repository = ""

    def upload_bases(self) -> None:
        """Make the small base, and give it to the owner's account beside the reference."""
        folder = self._world.out / "models" / "small"
        build_tiny(folder, seed=self._world.seed, hidden=48, layers=2)
        owner = self._world.hub(OWNER)
        owner.create(f"{OWNER}/{self._role.small_base}", private=False)
        owner.upload(f"{OWNER}/{self._role.small_base}", folder, message="a smaller base")

    def complete(self, document: Any) -> None:
        """Publish the training file and the list of hidden parts, and name both in the competition's document."""
        (task,) = document["tasks"]
        self._repository = str(task["options"]["repository"])
        self._out.mkdir()
        training, hidden = self._out / _TRAINING, self._out / "hidden.jsonl"
        _write(training, self._rows("training", self._role.training_rows))
        _write(hidden, self._rows("hidden", self._role.rows_a_part * self._role.parts))
        parts = self._out / "parts"
        made = cut(hidden, parts, rows=self._role.rows_a_part, training=training)
        revision = publish(parts, repository=self._repository, hub=self._hub)
        document["training"] = {
            "repository": self._repository,
            "revision": revision,
            "file": _TRAINING,
            "digest": hashlib.sha256(training.read_bytes()).hexdigest(),
        }
        every = int(document["round"]["sync_blocks"])
        task["options"]["hidden"] = {"digest": made.digest, "first_block": every, "every_blocks": every}

    def next_reveal(self, catalog: Catalog, competition: Competition) -> Reveal:
        """The part that is revealed next, and when."""
        options: Any = competition.tasks[0].options["hidden"]
        return next_reveal(catalog, competition, Hidden(**options), self._world.chain.block())

    def reveal(self, number: int) -> None:
        """Publish a part."""
        reveal(self._out / "parts", number, repository=self._repository, hub=self._hub)

    def _rows(self, what: str, count: int) -> Iterator[dict[str, object]]:
        """Conversations in the house style, of one or two answers, by a secret of the creator's own."""
        stream = open_stream("word_sorting", {"min_words": 3, "max_words": 4})
        for number in range(count):
            messages = []
            for turn in range(1 + number % 2):
                secret = hashlib.sha256(f"{self._world.seed} {what} {number} {turn}".encode()).digest()
                sample = stream.draw(secret)
                assert isinstance(sample, Sample)
                messages += [{"role": one.role, "content": one.content} for one in sample.messages]
                messages.append({"role": "assistant", "content": f"In order: {sample.reference}."})
            yield {"messages": messages}


def _write(file: Path, rows: Iterator[dict[str, object]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
