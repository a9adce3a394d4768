"""A task creator's command: what it prints fits into a competition's file, and a part is revealed when it is due."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from competitions.files import read_competition
from finetune.chain.local import LocalChain, LocalSettings
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.streams.registry import check_stream
from scripts import hidden_parts

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

ARENA = Path(__file__).parents[2] / "competitions" / "rehearsal" / "arena.toml"
TOKEN = "token-of-ada"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub", {"ada": TOKEN}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield running


def conversations(file: Path, count: int) -> Path:
    rows = (
        {"messages": [{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": f"It is {n}."}]}
        for n in range(count)
    )
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def cut(tmp_path: Path) -> int:
    hidden, training = conversations(tmp_path / "hidden.jsonl", 30), conversations(tmp_path / "train.jsonl", 5)
    given = ["cut", hidden, "--training", training, "--rows", 10, "--first_block", 40, "--every_blocks", 20]
    given += ["--publish", "ada/house-style", "--out", tmp_path / "parts"]
    return hidden_parts.main([str(one) for one in given])


def test_what_cut_prints_belongs_in_the_competitions_file_and_each_part_is_revealed_when_it_is_due(
    hub: LocalHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cut(tmp_path) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# a specimen and 2 parts, enough for 2 rounds; 0 rows are left out")
    training, options = printed.split("# options of the task\n")
    check_stream("hub_chats", tomllib.loads(options)["options"])
    text = ARENA.read_text().partition("options = ")[0] + options + training
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "arena.toml").write_text(text)
    assert read_competition(tmp_path / "catalog" / "arena.toml").training is not None

    given = ["reveal", tmp_path / "parts", "--catalog", tmp_path / "catalog", "--competition_id", 1]
    given += ["--subtensor.network", f"local:{tmp_path / 'chain'}"]
    reveal = [str(one) for one in given]
    datasets = HubClient(hub.endpoint, None, kind="dataset")

    def parts() -> list[str]:
        return sorted(file.path for file in datasets.listing("ada/house-style", None).files if "parts/" in file.path)

    with LocalChain.create(tmp_path / "chain", seed="s", settings=LocalSettings(tempo=20)) as chain:
        chain.advance(3)
        assert hidden_parts.main(reveal) == 0
        assert "the round of 20 draws from the specimen" in capsys.readouterr().out
        chain.advance(18)
        assert hidden_parts.main(reveal) == 0
        assert "part 1 is due from block 35 on, for the round of 40" in capsys.readouterr().out
        assert parts() == ["parts/0000.parquet"]
        chain.advance(14)
        for _ in range(2):
            assert hidden_parts.main(reveal) == 0
            assert "part 1 is revealed for the round of 40" in capsys.readouterr().out
            assert parts() == ["parts/0000.parquet", "parts/0001.parquet"]
        chain.advance(42)
        assert hidden_parts.main(reveal) == 2
        assert "has parts up to 2; part 3 is none of them" in capsys.readouterr().err


def test_what_is_missing_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert cut(tmp_path) == 2
    assert capsys.readouterr().err == (
        "hidden_parts: publishing needs a token that may write to the repository, in HF_TOKEN\n"
    )
    assert not (tmp_path / "parts").exists()
