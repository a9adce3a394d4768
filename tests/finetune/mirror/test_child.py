"""The mirror's process, with wandb's real library: what arrives, and that nothing wandb does holds up its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from finetune.mirror.child import Mirror, mirroring
from finetune.signing import signed_by
from finetune.validating.report import ReportFolder
from tests.finetune.board.made_reports import hotkey
from tests.finetune.mirror.wandb_server import KEY

SECRET = "hf_never_shown"


def until(holds):
    """Wait until something holds."""
    patience = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < patience
        time.sleep(0.05)


def running(pid):
    """The processes that wandb's library started for this one, and itself, that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = path.joinpath("cmdline").read_bytes().split(b"\0")
            state = path.joinpath("stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        ours = path.name == str(pid) or (b"wandb-core" in command[0] and str(pid).encode() in command)
        if ours and state != "Z":
            found.append(path.name)
    return found


def contents(folder):
    """Everything in the files below a folder, of which some may go while we look."""
    found = b""
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                found += Path(path, name).read_bytes()
    return found


@pytest.fixture
def folder(tmp_path):
    return ReportFolder(tmp_path / "reports")


def mirror_of(folder, endpoint, key=KEY):
    return Mirror(
        reports=folder.folder,
        folder=folder.folder.parent / "mirror",
        hotkey=hotkey("north"),
        netuid=37,
        project="finetuning",
        entity="ada",
        api_key=key,
        base_url=endpoint,
    )


@contextmanager
def mirrored(folder, server, key=KEY, grace=10.0):
    variables = {"PATH": os.environ["PATH"], "HF_TOKEN": SECRET, "WANDB_MODE": "disabled"}
    with mirroring(mirror_of(folder, server.endpoint, key), variables, pause=0.05, grace=grace) as pid:
        yield pid
    until(lambda: not running(pid))


def syncs(reports):
    return [one["record"]["sync"] for one in reports]


def test_rounds_arrive_once_with_their_figures_also_after_a_restart(folder, server, reports, uids):
    for report in reports[:2]:
        folder.publish(report)
    name = f"{hotkey('north')}-20"
    with mirrored(folder, server):
        until(lambda: name in server.runs and len(server.runs[name].rows) == 2)
        folder.publish(reports[2])
        until(lambda: len(server.runs[name].rows) == 3)
    folder.publish(reports[3])
    with mirrored(folder, server):
        until(lambda: len(server.runs[name].lines) == 4)
    run = server.runs[name]
    assert [json.loads(line)["_step"] for line in run.lines] == syncs(reports[:4])
    row = run.rows[80]
    assert row["uid_data"].keys() == {"reference", uids["ada"], uids["bo"]}
    assert row["champion_after"] == uids["bo"]
    assert row["duel_data"][uids["bo"]]["evidence"] > 0
    assert signed_by(json.loads(row["original_format_json"])) == hotkey("north")
    assert json.loads(row["original_format_json"])["record"] == reports[3]["record"]
    assert run.name.startswith(f"validator-{uids['north']}-")
    assert (run.config["hotkey"], run.config["netuid"], run.config["type"]) == (hotkey("north"), 37, "validator")
    assert {"torch", "transformers", "wandb"} < run.config["versions"].keys()


def test_the_key_is_in_the_childs_environment_and_nowhere_else(folder, server, reports, capfd):
    folder.publish(reports[0])
    with mirrored(folder, server) as pid:
        until(lambda: server.asked.is_set())
        process = Path("/proc") / str(pid)
        assert KEY.encode() not in process.joinpath("cmdline").read_bytes()
        assert KEY.encode() in process.joinpath("environ").read_bytes()
        assert SECRET.encode() not in process.joinpath("environ").read_bytes()
        until(lambda: any(run.complete for run in server.runs.values()))
        kept = contents(folder.folder.parent)
    kept += contents(folder.folder.parent)
    sent = b"".join(server.bodies) + "".join(capfd.readouterr()).encode()
    assert hotkey("north").encode() in sent
    assert KEY.encode() not in sent + kept
    assert SECRET.encode() not in sent + kept
    assert os.uname().nodename.encode() not in sent
    assert {path.split("/")[1] for path in server.paths} == {"graphql", "files", "upload"}
    assert KEY not in repr(mirror_of(folder, server.endpoint))


def test_an_endpoint_that_takes_requests_and_never_answers_holds_up_nothing(folder, server, reports):
    server.hangs.set()
    folder.publish(reports[0])
    with mirrored(folder, server, grace=0.1) as pid:
        assert server.asked.wait(60)
        for report in reports:
            folder.publish(report)
        assert server.runs == {}
        assert running(pid)
    assert sorted(path.name for path in folder.folder.iterdir()) == [f"{one:09d}-1.json" for one in syncs(reports)]


def test_an_endpoint_that_stops_answering_with_rounds_under_way_holds_up_nothing_and_they_arrive_later(
    folder, server, reports
):
    folder.publish(reports[0])
    with mirrored(folder, server, grace=0.1) as pid:
        until(lambda: server.runs)
        server.hangs.set()
        until(lambda: len(running(pid)) == 2)
    server.hangs.clear()
    with mirrored(folder, server):
        until(lambda: [run.rows.keys() for run in server.runs.values()] == [{20}])


def test_a_wrong_key_is_said_once_without_the_key_and_tried_again(folder, server, reports, capfd):
    server.key = "9c" * 20
    folder.publish(reports[0])
    with mirrored(folder, server):
        until(lambda: server.paths.count("/graphql") == 2)
        server.key = KEY
        until(lambda: [run.rows.keys() for run in server.runs.values()] == [{20}])
    said = "".join(capfd.readouterr())
    assert said.count("wandb took nothing: ") == 1
    assert "401" in said
    assert "Traceback" not in said
    assert KEY not in said


def test_rounds_arrive_although_the_librarys_own_process_was_killed(folder, server, reports):
    server.hangs.set()
    folder.publish(reports[0])
    with mirrored(folder, server) as pid:
        assert server.asked.wait(60)
        (service,) = set(running(pid)) - {str(pid)}
        os.kill(int(service), signal.SIGKILL)
        server.hangs.clear()
        until(lambda: [run.rows.keys() for run in server.runs.values()] == [{20}])


VALIDATOR = """
import os, sys, time
from pathlib import Path
from finetune.mirror.child import Mirror, mirroring
reports, hotkey, key, url = sys.argv[1:]
named = dict(hotkey=hotkey, netuid=37, project="finetuning", entity="ada", api_key=key, base_url=url)
mirror = Mirror(reports=Path(reports), folder=Path(reports).parent / "mirror", **named)
with mirroring(mirror, os.environ, pause=0.05, grace=0.1) as pid:
    print(pid, flush=True)
    time.sleep(600)
"""


def test_it_ends_when_the_validator_is_killed(folder, server, reports):
    server.hangs.set()
    folder.publish(reports[0])
    command = [sys.executable, "-c", VALIDATOR, str(folder.folder), hotkey("north"), KEY, server.endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert server.asked.wait(60)
        assert running(pid)
        parent.kill()
    until(lambda: not running(pid))
