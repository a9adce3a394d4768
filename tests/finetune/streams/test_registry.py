"""Opening streams by name: a mistake in a competition's file is one sentence that says what is allowed."""

from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.options import whole_number
from finetune.streams.registry import STREAMS, check_stream, open_stream

ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"


def test_a_stream_opens_with_its_defaults():
    assert open_stream("word_sorting", {}).draw(bytes(32)).reference


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(SetupError, match=r"'word_sortin'; there are .*text_lines, .*word_sorting"):
        open_stream("word_sortin", {})


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("word_sorting", {"words": 3}, "no option 'words'; it has min_words, max_words"),
        ("word_sorting", {"min_words": 1}, "min_words must be a whole number from 2 to 270; found 1"),
        ("word_sorting", {"min_words": True}, "found True"),
        ("word_sorting", {"min_words": "4"}, "found '4'"),
        ("word_sorting", {"min_words": 6, "max_words": 5}, "max_words must be a whole number from 6 to 270; found 5"),
        ("word_sorting", {"max_words": 271}, "found 271"),
        ("text_lines", {"path": "x"}, "needs the option 'sha256'"),
        ("text_lines", {"path": "x", "sha256": "0", "max_bytes": 0}, "max_bytes must be"),
        ("text_lines", {"path": 7, "sha256": "0"}, "cannot read 7"),
        ("text_lines", {"path": "a\0b", "sha256": "0"}, "cannot read"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(name: str, options: dict[str, Any], said: str):
    with pytest.raises(SetupError, match=said):
        open_stream(name, options)


def test_true_is_no_whole_number():
    assert whole_number("a", "b", 1, least=0, most=1) == 1
    with pytest.raises(SetupError, match="stream a: b must be a whole number from 0 to 1; found True"):
        whole_number("a", "b", True, least=0, most=1)


def test_every_stream_says_in_its_options_what_it_takes():
    for name in STREAMS:
        with pytest.raises(SetupError, match=f"stream {name} has no option 'nonsense'"):
            open_stream(name, {"nonsense": 1})


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("word_sorting", {}),
        ("hub_text", {"repository": "ada/texts"}),
        ("hub_chats", {"repository": "ada/chats"}),
        ("hub_questions", {"repository": "ada/questions", "signer": ALICE}),
        ("hub_reasoning", {"repository": "ada/traces"}),
        ("subnet_feed", {"project": "ada/feed", "netuid": 1, "min_stake": 1.0}),
    ],
)
def test_right_options_are_found_right_without_asking_a_source(name: str, options: dict[str, Any]):
    check_stream(name, options)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("hub_texts", {}, "no stream is called 'hub_texts'"),
        ("hub_text", {}, "needs the option 'repository'"),
        ("hub_text", {"repository": "ada/texts", "colour": 1}, "no option 'colour'"),
        ("hub_questions", {"repository": "ada/questions", "signer": "alice"}, "signer must be the ss58 address"),
        ("hub_text", {"repository": "ada/texts", "revision": "main"}, "revision must be 40 lowercase hex digits"),
        ("subnet_feed", {"project": "ada", "netuid": 1, "min_stake": 1.0}, "project must be entity/name"),
        ("word_sorting", {"min_words": 1}, "found 1"),
    ],
)
def test_wrong_options_are_found_before_any_round(name: str, options: dict[str, Any], said: str):
    with pytest.raises(SetupError, match=said):
        check_stream(name, options)
