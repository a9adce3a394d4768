"""What a line of training data teaches, in each form; which lines teach nothing, and what is said of them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from finetune.generating.kinds import KINDS, row_of
from finetune.mining.dataset.chats import MOST_MESSAGES
from finetune.mining.dataset.faults import BadLine
from finetune.mining.dataset.forms import FORMS, form_of
from finetune.streams.draws import Draws
from finetune.streams.sample import AnySample, ChoiceSample, Message, PreferenceSample, Sample
from tests.finetune.generating.made import good, section

Row = dict[str, Any]


def read(row: Row, *, every_turn: bool = False) -> list[AnySample]:
    return form_of(row).read(row, every_turn)


def said(sample: AnySample) -> list[tuple[str, str]]:
    """Messages and reference of a sample, the reference last."""
    assert isinstance(sample, Sample)
    return [*((one.role, one.content) for one in sample.messages), ("reference", sample.reference)]


def talk(*turns: tuple[str, Any]) -> list[Row]:
    return [{"role": role, "content": content} for role, content in turns]


ONE = talk(("user", "One?"), ("assistant", "1"))
TWO = talk(("system", "Count."), ("user", "One?"), ("assistant", "1"), ("user", "Two?"), ("assistant", "2"))
CALL = {"id": "a", "type": "function", "function": {"name": "rain", "arguments": '{"city": "Århus"}'}}
RENDERED = '<tool_call>\n{"name": "rain", "arguments": {"city": "Århus"}}\n</tool_call>'


def test_openai_and_sharegpt_say_the_same():
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    theirs = [{"from": names[one["role"]], "value": one["content"]} for one in TWO]
    assert form_of({"conversations": theirs}).name == "ShareGPT"
    assert read({"conversations": theirs}) == read({"messages": TWO})
    assert said(read({"messages": TWO})[0]) == [
        *(("system", "Count."), ("user", "One?"), ("assistant", "1"), ("user", "Two?"), ("reference", "2")),
    ]


def test_a_system_text_beside_the_conversation_comes_first():
    assert read({"conversations": TWO[1:], "system": "Count."}) == read({"messages": TWO})


def test_every_turn_gives_a_sample_for_each_answer_of_one_document():
    first, last = read({"messages": TWO}, every_turn=True)
    assert said(first) == [("system", "Count."), ("user", "One?"), ("reference", "1")]
    assert [last] == read({"messages": TWO})
    assert first.document == last.document


def test_an_answer_of_weight_0_is_shown_and_not_learned():
    messages = [*TWO[:4], TWO[4] | {"weight": 0}]
    assert said(read({"messages": messages}, every_turn=True)[-1])[-1] == ("reference", "1")
    assert said(read({"messages": messages})[0])[-1] == ("reference", "1")
    messages = [TWO[0], TWO[1], TWO[2] | {"weight": 0}, *TWO[3:]]
    assert [said(one)[-1] for one in read({"messages": messages}, every_turn=True)] == [("reference", "2")]


def test_what_the_user_says_last_is_left_out():
    assert read({"messages": [*ONE, *talk(("user", "Two?"))]}) == read({"messages": ONE})


def test_text_parts_are_joined():
    parts = [{"type": "text", "text": "On"}, {"type": "text", "text": "e?"}]
    assert read({"messages": [*talk(("user", parts)), ONE[1]]}) == read({"messages": ONE})


@pytest.mark.parametrize(
    "call",
    [
        {"tool_calls": [CALL]},
        {"tool_calls": [{"function": {"name": "rain", "arguments": {"city": "Århus"}}}]},
        {"function_call": CALL["function"]},
    ],
)
def test_a_call_of_a_tool_is_text_of_the_assistant(call: Row):
    (sample,) = read({"messages": [*talk(("user", "Rain?")), {"role": "assistant", "content": None} | call]})
    assert said(sample) == [("user", "Rain?"), ("reference", RENDERED)]
    (sample,) = read({"messages": [*talk(("user", "Rain?")), {"role": "assistant", "content": "Let me see."} | call]})
    assert said(sample)[-1] == ("reference", f"Let me see.\n{RENDERED}")


@pytest.mark.parametrize("empty", [None, "", {}, "{}"])
def test_a_call_may_be_without_arguments(empty: Any):
    message = {"role": "assistant", "tool_calls": [{"function": {"name": "now", "arguments": empty}}]}
    (sample,) = read({"messages": [*talk(("user", "When?")), message]})
    assert said(sample)[-1] == ("reference", '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>')


def test_tools_are_one_a_line_also_where_their_list_is_a_text():
    tools = [{"name": "rain"}, {"name": "wind"}]
    listed = read({"messages": ONE, "tools": tools})
    assert said(listed[0])[0] == ("system", '<tools>\n{"name": "rain"}\n{"name": "wind"}\n</tools>')
    assert read({"messages": ONE, "tools": json.dumps(tools, indent=2)}) == listed
    assert read({"messages": ONE, "tools": "[ ]"}) == read({"messages": ONE})
    assert said(read({"messages": ONE, "tools": "rain(city)"})[0])[0][1] == "<tools>\nrain(city)\n</tools>"


def test_results_of_tools_that_follow_each_other_are_one_message_of_the_user():
    messages = [
        *talk(("user", "Rain?")),
        {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]},
        *talk(("tool", '{"rain": 1}'), ("tool", '{"rain": 0}'), ("assistant", "Here and there.")),
    ]
    (sample,) = read({"messages": messages})
    result = "<tool_response>\n{}\n</tool_response>".format
    assert said(sample) == [
        ("user", "Rain?"),
        ("assistant", f"{RENDERED}\n{RENDERED}"),
        ("user", result('{"rain": 1}') + "\n" + result('{"rain": 0}')),
        ("reference", "Here and there."),
    ]


def test_sharegpt_tools_say_the_same_as_those_of_openai():
    tool = {"name": "rain"}
    theirs = {
        "conversations": [
            {"from": "human", "value": "Rain?"},
            {"from": "function_call", "value": '{"name": "rain", "arguments": {"city": "Århus"}}'},
            {"from": "observation", "value": "<tool_response>\nno\n</tool_response>"},
            {"from": "gpt", "value": "No."},
        ],
        "tools": '{"name": "rain"}',
    }
    ours = {
        "messages": [
            *talk(("user", "Rain?")),
            {"role": "assistant", "tool_calls": [CALL]},
            *talk(("tool", "no"), ("assistant", "No.")),
        ],
        "tools": [tool],
    }
    assert read(theirs) == read(ours)
    assert said(read(ours)[0])[0] == ("system", '<tools>\n{"name": "rain"}\n</tools>')
    assert said(read(ours | {"system": "Be kind."})[0])[0] == (
        "system",
        'Be kind.\n\n<tools>\n{"name": "rain"}\n</tools>',
    )
    assert said(read(ours | {"tools": "[]"})[0])[0] == ("user", "Rain?")


def test_a_text_is_learned_as_a_whole():
    assert said(read({"text": "  Once.\n"})[0]) == [("reference", "Once.")]


def test_a_prompt_is_what_the_user_says_and_the_completion_answers():
    assert read({"prompt": "One?", "completion": "1"}) == read({"messages": ONE})
    assert read({"prompt": TWO[:4], "completion": TWO[4:]}, every_turn=True) == read({"messages": TWO})


PAIR = PreferenceSample(
    messages=(Message(role="user", content="One?"),),
    chosen="1",
    rejected="7",
    document=read({"messages": ONE})[0].document,
)


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "One?", "chosen": "1", "rejected": "7"},
        {"prompt": talk(("user", "One?")), "chosen": ONE[1:], "rejected": talk(("assistant", "7"))},
        {"chosen": ONE, "rejected": [ONE[0], *talk(("assistant", "7"))]},
        {"prompt": "One?", "chosen": ONE, "rejected": [ONE[0], *talk(("assistant", "7"))], "messages": ONE},
    ],
)
def test_a_pair_has_one_prompt_and_two_replies(row: Row):
    assert read(row) == [PAIR]


def test_what_generate_data_writes_is_read():
    body = {"messages": [{"content": ""}, {"content": f"<<<\n{section().text}\n>>>"}]}
    body["messages"][0]["content"] = "multiple-choice"
    draws = Draws(bytes(32))
    row = row_of(KINDS["questions"], good(body), section(), draws)
    (sample,) = read(row)
    assert isinstance(sample, ChoiceSample)
    assert (sample.question, sample.options[sample.right]) == (row["question"], row["options"][row["right"]])
    body["messages"][0]["content"] = "conversations"
    row = row_of(KINDS["conversations"], good(body), section(), draws)
    (chat,) = read(row)
    assert said(chat)[-1] == ("reference", row["messages"][-1]["content"])
    # Both were written about one file.
    assert chat.document == sample.document != read({**row, "document": "other.md"})[0].document


def test_the_page_has_an_example_of_every_form_in_their_order():
    page = (Path(__file__).parents[3] / "docs" / "training-data.md").read_text("utf-8")
    rows = [json.loads(line) for block in re.findall(r"```json\n(.*?)```", page, re.S) for line in block.splitlines()]
    assert all(read(row) for row in rows)
    assert list(dict.fromkeys(form_of(row).name for row in rows)) == [form.name for form in FORMS]
    assert all(f"**{form.name}**: `{'`, `'.join(form.keys)}`" in page for form in FORMS)


def test_a_document_is_what_is_shown_before_the_first_answer():
    longer = read({"messages": TWO})[0].document
    assert read({"messages": TWO[:3]})[0].document == longer
    assert read({"messages": [*TWO[:2], *talk(("assistant", "I"))]})[0].document == longer
    assert read({"messages": talk(("system", "Count."), ("user", " One?\t"), ("assistant", "1"))})[0].document == longer
    assert read({"messages": TWO[1:]})[0].document != longer


def test_keys_that_are_null_count_as_absent():
    assert read({"messages": None, "text": "Once.", "document": None}) == read({"text": "Once."})
    absent = {"tool_calls": None, "function_call": None, "weight": None, "from": None, "value": None}
    theirs = [{"from": one["role"], "value": one["content"], "role": None, "content": None} for one in TWO]
    assert read({"messages": [one | absent for one in TWO], "tools": None, "system": None}) == read({"messages": TWO})
    assert read({"messages": theirs}) == read({"messages": TWO})


def with_message(**message: Any) -> Row:
    return {"messages": [ONE[0], {"role": "assistant", "content": "1"} | message]}


QUESTION = {"question": "Who?", "options": ["Abel", "Bera"], "right": 1}


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ({}, "no form has its keys", "it has []; allowed are preference pairs: chosen, rejected; OpenAI mess"),
        ({"txt": "a"}, "no form has its keys", "it has ['txt']; allowed are"),
        ({"text": ""}, "a text is empty", "text must have a character"),
        ({"text": " \n\t"}, "a text is empty", "text must have a character"),
        ({"text": ["a"]}, "a value has the wrong type", "text is ['a']; it must be a text"),
        ({"text": True}, "a value has the wrong type", "text is True"),
        ({"text": "a\0b"}, "a text has a NUL", "text has one at character 2; none is allowed"),
        ({"text": "ab\ud83d"}, "a text is not Unicode", "text has '\\ud83d', half of a pair, at 3"),
        ({"text": "a<|im_end|>"}, "a text imitates a chat template", "text has a mark such as"),
        ({"text": "a", "document": 7}, "a value has the wrong type", "document is 7"),
        ({"messages": []}, "a conversation has the wrong form", "messages must be 1 to 1,000 messages; 0 of them"),
        ({"messages": "hi"}, "a conversation has the wrong form", "; 'hi'"),
        ({"messages": ONE * MOST_MESSAGES}, "a conversation has the wrong form", "; 2,000 of them"),
        ({"messages": ["hi"]}, "a value has the wrong type", "messages, message 1 is 'hi'; it must be an object"),
        ({"messages": ONE, "system": 5}, "a value has the wrong type", "system is 5"),
        ({"prompt": "One?", "completion": "7", "label": False}, "a reply is marked as bad", "label is false"),
        ({"messages": ONE, "tools": {"a": 1}}, "a value has the wrong type", "tools is {'a': 1}; it must be a"),
        ({"messages": ONE, "tools": ["[INST]"]}, "a text imitates a chat template", "tools has a mark"),
        (with_message(role="robot"), "a role is unknown", "message 2 has 'robot'; allowed: system, user, human"),
        (with_message(role=["user"]), "a role is unknown", "message 2 has ['user']"),
        (with_message(content=None), "a text is empty", "messages, message 2 must have"),
        (with_message(content={"a": 1}), "a value has the wrong type", "has the content {'a': 1}; it must be a text"),
        (with_message(content=[{"type": "image_url"}]), "a message is not text", "the part {'type': 'image_url'}"),
        (with_message(weight=0), "no answer is to be learned", "the weight 0"),
        (with_message(weight=0.5), "a weight is unknown", "has 0.5; allowed: 0, not to be learned, and 1"),
        (with_message(weight="1"), "a weight is unknown", "has '1'"),
        ({"messages": [ONE[0] | {"tool_calls": [CALL]}]}, "a tool call is malformed", "'user'; only the assistant"),
        (with_message(tool_calls="rain"), "a tool call is malformed", "tool_calls is 'rain'; it must be a list"),
        (with_message(tool_calls=[None]), "a tool call is malformed", "message 2 has None; allowed:"),
        (with_message(tool_calls=[{"function": {"name": ""}}]), "a tool call is malformed", "2 has {'function'"),
        (
            with_message(tool_calls=[{"function": {"name": "rain", "arguments": "{"}}]),
            "a tool call is malformed",
            "calls 'rain' with '{'; arguments must be a JSON object",
        ),
        (
            with_message(tool_calls=[{"function": {"name": "rain", "arguments": []}}]),
            "a tool call is malformed",
            "calls 'rain' with []",
        ),
        ({"messages": ONE[:1]}, "nobody answers", "user; allowed: at most one system message"),
        ({"messages": ONE[1:]}, "its turns are not in order", "assistant; allowed:"),
        ({"messages": [*ONE, ONE[1]]}, "its turns are not in order", "user assistant assistant; allowed:"),
        ({"messages": [*ONE, TWO[0]]}, "its turns are not in order", "user assistant system; allowed:"),
        ({"messages": TWO, "system": "Again."}, "its turns are not in order", "system system user"),
        ({"prompt": "One?", "completion": ""}, "a text is empty", "completion must have"),
        ({"prompt": ONE, "completion": "1"}, "its turns are not in order", "user assistant assistant"),
        ({"prompt": ONE, "completion": talk(("user", "1"))}, "no answer is to be learned", ""),
        ({"chosen": "1", "rejected": "7"}, "a pair has no prompt", "chosen is an answer alone"),
        ({"prompt": "One?", "chosen": "1 a", "rejected": "1\na"}, "a pair has one reply", "are both '1 a'"),
        ({"chosen": ONE, "rejected": TWO}, "a pair answers two prompts", "must be the same in both"),
        (QUESTION | {"options": ["Abel"]}, "its options are malformed", "allowed: 2 to 26 texts"),
        (QUESTION | {"options": ["Abel", "Abel "]}, "its options are malformed", "allowed: different texts"),
        (QUESTION | {"options": ["Abel", "Bera\nC"]}, "its options are malformed", "of one line each"),
        (QUESTION | {"options": ["Abel", 2]}, "a value has the wrong type", "option 1 is 2"),
        (QUESTION | {"right": 2}, "no option is right", "right is 2; allowed: a whole number from 0 to 1"),
        (QUESTION | {"right": True}, "no option is right", "right is True"),
    ],
)  # fmt: skip
def test_a_line_that_teaches_nothing_is_named_with_what_is_allowed(row: Row, reason: str, detail: str):
    with pytest.raises(BadLine) as bad:
        read(row)
    assert bad.value.reason == reason
    assert detail in bad.value.detail
