"""What a person sees of a stream's samples, and what is said when there is nothing to see."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bittensor.sp_core import Keypair

from finetune.chain.local import LocalChain, LocalSettings
from finetune.streams.registry import STREAMS
from finetune.streams.rules.registry import make_rule
from finetune.streams.sample import AnySample, ChoiceSample, InstructionSample, Message, PreferenceSample, Sample
from scripts import show_samples
from tests.finetune.streams.wandb_server import FakeRun, WandbServer

ROOT = Path(__file__).parents[2]
TALK = (Message(role="system", content="Be brief."), Message(role="user", content="One?\nTwo?"))


class Fixed:
    """A stream of one sample."""

    def __init__(self, sample: AnySample) -> None:
        self.sample = sample

    def draw(self, seed: bytes) -> AnySample:
        return self.sample


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert show_samples.main(list(arguments)) == 0
    return capsys.readouterr().out


def shown_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sample: AnySample, *arguments: str
) -> list[str]:
    monkeypatch.setitem(STREAMS, "fixed", lambda: Fixed(sample))  # type: ignore[arg-type]
    return shown(capsys, "fixed", "--count", "1", *arguments).splitlines()


CHOICE = ChoiceSample(question="Who?", options=("Abel", "Bera"), right=1, document="a")
PAIR = PreferenceSample(messages=TALK, chosen="yes", rejected="no", document="a")
RULED = InstructionSample(messages=TALK, rules=(make_rule("change_case:english_lowercase", {}),), document="a")
PROMPT = ["system: Be brief.", "user:", "  One?", "  Two?"]


@pytest.mark.parametrize(
    ("sample", "lines", "training"),
    [
        (Sample(messages=TALK, reference="7", document="a"), [*PROMPT, "reference: 7"], [*PROMPT, "reply: 7"]),
        (
            CHOICE,
            ["question: Who?", "option A: Abel", "option B (right): Bera"],
            ["user:", "  Who?", "  ", "  A. Abel", "  B. Bera", "  ",
             "  Reply with the letter of the right answer alone.", "reply: B"],
        ),
        (PAIR, [*PROMPT, "chosen: yes", "rejected: no"], [*PROMPT, "reply: yes"]),
        (
            RULED,
            [
                *PROMPT,
                "rule change_case:english_lowercase: Write the whole reply in small letters: no capital letter may "
                "occur.",
            ],
            [*PROMPT, "reply: here it is."],
        ),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_sample_of_every_kind_is_shown_with_what_is_right(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sample: AnySample,
    lines: list[str],
    training: list[str],
):
    title = f"fixed, sample 1 of 1: {type(sample).__name__}"
    assert shown_sample(monkeypatch, capsys, sample) == [title, *lines, ""]
    assert shown_sample(monkeypatch, capsys, sample, "--training") == [title, *training, ""]


def test_text_that_could_steer_a_terminal_is_written_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    text = "[red]é\x1b[2J\ud800\r" + "word " * 60
    lines = shown_sample(monkeypatch, capsys, Sample(messages=(), reference=text, document="a"))
    assert lines[1] == "reference: [red]é\\x1b[2J\\ud800\\r" + "word " * 60


def test_the_same_seed_shows_the_same_samples_and_another_seed_others(capsys: pytest.CaptureFixture[str]):
    first = shown(capsys, "word_sorting", "--seed", "5", "--count", "4")
    assert shown(capsys, "word_sorting", "--seed", "5", "--count", "4") == first
    assert shown(capsys, "word_sorting", "--seed", "6", "--count", "4") != first
    assert "word_sorting, sample 4 of 4: Sample" in first


def test_options_are_numbers_or_json_or_text(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    lines = shown(capsys, "word_sorting", "--option", "min_words=2", "--option", "max_words=2").splitlines()
    assert {len(line.split()) for line in lines if line.startswith("reference: ")} == {3}
    arguments = ("ifeval_prompts", "--option", 'kinds=["punctuation:no_comma"]', "--option", "max_rules=1")
    assert shown(capsys, *arguments).count("rule punctuation:no_comma: Do not use any commas.") == 3
    path = tmp_path / "x.jsonl"
    assert show_samples.main(["text_lines", "--option", f"path={path}", "--option", "sha256=0"]) == 1
    assert str(path) in capsys.readouterr().err


def test_the_streams_are_listed_with_their_first_line_and_their_options(capsys: pytest.CaptureFixture[str]):
    listed = shown(capsys, "--list").splitlines()
    at = listed.index(
        "synthetic_facts: Synthetic facts: an invented passage about the people of a town, and a multiple-choice "
        "question about it."
    )
    assert listed[at + 1] == "options: options = 4"
    assert "options: path (needed), sha256 (needed), max_bytes = 1024" in listed
    assert "options: largest_number = 99, min_items = 3, max_items = 5" in listed
    assert all(any(line.startswith(f"{name}: ") for line in listed) for name in STREAMS)


def test_a_remote_stream_is_listed_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def far(*, repository: str, window: object, sources: object) -> Fixed:
        raise AssertionError

    monkeypatch.setitem(STREAMS, "far", far)  # type: ignore[arg-type]
    listed = shown(capsys, "--list").splitlines()
    assert listed[listed.index("options: repository (needed)") + 1] == "remote: it reads what others publish"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["word_sortin"], "no stream is called 'word_sortin'; there are"),
        (["word_sorting", "--option", "words=3"], "stream word_sorting has no option 'words'"),
        (["word_sorting", "--option", "min_words=true"], "min_words must be a whole number from 2 to 270; found True"),
        (["word_sorting", "--option", "min_words=three"], "found 'three'"),
        (["word_sorting", "--option", "min_words=" + "[" * 9999], "found '\\[\\[\\["),
        (["word_sorting", "--option", "min_words=2", "--option", "min_words=3"], "an option is given twice"),
    ],
)
def test_a_mistake_is_one_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str):
    assert show_samples.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("show_samples: ")
    assert error.count("\n") == 1
    assert said.replace("\\", "") in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required"),
        (["word_sorting", "--count", "0"], "must be a whole number from 1 to 1,000,000; found '0'"),
        (["word_sorting", "--count", "many"], "found 'many'"),
        (["word_sorting", "--option", "min_words"], "must be NAME=VALUE, such as min_words=3; found 'min_words'"),
        (["word_sorting", "--option", "=3"], "must be NAME=VALUE"),
        (["word_sorting", "--list"], "not allowed with"),
    ],
)
def test_a_wrong_argument_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str):
    with pytest.raises(SystemExit, match="2"):
        show_samples.main(arguments)
    assert said in capsys.readouterr().err


def test_help_answers_without_the_heavy_imports():
    code = (
        "import sys, scripts.show_samples as s\ntry: s.main(['--help'])\n"
        "except SystemExit: print([m for m in ('torch', 'rich', 'finetune.streams') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def run_in_a_terminal(*arguments: str) -> str:
    """What the script prints when it is run in a terminal that has colours."""
    reader, writer = pty.openpty()
    command = [sys.executable, "-m", "scripts.show_samples", *arguments]
    colours: dict[str, Any] = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    with subprocess.Popen(command, cwd=ROOT, stdout=writer, env=colours | {"TERM": "xterm-256color"}) as process:
        os.close(writer)
        output = b""
        while True:
            try:
                read = os.read(reader, 4096)
            except OSError:
                break
            if not read:
                break
            output += read
        os.close(reader)
        assert process.wait() == 0
    return output.decode()


def test_colours_are_for_terminals_only(capsys: pytest.CaptureFixture[str]):
    assert "\x1b[32mreference:\x1b[0m" in run_in_a_terminal("word_sorting", "--count", "1")
    assert "\x1b" not in shown(capsys, "word_sorting", "--count", "1")


def test_a_reader_that_stops_reading_sees_no_traceback():
    command = f"{json.dumps(sys.executable)} -m scripts.show_samples word_sorting --count 3000 | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "word_sorting, sample 1 of 3000: Sample\n"
    assert "Traceback" not in done.stderr


def test_speed_prints_one_line_and_no_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_samples.main(["word_sorting", "--count", "50", "--speed"]) == 0
    assert re.fullmatch(r"word_sorting: [\d,]+ samples in a second of processor time\n", capsys.readouterr().out)


def test_another_subnets_feed_is_shown_by_the_stakes_on_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hotkey = Keypair.create_from_uri("//Alice")
    with LocalChain.create(tmp_path / "chain.sqlite", seed="feed", settings=LocalSettings()) as chain:
        chain.register(hotkey, "cold")
        chain.add_stake("cold", hotkey.ss58_address, 5000.0)
        chain.advance(10)
    now = time.time()
    row = {"_timestamp": now - 3600, "prompts": "Why?", "responses": "Because.", "scores": 1.0}
    config = {"hotkey": hotkey.ss58_address, "netuid": 18, "signature": hotkey.sign(b"run1").hex()}
    run = FakeRun(id="run1", created=now - 7200, heard=now, config=config, rows={0: {"_step": 0} | row})
    options = ["project=ada/feed", "netuid=18", "min_stake=1000", "min_records=1"]
    given = [part for option in options for part in ("--option", option)]
    with WandbServer() as wandb:
        wandb.runs = [run]
        monkeypatch.setenv("WANDB_BASE_URL", wandb.endpoint)
        network = f"local:{tmp_path / 'chain.sqlite'}"
        found = shown(
            capsys, "subnet_feed", *given, "--count", "1", "--subtensor.network", network, "--cache", str(tmp_path)
        )
    assert "user: Why?" in found
    assert "reference: Because." in found
