"""The README's tree stays true: it names every file of the packages, and nothing that is not there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
GROUPED = {
    *("attacks", "auditing", "benchmarks", "bittensor", "board", "feed", "generating", "isolation", "simulation"),
    *("list_steps", "mirror", "problems", "puzzles", "replay", "rules"),
}  # folders that the tree gives one phrase for all


def tree() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    return text[text.index("## What is where") : text.index("## The rehearsal")]


def test_the_tree_names_every_file() -> None:
    named = set(re.findall(r"[\w]+\.py", tree()))
    files = [
        path for part in ("competitions", "finetune", "neurons", "scripts") for path in (ROOT / part).rglob("*.py")
    ]
    missing = [
        str(path.relative_to(ROOT))
        for path in files
        if path.name not in named and not path.stem.startswith("__") and path.parent.name not in GROUPED
    ]
    assert missing == []


def test_the_tree_names_no_file_that_is_gone() -> None:
    there = {
        path.name for part in ("competitions", "finetune", "neurons", "scripts") for path in (ROOT / part).rglob("*.py")
    }
    assert set(re.findall(r"[\w]+\.py", tree())) - there == set()


def test_every_direct_dependency_is_pinned_and_imports() -> None:
    import importlib
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[<>=]", one)[0] for one in project["dependencies"]}
    pins = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()}
    assert {name for name in names if name.lower() not in pins} == set()
    modules = {"python-dotenv": "dotenv"}
    for name in names:
        importlib.import_module(modules.get(name, name.replace("-", "_")))
