"""Markup escapes by construction."""

import pytest

from finetune.board.markup import Html, clean, join, prose, tag
from finetune.board.names import Names


def test_text_and_attributes_are_escaped_and_finished_markup_is_not():
    inner = tag("b", "<i>", title="\"'<>&")
    assert inner == '<b title="&quot;&#x27;&lt;&gt;&amp;">&lt;i&gt;</b>'
    assert tag("p", inner, " & ") == f"<p>{inner} &amp; </p>"
    assert isinstance(join(inner, "x"), Html)


def test_none_and_false_leave_an_attribute_out_and_floats_are_short():
    written = tag("rect", x=1.0, y=2.345, width=None, open=True, hidden=False, class_="a", stroke_width=3)
    assert written == '<rect x="1" y="2.35" open class="a" stroke-width="3"></rect>'


@pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\u202e", "\u200b", "\ud800", "\ufeff"])
def test_characters_that_hide_or_turn_text_are_shown_as_replaced(hidden):
    assert clean(f"a{hidden}b") == "a\N{REPLACEMENT CHARACTER}b"
    assert tag("p", hidden).encode() == "<p>\N{REPLACEMENT CHARACTER}</p>".encode()


def test_powers_of_two_are_set_as_powers_and_nothing_else_is():
    assert prose("2^13.3 of 12^4 <2^-1>") == "2<sup>13.3</sup> of 12<sup>4</sup> &lt;2<sup>-1</sup>&gt;"


class TestNames:
    def test_a_hotkey_may_be_called_like_its_coldkey(self):
        names = Names({"hot-address-of-ada": "ada", "cold-address-of-ada": "ada"}, {"cold-address-of-ada"})
        assert (names.of("hot-address-of-ada"), names.of("cold-address-of-ada")) == ("ada", "ada")

    def test_two_hotkeys_of_one_name_are_told_apart(self):
        names = Names({"address-number-one": "ada", "address-number-two": "Ada "}, set())
        assert names.of("address-number-one") == "ada (addres…-one)"
        assert names.of("address-number-two") == "Ada (addres…-two)"

    @pytest.mark.parametrize("label", ["The Reference", "reference", " the  reference", ""])
    def test_nobody_is_called_like_the_reference_or_nothing(self, label):
        assert "(addres…-one)" in Names({"address-number-one": label}, set()).of("address-number-one")

    def test_a_long_label_is_cut_and_an_unknown_address_goes_by_its_ends(self):
        names = Names({"a": "x" * 500}, set())
        assert len(names.of("a")) == 32
        assert names.of("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY") == "5Grwva…utQY"
        assert names.of("") == "unnamed"

    def test_keys_in_a_sentence_become_names(self):
        address = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
        assert Names({address: "ada"}, set()).spoken(f"as {address}@42, earlier") == "as ada, earlier"
