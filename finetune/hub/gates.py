"""The first gates: what a submission must pass before a byte is downloaded, and before a byte is loaded.

Each gate is a function from values to a `Rejection` or nothing. `check_listing` needs a listing alone, `check_settings`
one small file, and `check_folder` runs the gates of a downloaded folder, cheapest first. Nothing here parses a tensor,
a tokenizer or a template, and a model's configuration is only searched for what is forbidden everywhere: its
rebuilding, per architecture, comes later.
"""

from collections.abc import Iterator
from pathlib import Path

from competitions.competition import Constraints, Pinned
from competitions.rejection import Rejection
from finetune.hub.config_gate import check_adapter_config, check_model_config
from finetune.hub.digest import secure_hash
from finetune.hub.files import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    ALLOWED,
    CONFIG,
    INDEX,
    MAX_FILES,
    TEXT_LIMITS,
    added_by_hub,
    counts,
    is_complete,
    is_model_weights,
)
from finetune.hub.port import Listing
from finetune.hub.strict_json import read_object
from finetune.hub.weights_gate import check_index, check_weights

# A gate by name, and why it turned a submission away, if it did.
Gates = Iterator[tuple[str, Rejection | None]]

CONFIGURATION = "configuration"


def check_listing(listing: Listing, constraints: Constraints) -> Rejection | None:
    """The gates on a listing, before any download: public, allowed names and sizes, one complete kind of model."""
    return _first(listing_gates(listing, constraints))


def check_folder(
    folder: Path, *, digest: str, committed: str, hotkey: str, constraints: Constraints
) -> Rejection | None:
    """The gates on a downloaded folder, before anything in it is loaded; arguments as for `folder_gates`."""
    return _first(folder_gates(folder, digest=digest, committed=committed, hotkey=hotkey, constraints=constraints))


def listing_gates(listing: Listing, constraints: Constraints) -> Gates:
    """The gates on a listing by name, each run when it is asked for, and only fit to be run if those before passed."""
    counted = {file.path: file.size for file in listing.files if counts(file.path)}
    yield "visibility", _check_public(listing)
    yield "file names", _check_names([file.path for file in listing.files])
    yield "sizes", _check_sizes(counted, constraints.max_bytes)
    yield "kind of model", _check_kind(set(counted), constraints)


def folder_gates(folder: Path, *, digest: str, committed: str, hotkey: str, constraints: Constraints) -> Gates:
    """The gates on a downloaded folder by name, as `listing_gates` gives those on a listing; cheapest first.

    Args:
        folder: what was downloaded.
        digest: the folder's digest, 64 hex digits.
        committed: the secure hash on chain, 44 characters.
        hotkey: who committed it.
        constraints: the competition's.
    """
    yield "plain files", check_plain_files(folder)
    yield "hash", check_secure_hash(digest, committed=committed, hotkey=hotkey)
    adapter = (folder / ADAPTER_CONFIG).exists()
    # An adapter is small by design: only the upper end of the range is meant for it.
    least = 0 if adapter else constraints.min_parameters
    yield (
        "weight files and parameters",
        check_weights(folder, min_parameters=least, max_parameters=constraints.max_parameters),
    )
    yield "index of weight files", None if adapter else check_index(folder)
    yield CONFIGURATION, check_settings(folder, constraints)


def check_settings(folder: Path, constraints: Constraints) -> Rejection | None:
    """The gate on config.json or adapter_config.json alone, which may be all that was downloaded yet."""
    if (folder / ADAPTER_CONFIG).exists():
        return check_adapter_config(folder / ADAPTER_CONFIG)
    return check_model_config(folder / CONFIG, constraints.architectures)


def find_base(folder: Path, constraints: Constraints) -> Pinned | Rejection | None:
    """The pinned base that an adapter stands on, none for a full model. Expects a sound adapter_config.json.

    Where a competition allows several, the adapter's own word chooses among them; it never names anything else.
    """
    if not (folder / ADAPTER_CONFIG).exists():
        return None
    bases = {base.repository: base for base in constraints.bases}
    if len(bases) == 1:
        return next(iter(bases.values()))
    named = read_object(folder / ADAPTER_CONFIG, TEXT_LIMITS[ADAPTER_CONFIG]).get("base_model_name_or_path")
    if isinstance(named, str) and named in bases:
        return bases[named]
    return Rejection(
        reason="unknown_base",
        text=f"base_model_name_or_path is {named!r:.120}; allowed are {', '.join(bases)}",
    )


