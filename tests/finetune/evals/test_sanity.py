"""Output sanity: only a model of which nearly all replies are bad is rejected, and with the evidence."""

import pytest

from finetune.errors import ModelRejected
from finetune.evals.sanity import check_replies

PROMPTS = [[number] for number in range(10)]
GOOD = [f"The {number} ships came home late, and nobody on the pier asked them why." for number in range(10)]
LOOP = [f"The answer is {number}. " + "It is what it is. " * 40 for number in range(10)]


@pytest.mark.parametrize(
    ("replies", "fault"),
    [
        (["Yes, of course."] * 10, "is given to other prompts too"),
        ([f"  {one} " for one in ["Yes.\n"] * 10], "is given to other prompts too"),
        (LOOP, "repeats itself"),
        ([f"{'!' * number} ?" for number in range(1, 11)], "has no letter and no digit"),
        ([*GOOD[:2], *LOOP[2:]], "repeats itself"),
    ],
)
def test_degenerate_replies_are_a_rejection_that_shows_one(replies: list[str], fault: str):
    with pytest.raises(ModelRejected) as caught:
        check_replies(PROMPTS, replies)
    found = caught.value.rejection
    assert (found.reason, found.evidence["fault"], found.evidence["replies"]) == ("degenerate_output", fault, 10)
    assert found.evidence["example"] == next(one for one in replies if one not in GOOD)[:400]
    assert fault in found.text


@pytest.mark.parametrize(
    "replies", [GOOD, [*GOOD[:3], *LOOP[3:]], [*GOOD[:5], *["Yes."] * 5], [str(number) for number in range(10)]]
)
def test_some_bad_replies_are_no_fault(replies: list[str]):
    check_replies(PROMPTS, replies)


def test_the_same_prompt_may_have_the_same_reply():
    check_replies([*PROMPTS, *PROMPTS], [*GOOD, *GOOD])


def test_a_few_replies_say_too_little():
    check_replies(PROMPTS[:7], ["Yes."] * 7)
    check_replies([[1]] * 20, ["Yes."] * 20)
