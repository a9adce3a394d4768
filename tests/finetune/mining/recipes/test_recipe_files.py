"""Recipes come from TOML, every value may be turned, and a wrong one is one error that names place and remedy."""

import re
import tomllib
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.mining.recipes.files import FOLDER, read_recipe, recipe_names

PAGE = Path(__file__).parents[4] / "docs" / "training.md"


def test_every_recipe_that_comes_with_the_package_can_be_read():
    assert recipe_names() == ["dpo", "full", "lora", "partial", "qlora"]
    for name in recipe_names():
        read_recipe(name)


def test_every_value_may_be_turned_and_the_last_word_counts():
    for name in recipe_names():
        for key, value in tomllib.loads((FOLDER / f"{name}.toml").read_text()).items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            assert read_recipe(name, [f"{key}={text}"]) == read_recipe(name)
    turned = read_recipe("lora", ["rank=8", "dtype=float32", 'targets=["q_proj"]', "rank=4", "epochs=1"])
    assert (turned.rank, turned.dtype, turned.targets, turned.epochs) == (4, "float32", ("q_proj",), 1.0)


def test_a_file_of_ones_own_is_a_recipe(tmp_path: Path):
    mine = tmp_path / "mine.toml"
    mine.write_text((FOLDER / "lora.toml").read_text().replace("rank = 16", "rank = 3"))
    assert read_recipe(str(mine)).rank == 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["rank=0"], "--set rank=0: rank: found 0, allowed is 1 to 512"),
        (["rank=many"], "--set rank=many: rank: found 'many', allowed is a whole number"),
        (["rank"], "--set rank: it must be key=value"),
        (["top_layers=3"], "--set top_layers=3: recipe lora has no key 'top_layers'; it has learns, trains, rank"),
        (["learning_rate=nan"], "--set learning_rate=nan: learning_rate: found nan, allowed is 1e-09 to 1"),
        (["dtype=float8"], "--set dtype=float8: dtype: found 'float8', allowed is one of 'float32', 'bfloat16'"),
        (["seed=1\nrank=2"], "a whole number"),
        (["targets=[]"], "targets: found [], allowed is names of matrices"),
    ],
)
def test_a_wrong_setting_is_one_error(settings: list[str], said: str):
    with pytest.raises(SetupError, match=re.escape(said)):
        read_recipe("lora", settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rank = ", "mine.toml: not a TOML file"),
        ("rank = 3", "mine.toml: learns: found None, allowed is a value: this key has no default"),
        ("colour = 3", "mine.toml: colour: found 3, allowed is no such key"),
    ],
)
def test_a_wrong_file_is_one_error(tmp_path: Path, text: str, said: str):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(SetupError, match=re.escape(said)):
        read_recipe(str(tmp_path / "mine.toml"))


def test_a_recipe_that_is_not_there_is_told_of_with_those_that_are():
    with pytest.raises(SetupError, match=r"no recipe is called 'best' .*; there are dpo, full, lora, partial, qlora"):
        read_recipe("best")


def test_combinations_that_cannot_be_are_refused():
    with pytest.raises(SetupError, match="four_bit: found True"):
        read_recipe("qlora", ["trains=all"])
    with pytest.raises(SetupError, match="packing: found True"):
        read_recipe("lora", ["packing=true", "learns=pairs"])


def shown(value: object) -> str:
    if isinstance(value, list):
        return "all linear"
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_page_has_the_very_table_of_all_keys():
    tables = {name: tomllib.loads((FOLDER / f"{name}.toml").read_text()) for name in recipe_names()}
    order = ("full", "partial", "lora", "qlora", "dpo")
    keys = sorted({key for table in tables.values() for key in table})
    text = PAGE.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| [^|]+ \|$", text[text.index("| key | full |") :], re.M)
    assert {key: cells.split(" | ") for key, cells in rows} == {
        key: [shown(tables[name][key]) if key in tables[name] else "-" for name in order] for key in keys
    }
