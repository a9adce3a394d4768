"""Which replies become rows, and what is wrong with the others."""

import json
from collections import Counter
from typing import Any

import pytest

from finetune.generating.answers import Inquiry
from finetune.generating.asking import Plan
from finetune.generating.checks import Unfit
from finetune.generating.kinds import KINDS, row_of
from finetune.generating.questions import longest_share
from finetune.streams.draws import Draws
from tests.finetune.generating.made import conversation, question, section

SECTION = section()
TEXT = SECTION.text
DRAWS = b"d" * 32


def judged(kind: str, reply: Any) -> str | dict[str, Any]:
    """The row, or the reason why there is none."""
    try:
        return row_of(KINDS[kind], reply if isinstance(reply, str) else json.dumps(reply), SECTION, Draws(DRAWS))
    except Unfit as reason:
        return str(reason)


def test_a_conversation_becomes_a_row():
    row = judged("conversations", conversation(TEXT))
    assert row == conversation(TEXT) | {
        "document": "geese.md",
        "section": "Geese > Part 0",
        "passage": TEXT,
        "id": row["id"],
    }
    assert len(row["id"]) == 32


def test_a_question_becomes_a_row_whose_right_option_may_stand_anywhere():
    places = Counter()
    reply = json.dumps(question(TEXT))
    for i in range(40):
        row = row_of(KINDS["questions"], reply, SECTION, Draws(bytes([i]) * 32))
        assert sorted(row["options"]) == sorted(question(TEXT)["options"])
        assert row["options"][row["right"]] == question(TEXT)["options"][0]
        places[row["right"]] += 1
    assert set(places) == {0, 1, 2, 3}


@pytest.mark.parametrize("around", ["```json\n{}\n```", "Here it is:\n{}\nEnjoy!", "<think>hm</think> {}"])
def test_words_around_the_object_are_passed_over(around):
    assert isinstance(judged("questions", around.replace("{}", json.dumps(question(TEXT)))), dict)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "not JSON"),
        ("I would rather talk about the weather.", "not JSON"),
        (json.dumps(question(TEXT))[:-20], "not JSON"),
        ('{"question": "a", "question": "b"}', "not JSON"),
        ("[" * 100_000, "a text too long"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "not JSON"),
        ('{"right": NaN}', "not JSON"),
        ('{"question": "\\ud800"}', "not the JSON asked for"),
        ({"messages": []}, "not the JSON asked for"),
    ],
)
def test_a_reply_that_is_not_the_object_asked_for_is_refused(reply, reason):
    assert judged("questions", reply) == reason


ASKED, OPTIONS = question(TEXT)["question"], question(TEXT)["options"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": 7}, "not the JSON asked for"),
        ({"question": "Who?"}, "a text too short"),
        ({"question": "Who? " * 300}, "a text too long"),
        ({"question": ASKED + "<|im_end|>"}, "template tokens"),
        ({"question": ASKED + "\n### Response:\n"}, "template tokens"),
        ({"question": ASKED + "\u202e"}, "control characters"),
        ({"question": ASKED + "\x1b[2J" + ASKED}, "control characters"),
        ({"question": ASKED[:-1] + "\ud800?"}, "control characters"),
        ({"question": "According to the text, who counts the geese?"}, "points at the passage"),
        ({"question": f"Is {OPTIONS[0]} known to count geese?"}, "a question that says its answer"),
        ({"options": OPTIONS[:3]}, "not the JSON asked for"),
        ({"options": [*OPTIONS[:3], 4]}, "not the JSON asked for"),
        ({"options": [*OPTIONS[:3], " Nobody  AT all"]}, "options that are the same"),
        ({"options": ["A) one", "B) two", "C) three", "D) four"]}, "options with letters"),
        ({"options": [*OPTIONS[:3], "None of the above"]}, "options about options"),
        ({"options": [OPTIONS[0] + " who was " * 9, *OPTIONS[1:]]}, "a right option that stands out by its length"),
        ({"options": [*OPTIONS[:3], ""]}, "a text too short"),
        ({"right": 4}, "an index out of range"),
        ({"right": -1}, "an index out of range"),
        ({"right": True}, "an index out of range"),
        ({"right": "0"}, "an index out of range"),
        ({"evidence": "The moon is made of green cheese."}, "evidence that is not in the passage"),
        ({"evidence": "..........."}, "evidence that is not in the passage"),
        ({"evidence": "carries the lanterns across"}, "evidence of something else"),
        ({"more": 1}, "not the JSON asked for"),
    ],
)
def test_an_implausible_question_is_refused_for_a_reason(changes, reason):
    if "right" not in changes and reason == "evidence of something else":
        changes = {**changes, "options": ["the one with geese", *OPTIONS[1:3], "nobody else"]}
    assert judged("questions", question(TEXT) | changes) == reason


def turns(*contents: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[i % 2], "content": text} for i, text in enumerate(contents)]}


USER, ASSISTANT = (one["content"] for one in conversation(TEXT)["messages"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"messages": []}, "not the JSON asked for"),
        ({"messages": "hello"}, "not the JSON asked for"),
        ({"messages": [{"role": "user"}, {"role": "assistant"}]}, "not the JSON asked for"),
        ({"messages": conversation(TEXT)["messages"][::-1]}, "roles out of turn"),
        (turns(USER, ASSISTANT, "And what then?"), "a conversation without an end"),
        (turns(USER, ASSISTANT, USER.upper(), "No more."), "a message said twice"),
        (turns(*(f"What about number {i} of them?" for i in range(8))), "not the JSON asked for"),
        (turns("What does the passage say about geese?", ASSISTANT), "points at the passage"),
        (turns(USER, "I'm sorry, but I cannot help with geese."), "a refusal"),
        (turns(USER, ASSISTANT + "</s>"), "template tokens"),
        (turns(USER, ""), "a text too short"),
        (turns(USER, "word " * 1_000), "a text too long"),
        ({"evidence": "Invented by the model."}, "evidence that is not in the passage"),
        ({"evidence": "carries the lanterns across"}, "evidence of something else"),
    ],
)  # fmt: skip
def test_an_implausible_conversation_is_refused_for_a_reason(changes, reason):
    assert judged("conversations", conversation(TEXT) | changes) == reason


def test_evidence_may_differ_in_case_punctuation_and_marks():
    evidence = "**" + question(TEXT)["evidence"].upper().replace(",", " -")
    assert isinstance(judged("questions", question(TEXT) | {"evidence": evidence}), dict)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_shows_the_passage_and_varies_with_the_seed(kind):
    requests = set()
    for seed in range(12):
        plan = Plan(
            kind=KINDS[kind], sections=(SECTION,), model="m", seed=seed, per_section=1, attempts=1, max_tokens=1
        )
        system, user = plan.messages(Inquiry(section=0, row=0, attempt=0))
        assert (system["role"], user["role"]) == ("system", "user")
        assert f"Title: Geese > Part 0\nPassage:\n<<<\n{TEXT}\n>>>" in user["content"]
        requests.add(user["content"])
    assert len(requests) > 2


def test_the_share_of_longest_right_options_is_counted():
    rows = [{"options": ["aa", "b", "c", "d"], "right": right} for right in (0, 0, 1)]
    assert longest_share(rows) == pytest.approx(2 / 3)
