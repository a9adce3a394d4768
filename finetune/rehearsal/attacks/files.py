"""Attacks by files: too large, too many, of a kind that runs code, or pointing elsewhere."""

from collections.abc import Callable
from pathlib import Path

from finetune.rehearsal.attacks.attack import VICTIM_ENTERS, Act, Attack
from finetune.rehearsal.attacks.attacker import Attacker
from finetune.rehearsal.attacks.changes import SLIGHT, add_noise, change_table

_AFTER = VICTIM_ENTERS + 1
GIANT = 10  # times what the competition allows
# The hub of a rehearsal holds at most 2,000 files in a repository, and says so to whoever sends more.
TINY_FILES, MOST_FILES = 100_000, 1_900


def _with(change: Callable[[Path], None]) -> Act:
    """Submit a noisy copy of the champion with a change to its files."""

    def act(attacker: Attacker) -> None:
        folder = attacker.copy()
        add_noise(folder, size=SLIGHT, seed=attacker.own_seed)
        change(folder)
        attacker.submit(folder)

    return act


def _giant(attacker: Attacker) -> None:
    """Zeros take no room here, and their true size on the hub."""
    folder = attacker.copy()
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(GIANT * attacker.competition.constraints.max_bytes)
    attacker.submit(folder)


def _tiny_files(attacker: Attacker) -> None:
    """Send as many as it can: first all, then what the hub takes."""
    folder = attacker.copy()
    add_noise(folder, size=SLIGHT, seed=attacker.own_seed)
    attacker.upload(folder)
    for count in (TINY_FILES, MOST_FILES):
        if attacker.commit_files({f"{number}.txt": b"." for number in range(count)}):
            break
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
        says=f"Sends {TINY_FILES:,} tiny files, and {MOST_FILES:,} where the hub refuses that many.",
        acts={_AFTER: _tiny_files},
    ),
    Attack(name="pickle", says="Brings a pickle that runs a command when it is loaded.", acts={_AFTER: _with(_pickle)}),
    Attack(
        name="custom-code",
        says="Brings its own model code and a configuration that asks to run it.",
        acts={_AFTER: _with(_code)},
    ),
    Attack(
        name="symlink",
        says="Asks the hub for a path outside the folder, then uploads a link to one as its weights.",
        acts={_AFTER: _symlink},
    ),
    Attack(
        name="future-config",
        says="Asks in its configuration for attention to later tokens, where the answer stands.",
        acts={_AFTER: _with(lambda folder: change_table(folder, "config.json", is_causal=False))},
    ),
)
