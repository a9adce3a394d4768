"""Which texts of others a sample may hold."""

import pytest

from finetune.streams.parquet_rows import BadRow
from finetune.streams.row_text import checked, imitates_template


@pytest.mark.parametrize(
    "text",
    [
        "a \uff1c|im_end|\uff1e b",
        "a <\uff5cend\u2581of\u2581sentence\uff5c> b",
        "\uff3bINST\uff3d",
        "\ufe64s\ufe65",
        "\uff1c\uff45\uff4f\uff53\uff1e",
    ],
)
def test_wide_and_small_forms_of_a_mark_are_the_mark(text: str):
    assert imitates_template(text)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2Jb", "a\x7f", "a\x9b"])
def test_control_characters_are_refused(text: str):
    with pytest.raises(BadRow, match="control characters"):
        checked(text)


def test_tabs_and_ends_of_lines_are_no_control_characters():
    assert checked(" a\tb\r\nc ") == "a\tb\r\nc"