def check_plain_files(folder: Path) -> Rejection | None:
    """Only plain files of allowed names lie in the folder: no links, no folders, no devices."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file():
            return Rejection(
                reason="not_a_plain_file",
                text=f"{path.name[:100]!r} is a link or a folder; only plain files are allowed",
                evidence={"file": path.name[:100]},
            )
    return _check_names([path.name for path in sorted(folder.iterdir())])


def check_secure_hash(digest: str, *, committed: str, hotkey: str) -> Rejection | None:
    """The files are those that this hotkey committed."""
    found = secure_hash(digest, hotkey)
    if found == committed:
        return None
    return Rejection(
        reason="hash_mismatch",
        text=f"the files hash to {found} under hotkey {hotkey}; {committed[:44]} was committed",
        evidence={"found": found, "committed": committed[:44], "digest": digest},
    )


def _first(gates: Gates) -> Rejection | None:
    """The first rejection; the gates after it are not run."""
    return next((rejection for _, rejection in gates if rejection is not None), None)


def _check_public(listing: Listing) -> Rejection | None:
    if not listing.private:
        return None
    return Rejection(
        reason="private_repository",
        text=f"{listing.repository} is private; make it public once the commitment has landed",
        retry=True,
    )


def _check_names(names: list[str]) -> Rejection | None:
    if len(names) > MAX_FILES:
        return Rejection(
            reason="too_many_files",
            text=f"the repository has {len(names):,} files; at most {MAX_FILES} are allowed",
            evidence={"files": len(names), "allowed": MAX_FILES},
        )
    for name in names:
        if not counts(name) and not added_by_hub(name):
            return Rejection(
                reason="file_not_allowed",
                text=f"{name[:100]!r} is not allowed; allowed are {ALLOWED}",
                evidence={"file": name[:100]},
            )
    return None


def _check_sizes(sizes: dict[str, int], max_bytes: int) -> Rejection | None:
    for name, limit in TEXT_LIMITS.items():
        if sizes.get(name, 0) > limit:
            return Rejection(
                reason="file_too_large",
                text=f"{name} has {sizes[name]:,} bytes; at most {limit:,} are allowed",
                evidence={"file": name, "bytes": sizes[name], "allowed": limit},
            )
    total = sum(sizes.values())
    if total > max_bytes:
        return Rejection(
            reason="too_many_bytes",
            text=f"the files have {total:,} bytes; this competition allows {max_bytes:,}",
            evidence={"bytes": total, "allowed": max_bytes},
        )
    return None


def _check_kind(names: set[str], constraints: Constraints) -> Rejection | None:
    """One kind of model, allowed here, with all that it needs."""
    adapter = bool(names & {ADAPTER_CONFIG, ADAPTER_WEIGHTS})
    model = CONFIG in names or any(is_model_weights(name) for name in names)
    if adapter and model:
        return Rejection(
            reason="mixed_kinds", text="the repository has a full model and an adapter; one of the two is allowed"
        )
    if adapter and constraints.lora == "no":
        return Rejection(reason="adapter_not_allowed", text="this competition takes full models only, no LoRA adapters")
    if model and constraints.lora == "only":
        return Rejection(reason="model_not_allowed", text="this competition takes LoRA adapters only, no full models")
    missing = _missing_of_adapter(names) if adapter else _missing_of_model(names)
    if missing:
        kind = "a LoRA adapter" if adapter else "a full model"
        return Rejection(
            reason="missing_file",
            text=f"{kind} needs {' and '.join(missing)}",
            evidence={"missing": ", ".join(missing)},
        )
    return None


def _missing_of_adapter(names: set[str]) -> list[str]:
    return [name for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS) if name not in names]


def _missing_of_model(names: set[str]) -> list[str]:
    missing = [name for name in (CONFIG, "tokenizer.json") if name not in names]
    weights = {name for name in names if is_model_weights(name)}
    if not is_complete(weights):
        missing.append("model.safetensors, or every one of its numbered parts")
    elif weights != {"model.safetensors"} and INDEX not in names:
        missing.append(INDEX)
    return missing
