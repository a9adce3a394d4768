"""What a task creator sees when a folder of competition files is checked."""

import shutil
from pathlib import Path

import pytest

from scripts import check_catalog

CATALOG = Path(__file__).parents[2] / "competitions" / "catalog"


def test_a_good_catalog_prints_its_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_catalog.main([str(CATALOG)]) == 0
    shown = capsys.readouterr().out
    assert "from block 0: B7_MULTI_CHOICE 40%, INSTRUCT_8B 20%, DISTILLED_REASONING_3B 40%" in shown
    assert "B7_MULTI_CHOICE is not pinned yet" in shown


def test_a_mistake_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(CATALOG, folder)
    wrong = folder / "instruct_8b.toml"
    wrong.write_text(wrong.read_text().replace("batch_size = 1", 'batch_size = "one"'))
    assert check_catalog.main([str(folder)]) == 1
    assert capsys.readouterr().err == f"{wrong}: round.batch_size: found 'one', allowed is a whole number\n"


def test_a_change_that_comes_too_soon_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(CATALOG, folder)
    changed = folder / "instruct_8b.toml"
    changed.write_text(changed.read_text().replace("batch_size = 1", "batch_size = 2"))
    assert check_catalog.main([str(folder), "--against", str(CATALOG), "--block", "1000"]) == 1
    assert "block 8200 or later" in capsys.readouterr().err


def test_an_architecture_that_cannot_be_loaded_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(CATALOG, folder)
    wrong = folder / "instruct_8b.toml"
    wrong.write_text(wrong.read_text().replace('"FalconForCausalLM"', '"BartForCausalLM"'))
    assert check_catalog.main([str(folder)]) == 1
    assert "competition 3: BartForCausalLM cannot be loaded; there are FalconForCausalLM" in capsys.readouterr().err


def test_a_task_whose_stream_does_not_open_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(CATALOG, folder)
    wrong = folder / "instruct_8b.toml"
    text = (
        wrong.read_text()
        .replace('"word_sorting"', '"word_shuffling"')
        .replace("options = {", "options = { colour = 1,")
    )
    wrong.write_text(text)
    assert check_catalog.main([str(folder)]) == 1
    shown = capsys.readouterr().err.splitlines()
    assert "competition 3, task WORD_SORTING: no stream is called 'word_shuffling'; there are" in shown[0]
    assert "competition 3, task FINEWEB: stream hub_text has no option 'colour'; it has repository" in shown[1]
