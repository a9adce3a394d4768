"""The command a newcomer runs first: what it leaves behind, and what it says when it cannot run."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import rehearse

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "rehearse.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_help_answers_without_the_heavy_imports() -> None:
    code = (
        "import sys, scripts.rehearse as r\ntry: r.main(['--help'])\nexcept SystemExit: print('torch' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--out" in shown
    assert shown.endswith("False\n")


def test_an_unknown_attack_is_one_sentence_with_the_names_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse.main(["--out", str(tmp_path / "out"), "--attacks", "exact-copy", "sabotage"]) == 2
    message = said(capsys)
    assert "'sabotage'" in message
    assert "exact-copy" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "others", [["--base", "smollm2"], ["--attacks", "exact-copy"]], ids=["another base", "attackers"]
)
def test_the_arena_is_played_by_itself(others: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        rehearse.main(["--scenario", "arena", *others])
    assert caught.value.code == 2
    assert "made for --base tiny" in said(capsys)


def test_a_busy_port_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert rehearse.main(["--out", str(tmp_path / "out"), "--hub_port", str(port)]) == 2
    message = said(capsys)
    assert str(port) in message
    assert message.count("\n") == 1


def test_a_folder_with_other_peoples_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert rehearse.main(["--out", str(tmp_path)]) == 2
    assert "thesis.txt" in said(capsys)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_place_where_no_folder_can_be_made_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert rehearse.main(["--out", str(tmp_path / "file" / "out")]) == 2
    message = said(capsys)
    assert "choose another folder with --out" in message
    assert message.count("\n") == 1


def test_a_full_disk_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finetune.rehearsal.world._NEEDED_BYTES", 1 << 60)
    assert rehearse.main(["--out", str(tmp_path / "out")]) == 2
    message = said(capsys)
    assert "is full" in message
    assert message.count("\n") == 1


def test_ctrl_c_leaves_no_process_port_or_lock_and_the_next_one_starts_afresh(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, str(ROOT / "scripts" / "rehearse.py"), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (out / "models" / "base").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        refused = run("--out", out)
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, shown
    assert "stopped" in shown
    assert "Traceback" not in shown
    assert "another rehearsal is running" in refused.stderr
    assert not any(str(out) in line for line in _command_lines())
    # Started again where it was stopped, it clears away what is left and gets as far as before.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        assert "pinning" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 143
    finally:
        process.kill()
        process.stdout.close()


def _command_lines() -> list[str]:
    lines = []
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else []:
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                lines.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
    return lines
