"""Samples that benchmarks make."""

from finetune.benchmarks.material import chats, questions, requests

DOCUMENTS = tuple(f"document number {number} of many" for number in range(40))


def test_the_same_seed_gives_the_same_samples_and_another_gives_others() -> None:
    assert chats(DOCUMENTS, 5, 1) == chats(DOCUMENTS, 5, 1) != chats(DOCUMENTS, 5, 2)
    assert questions(DOCUMENTS, 5, 1) == questions(DOCUMENTS, 5, 1) != questions(DOCUMENTS, 5, 2)
    assert requests(5, 1) == requests(5, 1) != requests(5, 2)


def test_more_samples_begin_with_the_same_ones() -> None:
    assert chats(DOCUMENTS, 9, 0)[:4] == chats(DOCUMENTS, 4, 0)


def test_a_reference_is_the_document_after_the_prompt() -> None:
    for sample in chats(DOCUMENTS, 20, 0):
        last = int(sample.messages[0].content.split()[-3])
        assert sample.reference == DOCUMENTS[last + 1]


def test_the_right_option_begins_what_comes_next() -> None:
    samples = questions(DOCUMENTS, 20, 0)
    for sample in samples:
        following = DOCUMENTS[int(sample.document) + 2]
        assert following.startswith(sample.options[sample.right])
    assert {sample.right for sample in samples} == {0, 1, 2, 3}


def test_a_request_says_every_rule() -> None:
    for sample in requests(20, 0):
        assert sample.rules
        assert all(rule.instruction() in sample.messages[0].content for rule in sample.rules)
