"""From a sample to ids: what is shown, what is scored, and which bytes are in neither."""

import pytest

from finetune.errors import ScoringError
from finetune.evals.tokens import tokenize
from finetune.mining.tiny import byte_tokenizer
from finetune.streams.sample import Message, Sample
from tests.finetune.evals.models import chat, letter_tokenizer, text

LONG = 512


@pytest.fixture
def tokenizer():
    return byte_tokenizer()


def test_prompt_and_reference_join_without_special_tokens_of_their_own(tokenizer):
    tokens = tokenize(tokenizer, chat("sort: b a", "a b"), sequence_length=LONG)
    assert tokenizer.decode(tokens.prompt) == "<bos><user>sort: b a<assistant>"
    assert tokenizer.decode(tokens.scored) == "a b"
    assert (tokens.unscored_bytes, tokens.total_bytes) == (0, 3)


def test_the_template_sees_every_message_and_never_the_reference(tokenizer):
    messages = (
        Message(role="system", content="Be brief."),
        Message(role="user", content="hi"),
        Message(role="assistant", content="hello"),
        Message(role="user", content="bye"),
    )
    tokens = tokenize(tokenizer, Sample(messages=messages, reference="SECRET", document="d"), sequence_length=LONG)
    expected = "<bos><system>Be brief.<user>hi<assistant>hello<user>bye<assistant>"
    assert tokenizer.decode(tokens.prompt) == expected


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ messages[0]['content'].split() | sort | join(' ') }}", "b a \ue0f70\ue0f7"),
        ("{{ 'easy' if 'b a' in messages[0]['content'] else 'hard' }}", "hard"),
        ("{{ messages[0]['content'] | upper }}{{ messages[0]['content'] | length }}", "b a \ue0f70\ue0f73"),
        ("\ue0f77\ue0f7 \ue0f70\ue0f7", "\ue0f77\ue0f7 b a \ue0f70\ue0f7"),
    ],
)
def test_a_template_that_would_answer_by_itself_sees_no_word_of_the_question(tokenizer, template, shown):
    tokenizer.chat_template = template
    tokens = tokenize(tokenizer, chat("b a \ue0f70\ue0f7", "a b"), sequence_length=LONG)
    assert tokenizer.decode(tokens.prompt) == shown


def test_without_a_template_each_message_ends_with_a_newline(tokenizer):
    tokenizer.chat_template = None
    tokens = tokenize(tokenizer, chat("one", "two"), sequence_length=LONG)
    assert tokenizer.decode(tokens.prompt) == "one\n"


def test_a_token_that_would_span_prompt_and_reference_does_not():
    tokens = tokenize(letter_tokenizer(2), chat("ab", "cd"), sequence_length=LONG)
    assert (len(tokens.prompt), len(tokens.scored)) == (1, 1)


def test_plain_text_begins_after_bos_or_else_after_eos(tokenizer):
    assert tokenize(tokenizer, text("ab"), sequence_length=LONG).prompt == [tokenizer.bos_token_id]
    tokenizer.bos_token = None
    assert tokenize(tokenizer, text("ab"), sequence_length=LONG).prompt == [tokenizer.eos_token_id]


def test_a_prompt_that_renders_to_nothing_begins_like_plain_text(tokenizer):
    tokenizer.chat_template = "{{ '' }}"
    assert tokenize(tokenizer, chat("hi", "ab"), sequence_length=LONG).prompt == [tokenizer.bos_token_id]


def test_without_bos_and_eos_the_first_token_is_not_scored():
    tokens = tokenize(letter_tokenizer(2), text("abcdef"), sequence_length=LONG)
    assert (len(tokens.prompt), len(tokens.scored)) == (1, 2)
    assert (tokens.unscored_bytes, tokens.total_bytes) == (2, 6)


def test_without_bos_and_eos_all_bytes_of_a_split_first_character_are_unscored(tokenizer):
    tokenizer.bos_token = tokenizer.eos_token = None
    tokens = tokenize(tokenizer, text("été"), sequence_length=LONG)
    assert (tokens.unscored_bytes, tokens.total_bytes) == (2, 5)


def test_ids_beyond_the_sequence_length_are_not_scored(tokenizer):
    tokens = tokenize(tokenizer, text("abcdef"), sequence_length=4)
    assert len(tokens.prompt) + len(tokens.scored) == 4
    assert tokens.unscored_bytes == 3


def test_a_character_cut_by_the_sequence_length_counts_as_unscored(tokenizer):
    tokens = tokenize(tokenizer, text("aé日b"), sequence_length=3)
    assert (tokens.unscored_bytes, tokens.total_bytes) == (6, 7)
    tokens = tokenize(tokenizer, text("aé日b"), sequence_length=4)
    assert tokens.unscored_bytes == 4


def test_a_prompt_longer_than_the_sequence_leaves_nothing_scored(tokenizer):
    tokens = tokenize(tokenizer, chat("x" * 50, "abc"), sequence_length=20)
    assert (tokens.scored, tokens.unscored_bytes, tokens.total_bytes) == ([], 3, 3)


def test_a_reference_longer_than_the_sequence_without_bos_counts_each_byte_once():
    tokens = tokenize(letter_tokenizer(1), text("abcdef"), sequence_length=3)
    assert (len(tokens.scored), tokens.unscored_bytes) == (2, 4)
    tokens = tokenize(letter_tokenizer(1), text("abcdef"), sequence_length=1)
    assert (tokens.scored, tokens.unscored_bytes) == ([], 6)


def test_no_byte_counts_twice(tokenizer):
    tokenizer.bos_token = tokenizer.eos_token = None
    tokens = tokenize(tokenizer, text("é"), sequence_length=1)
    assert (tokens.scored, tokens.unscored_bytes, tokens.total_bytes) == ([], 2, 2)


@pytest.mark.parametrize("reference", ["", "abz", "zzz", "ab "])
def test_a_reference_that_decoding_does_not_give_back_is_lost(reference: str):
    assert tokenize(letter_tokenizer(1), text(reference), sequence_length=LONG) is None


def test_one_space_at_the_beginning_may_be_lost_but_not_two():
    assert tokenize(letter_tokenizer(1), text(" ab"), sequence_length=LONG) is not None
    assert tokenize(letter_tokenizer(1), text("  ab"), sequence_length=LONG) is None


def test_one_space_at_the_beginning_may_be_added(tokenizer):
    from tokenizers import pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    tokens = tokenize(tokenizer, text("abc"), sequence_length=3)
    assert tokenizer.decode(tokens.scored) == " a"
    assert (tokens.unscored_bytes, tokens.total_bytes) == (2, 3)


@pytest.mark.parametrize("reference", ["Ünïcödé 日本 \U0001f600", "a\x00b\r\n\t", " <bos> <assistant> ", "a , b ' s"])
def test_odd_text_survives_a_byte_level_tokenizer(tokenizer, reference: str):
    tokens = tokenize(tokenizer, text(reference), sequence_length=LONG)
    assert (tokens.unscored_bytes, tokens.total_bytes) == (0, len(reference.encode()))


@pytest.mark.parametrize(
    "template", ["{{ raise_exception('no system turns') }}", "{% for %}", "{{ messages[9].role }}"]
)
def test_a_template_that_fails_is_a_scoring_error(tokenizer, template: str):
    tokenizer.chat_template = template
    with pytest.raises(ScoringError, match="tokenising a sample failed"):
        tokenize(tokenizer, chat("hi", "ab"), sequence_length=LONG)
