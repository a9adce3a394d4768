"""The command that writes data: killed, stopped, misused and left alone."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.signing import signed_by
from scripts import generate_data
from tests.finetune.generating.made import Body, passage_in, write_documents
from tests.finetune.generating.server import FakeEndpoint, Response, fake_endpoint, well

ROOT = Path(__file__).parents[2]
KEY = "sk-test-0123456789"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    with fake_endpoint() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return write_documents(tmp_path / "docs", 12)


def command(documents: Path, out: Path, *more: object) -> list[str]:
    return [str(documents), "--kind", "questions", "--model", "m", "--out", str(out), *map(str, more)]


def start(documents: Path, out: Path, *more: object) -> subprocess.Popen[str]:
    script = [sys.executable, str(ROOT / "scripts" / "generate_data.py"), *command(documents, out, *more)]
    return subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows_in(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]


def answers_in(out: Path) -> int:
    file = out / "answers.jsonl"
    return max(0, file.read_bytes().count(b"\n") - 1) if file.exists() else 0


def wait_for_answers(out: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while answers_in(out) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def hold_after(endpoint: FakeEndpoint, count: int) -> threading.Event:
    """Answer so many questions, and the others once the event is set."""
    gate = threading.Event()

    def respond(body: Body) -> Response:
        if len(endpoint.asked) > count:
            gate.wait(60)
        return well(body)

    endpoint.respond = respond
    return gate


def test_help_answers_without_the_heavy_imports() -> None:
    code = (
        "import sys, scripts.generate_data as g\n"
        "try: g.main(['--help'])\n"
        "except SystemExit: print({'numpy', 'pyarrow', 'httpx2', 'bittensor'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--max_cost" in shown
    assert shown.endswith("set()\n")


def test_a_folder_of_documents_becomes_rows(endpoint, documents, tmp_path, capsys):
    out = tmp_path / "out"
    assert generate_data.main(command(documents, out, "--price_in", 1, "--price_out", 2)) == 0
    shown = capsys.readouterr()
    assert len(rows_in(out)) == 12
    assert {row["section"] for row in rows_in(out)} == {f"Geese > Part {i}" for i in range(12)}
    assert shown.out == f"12 rows: {out}/rows.jsonl, {out}/publication\n"
    assert (
        "1 documents; left out: none\n12 sections, 12 chosen; left out: none\n12 rows to ask for, for at" in shown.err
    )
    assert "12 of 12 asked, 12 rows, 12 requests, cost 0.0024" in shown.err
    assert KEY not in shown.out + shown.err


def test_a_dry_run_asks_nothing_and_leaves_nothing(endpoint, documents, tmp_path, capsys):
    assert generate_data.main(command(documents, tmp_path / "out", "--dry_run", "--sections", 5)) == 0
    assert "5 rows to ask for" in capsys.readouterr().err
    assert endpoint.asked == []
    assert not (tmp_path / "out").exists()


def test_a_killed_run_goes_on_with_nothing_lost_and_no_answered_inquiry_asked_again(endpoint, documents, tmp_path):
    out, whole = tmp_path / "out", tmp_path / "whole"
    assert generate_data.main(command(documents, whole)) == 0
    endpoint.asked.clear()
    gate = hold_after(endpoint, 4)
    process = start(documents, out, "--workers", 2)
    wait_for_answers(out, 4)
    process.kill()
    process.communicate()
    gate.set()
    answered = {json.loads(line)["seed"] for line in (out / "answers.jsonl").read_text().splitlines()[1:]}
    assert len(answered) == 4
    assert generate_data.main(command(documents, out)) == 0
    times = Counter(body["seed"] for body in endpoint.asked)
    assert len(times) == 12
    assert all(times[seed] == 1 for seed in answered)
    assert sum(times.values()) <= 12 + 2, "only what was under way is asked again"
    assert (out / "rows.jsonl").read_bytes() == (whole / "rows.jsonl").read_bytes()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_waits_for_the_answers_under_way_and_says_how_to_go_on(endpoint, documents, tmp_path, sent):
    out = tmp_path / "out"
    gate = hold_after(endpoint, 3)
    process = start(documents, out, "--workers", 2)
    wait_for_answers(out, 3)
    process.send_signal(sent)
    assert process.stderr is not None
    while "stopping when the answers under way have come" not in process.stderr.readline():
        pass
    gate.set()
    shown, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("stopped; the same command goes on from here\n")
    assert "Traceback" not in shown + said
    assert answers_in(out) == len(endpoint.asked) == len(rows_in(out)) < 12, "no answer that was asked for is lost"
    assert not (out / "publication").exists()
    assert generate_data.main(command(documents, out)) == 0
    assert len(endpoint.asked) == len(rows_in(out)) == 12


def test_a_second_ctrl_c_does_not_wait(endpoint, documents, tmp_path):
    out, held = tmp_path / "out", threading.Event()

    def respond(body: object) -> Response:
        if len(endpoint.asked) <= 2:
            return well(body)
        held.set()
        return Response(hang=True)

    endpoint.respond = respond
    process = start(documents, out, "--workers", 1)
    assert held.wait(60)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "stopping" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "stopped; the same command goes on from here\n")
    assert answers_in(out) == 2


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--max_cost", "5"], "--max_cost needs --price_in and --price_out"),
        (["--publish", "geese"], "--publish must be namespace/name; found 'geese'"),
        (["--publish", "ada/geese"], "needs a token that may write to the repository, in HF_TOKEN"),
        (["--wallet.hotkey", "none", "--wallet.path", "/nowhere"], "hotkey 'none' of wallet 'default' in /nowhere"),
        (["--per_section", "100000"], "take fewer with --sections"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_asked(endpoint, documents, tmp_path, capsys, more, text):
    assert generate_data.main(command(documents, tmp_path / "out", *more)) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("generate_data: ")
    assert text in message
    assert endpoint.asked == []


@pytest.mark.parametrize("flag", [["--workers", "0"], ["--max_cost", "nan"], ["--price_in", "-1"], ["--kind", "poems"]])
def test_a_flag_that_cannot_be_is_refused(documents, tmp_path, capsys, flag):
    with pytest.raises(SystemExit) as ended:
        generate_data.main(command(documents, tmp_path / "out", *flag))
    assert ended.value.code == 2
    assert flag[0] in capsys.readouterr().err


def test_an_endpoint_that_is_down_is_one_error_and_the_rows_stay(endpoint, documents, tmp_path, capsys):
    out = tmp_path / "out"
    count = iter(range(100))
    endpoint.respond = lambda body: well(body) if next(count) < 1 else Response(status=400)
    assert generate_data.main(command(documents, out, "--workers", 1)) == 2
    assert "10 inquiries in a row have failed, the last with HTTP 400; the same command goes on from here" in (
        capsys.readouterr().err
    )
    assert len(rows_in(out)) == 1


def test_a_signed_dataset_grows_by_a_file_a_day(endpoint, documents, tmp_path, monkeypatch, capsys):
    from bittensor import Wallet

    wallet = Wallet("w", "h", str(tmp_path / "wallets"))
    wallet.create_new_hotkey(use_password=False)
    capsys.readouterr()
    with LocalHub(tmp_path / "hub", {"ada": "token-of-ada"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_TOKEN", "token-of-ada")
        keys = ["--wallet.name", "w", "--wallet.hotkey", "h", "--wallet.path", tmp_path / "wallets"]
        for day in (1, 2, 2):
            out = tmp_path / f"day-{day}"
            earlier = ["--earlier", tmp_path / "day-1"] if day == 2 else []
            given = command(documents, out, "--seed", day, "--sections", 6, *keys, "--publish", "ada/geese", *earlier)
            assert generate_data.main(given) == 0
            assert capsys.readouterr().out.endswith(f", signed by {wallet.hotkey.ss58_address}\n")
            time.sleep(1.1) if day == 1 else None
        client = HubClient(hub.endpoint, None, kind="dataset")
        listing = client.listing("ada/geese", None)
        client.download(listing, [file.path for file in listing.files], tmp_path / "copy")
    assert len(list((tmp_path / "copy" / "data").iterdir())) == 2
    manifests = [json.loads(path.read_bytes()) for path in (tmp_path / "copy" / "manifests").iterdir()]
    assert [signed_by(one) for one in manifests] == [wallet.hotkey.ss58_address] * 2
    first, second = (rows_in(tmp_path / f"day-{day}") for day in (1, 2))
    assert not {row["passage"] for row in first} & {row["passage"] for row in second}
    assert sorted(one["record"]["rows"] for one in manifests) == sorted([len(first), len(second)])
    assert len(endpoint.asked) == 12
    assert {passage_in(body) for body in endpoint.asked} >= {row["passage"] for row in first + second}
    assert os.environ["HF_TOKEN"] not in "".join(path.read_text() for path in (tmp_path / "copy").rglob("*.json"))
