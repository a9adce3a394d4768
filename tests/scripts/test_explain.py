"""What a miner reads who asks where a submission stands."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from competitions.rejection import Rejection
from competitions.schedule import Catalog
from finetune.board.build import view_from_reports
from finetune.board.folders import ReportFolders
from finetune.board.gates import GATES
from finetune.board.site import render
from finetune.chain.local import LocalChain
from scripts import explain
from tests.finetune.board.made_reports import Miner, Play, coldkey, competition, hotkey, key

ROOT = Path(__file__).parents[2]
# Every kind of rejection that a submission can have, with a text of its own.
REASONS = [
    *(reason for gate, reasons in GATES.items() if gate not in ("commitment", "age") for reason in reasons),
    *("hash_mismatch", "file_not_allowed", "too_many_files", "forbidden_config_key", "malformed_weights"),
]
OURS = {"no_room": "validator", "hub_refused": "validator", "hub_unavailable": "network"}
HOSTILE = "\x1b[2Jall is \u202ewell"


def rejection(reason: str) -> Rejection:
    fault = OURS.get(reason, "miner")
    return Rejection(reason=reason, text=f"the cause is {reason} in words", fault=fault, retry=reason in OURS)


@pytest.fixture(scope="module")
def play() -> Play:
    miners = [
        Miner(name="ada", loss=1.5),
        Miner(name="far", loss=2.5),
        Miner(name="copy", loss=1.5, block=22),
        Miner(name="late", loss=1.4, block=78),
        Miner(name="gone", loss=2.2, left=45),
        *(Miner(name=reason, loss=1.5, block=30, rejection=rejection(reason)) for reason in REASONS),
        Miner(name="rude", loss=1.5, block=31, rejection=Rejection(reason="crashed", text=HOSTILE)),
    ]
    malformed = {
        f"{hotkey('mal')}@55": Rejection(reason="malformed_commitment", text="a commitment has five tokens"),
        f"{hotkey('lost')}@56": Rejection(reason="unknown_competition", text="no competition 9 runs", retry=True),
    }
    rules = competition(challengers=4)
    bystanders = {"north": 2.0, "mal": 0.0, "lost": 0.0, "idle": 0.0}
    return Play(Catalog((rules,)), miners, validators=bystanders, malformed=malformed)


@pytest.fixture(scope="module")
def folder(play, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("explained") / "reports"
    folder.mkdir()
    for one in play.reports(4):
        if one["hotkey"] == hotkey("north"):
            (folder / f"{one['record']['sync']:09d}-1.json").write_text(json.dumps(one))
    return folder


@pytest.fixture
def shown(folder, capsys):
    def show(who: object, *arguments: str) -> str:
        assert explain.main([str(who), "--reports", str(folder), *arguments]) == 0
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize("reason", REASONS)
def test_the_true_cause_and_whose_fault_it_is_are_named_for_every_kind_of_rejection(shown, reason):
    told = shown(hotkey(reason))
    assert f"The cause is {reason} in words" in told
    whose = f"not the miner's fault: {OURS[reason]}" if reason in OURS else "the miner's fault"
    assert f"({reason}, {whose})" in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ada", "Holds the seat and earns"),
        ("far", "Stopped early 0 to 12: the champion's loss counts"),
        ("copy", "To take the seat on these batches, all its losses would have to be"),
        ("late", "failed at age (too_recent, the miner's fault)"),
        ("mal", "A commitment has five tokens."),
        ("mal", "failed at commitment (malformed_commitment, the miner's fault)"),
        ("lost", "No competition 9 runs."),
        ("lost", "It is looked at again in every round."),
        ("idle", "had no commitment at block 80"),
        ("gone", "What it committed at block 1 stands no more"),
    ],
)
def test_everybody_else_is_told_where_it_stands(shown, name, words):
    assert words in shown(hotkey(name))


def test_a_uid_is_answered_like_its_hotkey(play, shown):
    uid = next(one.uid for one in play.metagraph(80).neurons if one.hotkey == hotkey("far"))
    assert shown(uid) == shown(hotkey("far"))


def test_the_sentences_are_those_of_the_page(folder, shown):
    folders = ReportFolders([folder])
    folders.read()
    files = render(view_from_reports(folders, None))
    page = next(text.decode() for name, text in files.items() if hotkey("copy") in name and name.endswith(".html"))
    sentences = json.loads(shown(hotkey("copy"), "--json"))["found"][0]["sentences"]
    plain = unescape(re.sub(r"<sup>(.*?)</sup>", r"^\1", page))
    assert len(sentences) > 5
    assert [one for one in sentences if one.split(" ", 1)[1] not in plain] == []


def test_json_holds_the_figures_behind_the_sentences(shown):
    told = json.loads(shown(hotkey("far"), "--json"))
    found = told["found"][0]
    assert (told["hotkey"], told["newest"], found["status"]) == (hotkey("far"), 80, "resting")
    assert (found["duel"]["wins"], found["duel"]["losses"]) == (0, 12)
    assert found["outlook"]["rests_until"] <= found["outlook"]["next_round"]
    assert [one["result"] for one in found["gates"]] == ["passed"] * len(GATES)


def test_a_competition_can_be_named(shown):
    assert "holds the seat" in shown(hotkey("ada"), "--competition_id", "1").lower()
    assert "had no commitment to competition 2" in shown(hotkey("ada"), "--competition_id", "2")


def test_texts_of_strangers_come_as_a_terminal_can_take_them(shown):
    told = shown(hotkey("rude"))
    assert "all is" in told
    assert "\x1b" not in told
    assert "\u202e" not in told


class TestChain:
    """With a chain, what is newer than the newest report is told."""

    @pytest.fixture
    def chain(self, tmp_path):
        with LocalChain.create(tmp_path / "chain.sqlite", seed="explain") as chain:
            for name in ("north", "late", "fresh"):
                chain.register(key(name), coldkey(name))
            chain.add_stake(coldkey("north"), hotkey("north"), 1_000.0)
            chain.advance(400)
            yield chain

    def test_a_newer_commitment_is_told_with_the_round_that_may_score_it_first(self, chain, shown, tmp_path):
        payload = Miner(name="fresh", loss=1.0).submission.payload
        block = chain.commit(key("fresh"), payload.encode())
        chain.advance(2)
        told = shown(hotkey("fresh"), "--subtensor.network", f"local:{tmp_path / 'chain.sqlite'}")
        assert f"On chain it has committed at block {block}, after the newest report, of block 80" in told
        assert f"it may enter from block {block + 10} on" in told
        first = -(-(block + 10) // 20) * 20
        assert f"the first round that may score it is at {first}." in told

    def test_a_newer_commitment_that_is_no_submission_is_told_so(self, chain, shown, tmp_path):
        chain.commit(key("fresh"), b"hello")
        chain.advance(2)
        told = shown(hotkey("fresh"), "--subtensor.network", f"local:{tmp_path / 'chain.sqlite'}")
        assert "a commitment has five tokens" in told

    def test_a_uid_without_a_commitment_is_told_so(self, chain, shown, tmp_path):
        uid = chain.metagraph().by_hotkey[hotkey("fresh")].uid
        told = shown(uid, "--subtensor.network", f"local:{tmp_path / 'chain.sqlite'}")
        assert f"It is registered as uid {uid} and had no commitment" in told


@pytest.mark.parametrize(
    ("who", "words"),
    [("9999", "uid 9999 is not registered"), ("5Nobody\x1b", "is no hotkey that these reports know"), ("-", "hotkey")],
)
def test_who_is_not_known_is_one_clear_error(folder, capsys, who, words):
    assert explain.main([who, "--reports", str(folder)]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert (told.out, told.err.count("\n"), "\x1b" in told.err) == ("", 1, False)


def test_without_a_report_there_is_one_clear_error(tmp_path, capsys):
    assert explain.main(["1", "--reports", str(tmp_path)]) == 2
    assert "there is no report" in capsys.readouterr().err
    (tmp_path / "odd.json").write_text("{")
    assert explain.main(["1", "--reports", str(tmp_path)]) == 2
    assert "no report can be used (odd.json: is no JSON file" in capsys.readouterr().err
    assert explain.main(["1", "--reports", str(tmp_path / "gone")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_it_runs_as_a_program(folder):
    command = [sys.executable, "-m", "scripts.explain", hotkey("ada"), "--reports", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Holds the seat" in done.stdout
