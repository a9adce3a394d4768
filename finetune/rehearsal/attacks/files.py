"""Attacks by files: too large, too many, of a kind that runs code, or pointing elsewhere."""

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


def _pickles(attacker: Attacker) -> None:
    """One under the name of the weights, one under its own beside them."""
    for name, hotkey in zip(("model.safetensors", "pytorch_model.bin"), attacker.hotkeys, strict=True):
        folder = attacker.noisy_copy()
        (folder / name).write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
        attacker.submit(folder, hotkey=hotkey)


def _code(attacker: Attacker) -> None:
    """Once with the code beside the weights, once with no more than a word of where on the hub it is."""
    beside, elsewhere = attacker.hotkeys
    folder = attacker.noisy_copy()
    change_table(folder, "config.json", auto_map={"AutoModelForCausalLM": f"{attacker.repository}--modeling.Evil"})
    attacker.submit(folder, hotkey=elsewhere)
    (folder / "modeling.py").write_text("raise SystemExit\n", "utf-8")
    attacker.submit(folder, hotkey=beside)


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
        says="Brings a pickle that runs a command when it is loaded, under the name of the weights and under its own.",
        acts={_AFTER: _pickles},
        keys=2,
    ),
    Attack(
        name="custom-code",
        says="Has a configuration that asks to run its own model code, which lies beside the weights or elsewhere.",
        acts={_AFTER: _code},
        keys=2,
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
