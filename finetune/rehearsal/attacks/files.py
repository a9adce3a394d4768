"""Attacks by files: too large, too many, of a kind that runs code, or pointing elsewhere."""

from pathlib import Path

from finetune.rehearsal.attacks.attack import VICTIM_ENTERS, Attack
from finetune.rehearsal.attacks.attacker import Attacker, submit_changed
from finetune.rehearsal.attacks.changes import change_table

_AFTER = VICTIM_ENTERS + 1
GIANT = 10  # times what the competition allows
TINY_FILES = 100_000


def _giant(attacker: Attacker) -> None:
    """Zeros take no room here, and their true size on the hub."""
    folder = attacker.copy()
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(GIANT * attacker.competition.constraints.max_bytes)
    attacker.submit(folder)


def _tiny_files(attacker: Attacker) -> None:
    folder = attacker.noisy_copy()
    attacker.upload(folder)
    attacker.commit_files({f"{number}.txt": b"." for number in range(TINY_FILES)})
    attacker.commit(attacker.hub.listing(attacker.repository, None).revision, folder=folder)


def _symlink(attacker: Attacker) -> None:
    """Ask for a path outside, then upload what git stores for a link: the path that it points to."""
    folder = attacker.copy()
    attacker.upload(folder)
    attacker.commit_files({"../../escape.json": b"{}"})
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_text("../../../../etc/passwd", "utf-8")
    attacker.submit(folder)


def _pickle(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")


def _code(folder: Path) -> None:
    (folder / "modeling_evil.py").write_text("raise SystemExit\n", "utf-8")
    change_table(folder, "config.json", auto_map={"AutoModelForCausalLM": "modeling_evil.Evil"})


FILES = (
    Attack(
        name="giant-file",
        says=f"Uploads weights of {GIANT} times the bytes that the competition allows.",
        acts={_AFTER: _giant},
    ),
    Attack(
        name="tiny-files",
        says=f"Submits {TINY_FILES:,} tiny files beside its weights.",
        acts={_AFTER: _tiny_files},
    ),
    Attack(
        name="pickle",
        says="Brings a pickle that runs a command when it is loaded.",
        acts={_AFTER: submit_changed(_pickle)},
    ),
    Attack(
        name="custom-code",
        says="Brings its own model code and a configuration that asks to run it.",
        acts={_AFTER: submit_changed(_code)},
    ),
    Attack(
        name="symlink",
        says="Asks the hub for a path outside the folder, then uploads a link to one as its weights.",
        acts={_AFTER: _symlink},
    ),
    Attack(
        name="future-config",
        says="Asks in its configuration for attention to later tokens, where the answer stands.",
        acts={_AFTER: submit_changed(lambda folder: change_table(folder, "config.json", is_causal=False))},
    ),
)
