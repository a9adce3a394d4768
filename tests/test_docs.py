"""The pages stay true: links lead somewhere, flags exist, and every setting, key, reason and log line is told of."""

import ast
import re
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from competitions.competition import Competition
from neurons.settings import MINER, VALIDATOR, Setting
from scripts.wandb_board import BOARD

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FLAG = re.compile(r"(?<![\w-])--[a-z][\w.-]*\w")
# Whose flags are not ours: programs that the pages call besides.
OTHERS = ("accelerate launch", "btcli", "git ", "apt", "pip ")
PARTS = ("competitions", "finetune", "neurons", "scripts")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", path.read_text("utf-8")):
        link = target[0] or target[1]
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name} links to {link}"
        assert not anchor or anchor in anchors(there), f"{path.name} links to {link}"


def known_flags() -> set[str]:
    """Every flag of the processes, and every one that some parser is given."""
    found = {one.flag for one in (*MINER, *VALIDATOR, *BOARD) if one.flag}
    calls = (node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    for first in (call.args[0] for call in calls):
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and FLAG.fullmatch(first.value):
            found.add(first.value)
    return {*found, "--help"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_flag_exists(path: Path):
    text = path.read_text("utf-8").replace("\\\n", " ")
    named = {
        flag for line in text.splitlines() if not any(one in line for one in OTHERS) for flag in FLAG.findall(line)
    }
    assert named - known_flags() == set()


def settings_table() -> str:
    """The table as the page must have it."""
    rows = ["| variable | flag | default | for | what |", "|---|---|---|---|---|"]
    for one in dict.fromkeys((*VALIDATOR, *MINER)):
        users = [name for name, table in (("validator", VALIDATOR), ("miner", MINER)) if one in table]
        flag = f"`{one.flag}`" if one.flag else "none"
        rows.append(f"| `{one.variable}` | {flag} | {shown(one)} | {' and '.join(users)} | {one.help} |")
    return "\n".join(rows)


def shown(one: Setting) -> str:
    if one.kind is bool:
        return "on" if one.default else "off"
    return "none" if one.default is None or one.default == -1 else f"`{one.default}`"


def test_the_settings_page_has_the_very_table_of_all_settings():
    found = re.search(r"<!-- settings -->\n(.*)\n<!-- /settings -->", page("settings.md"), re.S)
    assert found is not None
    assert found[1] == settings_table()


def keys(kind: type) -> Iterator[str]:
    """The names of a dataclass' fields, and of those of the dataclasses in it."""
    hints = typing.get_type_hints(kind)
    for field in fields(kind):
        yield field.name
        for one in (hints[field.name], *typing.get_args(hints[field.name])):
            if is_dataclass(one):
                yield from keys(typing.cast(type, one))


def test_every_key_of_a_competition_file_is_told_of():
    text = page("competitions.md")
    missing = [key for key in dict.fromkeys(keys(Competition)) if f"`{key}`" not in text and f"[{key}]" not in text]
    assert missing == []


def test_every_reason_of_a_rejection_is_told_of():
    text = page("why-no-reward.md")
    reasons = {
        str(keyword.value.value)
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Rejection"
        for keyword in node.keywords
        if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant)
    }
    assert len(reasons) > 20
    assert sorted(reason for reason in reasons if f"`{reason}`" not in text) == []


def spoken() -> Iterator[tuple[str, str]]:
    """The fixed parts of every line that a validator prints: what is given to `say`, or is why a step speaks."""
    for path, tree in trees():
        where = path.relative_to(ROOT).as_posix()
        if not where.startswith(
            ("neurons/validator.py", "finetune/validating/", "finetune/chain/", "finetune/streams/hub_")
        ):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            texts = node.args if name in ("say", "_say") else [one.value for one in node.keywords if one.arg == "why"]
            for text in texts:
                for part in text.values if isinstance(text, ast.JoinedStr) else [text]:
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield where, part.value.strip(" :;,()")


def test_every_log_line_of_a_validator_is_explained():
    text = page("validator.md")
    lines = {(where, part) for where, part in spoken() if len(part) >= 4}
    assert len(lines) > 10
    assert sorted((where, part) for where, part in lines if part not in text) == []


def test_the_example_of_training_names_what_is_there():
    for block in re.findall(r"```python\n(.*?)```", page("miner.md"), re.S):
        imports = [node for node in ast.parse(block).body if isinstance(node, ast.ImportFrom)]
        exec(compile(ast.Module(body=imports, type_ignores=[]), "miner.md", "exec"), {})
