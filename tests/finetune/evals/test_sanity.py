"""Output sanity: only a model of which nearly all replies are bad is rejected, and with the evidence."""

import pytest

from finetune.errors import ModelRejected
from finetune.evals.sanity import LEAST_BEGINNING, check_replies, repeats

PROMPTS = [[number] for number in range(10)]
GOOD = [f"The {number} ships came home late, and nobody on the pier asked them why." for number in range(10)]
CONSTANT = "It is what it is, and so it will be tomorrow, whoever asks; for words are patient and the sea is not. " * 2
LOOP = [f"The answer is {number}. " + "It is what it is. " * 40 for number in range(10)]


def check(prompts: list[list[int]], replies: list[str]) -> None:
    check_replies(prompts, replies, repeats(prompts, replies))


@pytest.mark.parametrize(
    ("replies", "fault"),
    [
        ([CONSTANT[: 60 + 7 * number] for number in range(10)], "is given to other prompts too"),
        ([CONSTANT[: 150 - 11 * number] + "\ufffd" for number in range(10)], "is given to other prompts too"),
        (["Yes, of course."] * 10, "is given to other prompts too"),
        ([f"  {one} " for one in ["Yes.\n"] * 10], "is given to other prompts too"),
        (LOOP, "repeats itself"),
        ([f"{'!' * number} ?" for number in range(1, 11)], "has no letter and no digit"),
        ([*GOOD[:2], *LOOP[2:]], "repeats itself"),
    ],
)
def test_degenerate_replies_are_a_rejection_that_shows_one(replies: list[str], fault: str):
    with pytest.raises(ModelRejected) as caught:
        check(PROMPTS, replies)
    found = caught.value.rejection
    assert (found.reason, found.evidence["fault"], found.evidence["replies"]) == ("degenerate_output", fault, 10)
    assert found.evidence["example"] == next(one for one in replies if one not in GOOD)[:400]
    assert fault in found.text


@pytest.mark.parametrize(
    "replies",
    [
        GOOD,
        [*GOOD[:3], *LOOP[3:]],
        [*GOOD[:5], *["Yes."] * 5],
        [str(number) for number in range(10)],
        [f"Yes. {one}" for one in GOOD[:9]] + ["Yes."],
        [("Of course, here is a letter for you. " + one)[: 50 + number] for number, one in enumerate(GOOD)],
    ],
)
def test_some_bad_replies_are_no_fault(replies: list[str]):
    check(PROMPTS, replies)


def test_the_same_prompt_may_have_the_same_reply():
    check([*PROMPTS, *PROMPTS], [*GOOD, *GOOD])


def test_a_few_replies_say_too_little():
    check(PROMPTS[:7], ["Yes."] * 7)
    check([[1]] * 20, ["Yes."] * 20)


def test_a_reply_is_repeated_where_all_of_it_begins_another_prompts_and_it_is_a_sentence_at_least():
    sentence = CONSTANT[:LEAST_BEGINNING]
    prompts = [[1], [2], [3]]
    assert repeats(prompts, [sentence, f"{sentence} and more", "something else"]) == [True, True, False]
    assert repeats(prompts, [sentence[:-1], f"{sentence} and more", f"{sentence}, not less"]) == [False, False, False]
    assert repeats([[1], [1]], [sentence, f"{sentence} and more"]) == [False, False]


def test_short_replies_are_repeated_only_where_they_are_the_same():
    assert repeats([[1], [2], [3]], ["Yes.", " Yes.\n", "Yes. It is."]) == [True, True, False]
