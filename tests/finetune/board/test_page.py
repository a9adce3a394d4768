"""The page: one file that needs nothing, trusts nobody, and tells the same in charts, words and tables."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from competitions.rejection import Rejection
from competitions.schedule import Catalog
from finetune.board.figures import bits, share
from finetune.board.page import render
from tests.finetune.board.made_reports import Miner, Play, competition, hotkey, resigned, view_of
from tests.finetune.board.page_reader import read, table

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;\u202e"


def assert_harmless(text: str) -> None:
    """Nothing in the page runs, loads, or leads elsewhere, whatever its texts say."""
    page = read(text)
    for one in page.all():
        assert one.name not in {"script", "img", "iframe", "object", "embed", "link", "base", "form", "input", "use"}
        for name, value in one.attributes.items():
            assert not name.startswith("on"), f"{one.name} {name}"
            assert name not in {"style", "src", "srcset", "action", "xlink:href"}
            assert name != "href" or re.fullmatch(r"#[a-z0-9-]+", value)
    assert "\u202e" not in text
    assert not re.search(r"https?://|url\(|@import", text)


class TestFile:
    def test_it_runs_and_loads_nothing(self, view):
        assert_harmless(render(view))

    def test_its_policy_lets_in_its_own_style_and_nothing_else(self, page):
        style = page.all("style")
        digest = base64.b64encode(hashlib.sha256(style[0].text.encode()).digest()).decode()
        metas = [one.attributes for one in page.all("meta")]
        policy = next(one["content"] for one in metas if one.get("http-equiv") == "Content-Security-Policy")
        assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        assert len(style) == 1

    def test_the_same_view_gives_the_same_bytes(self, view):
        assert render(view) == render(view)

    def test_hundreds_of_submissions_stay_below_a_megabyte(self):
        miners = [Miner(name=f"miner {number}", loss=1.5 + number / 1000) for number in range(200)]
        out = Rejection(reason="too_large", text="x" * 5_000)
        miners += [Miner(name=f"out {number}", loss=1.0, rejection=out) for number in range(100)]
        play = Play(Catalog((competition(challengers=16),)), miners)
        text = render(view_of(play, play.reports(8), block=175))
        assert len(text.encode()) < 1_000_000
        assert len(read(text).all("details")[0].all("tr")) == 1 + 301 - 25


@pytest.fixture(scope="module")
def small():
    """A play that one validator tells alone, and its reports."""
    rejection = Rejection(reason="same_weights", text="the same weights", evidence={"earlier": "x"})
    miners = [Miner(name="ada", loss=2.0), Miner(name="bo", loss=2.1), Miner(name="out", loss=1, rejection=rejection)]
    play = Play(Catalog((competition(),)), miners, validators={"north": 1.0})
    return play, play.reports(2)


class TestHostile:
    """Whatever a text holds, it stays text; whatever a report holds, the page is made."""

    def test_names_from_the_chain(self, small):
        play, reports = small
        metagraph = play.metagraph(55)
        strangers = tuple(replace(one, hotkey=f"{ATTACK}{one.uid}", coldkey=ATTACK) for one in metagraph.neurons[:1])
        view = view_of(
            play,
            [*reports, {"hotkey": ATTACK, "signature": ATTACK, "record": {"sync": ATTACK}}, {ATTACK: ATTACK}],
            block=55,
            metagraph=replace(metagraph, owner_hotkey=f"{ATTACK}0", neurons=(*metagraph.neurons, *strangers)),
            weights={hotkey("north"): {ATTACK: 1.0, f"{ATTACK}0": 1.0}, f"{ATTACK}0": {ATTACK: 1.0}},
            earned={ATTACK: 1.0},
            names={hotkey(name): ATTACK for name in ("ada", "bo", "north")},
            incentive_history=[(20, {ATTACK: 1.0})],
        )
        assert_harmless(render(view))

    def test_a_title_from_the_catalog(self, small):
        titled = replace(competition(), title=ATTACK[:80])
        play = Play(Catalog((titled,)), [Miner(name="ada", loss=2.0)])
        assert_harmless(render(view_of(play, play.reports(1), block=35)))

    def test_every_text_and_every_key_of_a_signed_report(self, small):
        play, reports = small
        used = 0
        for record in attacked(reports[-1]["record"]):
            view = view_of(play, [reports[0], resigned({"record": record}, "north")], block=55)
            assert_harmless(render(view))
            used += not view.left_out
        assert used > 20, "most attacks were refused before they reached the page"


def attacked(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The record with one text, or one key of a table, replaced by the attack; a list's first item stands for all."""

    def variants(value: Any) -> Iterator[Any]:
        if isinstance(value, str):
            yield ATTACK
            yield ATTACK[:80]
        elif isinstance(value, list) and value:
            yield from ([changed, *value[1:]] for changed in variants(value[0]))
        elif isinstance(value, Mapping):
            for name, one in value.items():
                yield from ({**value, name: changed} for changed in variants(one))
            for name in value:
                yield {ATTACK if each == name else each: one for each, one in value.items()}

    yield from variants(record)


class TestWords:
    def test_every_image_has_words(self, page):
        images = [one for one in page.all("svg") if one.attributes.get("role") == "img"]
        assert len(images) > 8
        for one in images:
            assert one.attributes["aria-label"]
            if "aria-describedby" in one.attributes:
                assert page.with_id(one.attributes["aria-describedby"]).text
        hidden = [one for one in page.all("svg") if one not in images]
        assert all(one.attributes["aria-hidden"] == "true" for one in hidden)

    def test_the_words_below_the_loss_chart_are_the_figures_of_its_table(self, page, view):
        words = page.with_id("competition-1-words").text
        first, *rows = table(page.with_id("competition-1"), "Mean loss per round, bits per byte; * stopped early")
        assert len(first) == 5
        for column, name in list(enumerate(first))[1:]:
            told = [row[column].rstrip("*") for row in rows if row[column]]
            assert f"{name} from {told[-1]} to {told[0]}" in words
        assert [line.name for line in view.competitions[0].losses.lines] == first[1:]

    def test_the_words_below_the_incentive_chart_are_the_last_row_of_its_table(self, page):
        first, last, *_ = table(page, "Incentive per epoch, shares of all incentive")
        told = ", ".join(f"{name} {part}" for name, part in zip(first[1:], last[1:], strict=True) if part != "0.0%")
        assert page.with_id("incentive-words").text == f"31 epochs, the last at block {last[0]}: {told}."

    def test_the_bar_of_a_duel_says_what_stands_beside_it(self, page):
        rows = table(page, "Standings of Word sorting")
        labels = [
            one.attributes["aria-label"]
            for one in page.with_id("competition-1").all("svg")
            if "evidence" in (one.attributes["class"] or "")
        ]
        assert labels == ["evidence 2^0.6 against it", "evidence 2^56.0 against it"]
        assert [row[3] for row in rows if "against it" in row[3]] == [
            "Evidence20.6 against it",
            "Evidence256.0 against it",
        ]

    def test_a_drawn_line_has_a_mark_for_every_figure(self, page, view):
        chart = page.with_id("competition-1").all("figure")[0]
        titles = {one.text for one in chart.all("title")}
        for line in view.competitions[0].losses.lines:
            for point in line.points:
                assert any(one.startswith(f"{line.name}, block {point.sync}: {bits(point.mean)}") for one in titles)
        hollow = [one for one in chart.all("path") if "hollow" in (one.attributes.get("class") or "")]
        stops = [point for line in view.competitions[0].losses.lines for point in line.points if point.stopped]
        assert len(hollow) == len(stops) > 0

    def test_the_page_tells_seat_story_and_reasons(self, page, view):
        text = page.text
        for one in view.competitions:
            assert one.story.replace("2^", "2") in text
            for standing in one.standings:
                assert standing.reason.replace("2^", "2") in text
        assert f"{share(0.5)} of the weights" in text


class TestForm:
    def test_it_has_landmarks_one_first_heading_and_unique_ids(self, page):
        assert [len(page.all(name)) for name in ("header", "nav", "main", "footer", "h1")] == [1] * 5
        ids = [one.attributes["id"] for one in page.all() if "id" in one.attributes]
        assert len(set(ids)) == len(ids)
        targets = [one.attributes["href"][1:] for one in page.all("a")]
        assert set(targets) <= set(ids)

    def test_every_table_has_a_caption_and_every_heading_a_scope(self, page):
        for one in page.all("table"):
            assert one.all("caption")[0].text
            assert all(cell.attributes["scope"] in ("col", "row") for cell in one.all("th"))
            widths = {len(row.all("th", "td")) for row in one.all("tr")}
            assert len(widths) == 1

    def test_without_rounds_it_says_so_and_draws_nothing(self, play):
        empty = Play(play.catalog, [], validators={})
        text = render(view_of(empty, [], block=5, incentive_history=[], earned={}, weights={}))
        assert_harmless(text)
        page = read(text)
        assert page.all("figure") == []
        for words in (
            "No round has been scored yet.",
            "No epoch has ended yet.",
            "There is no validator yet.",
            "Nobody has earned anything yet.",
            "Nobody is rejected.",
            "no round has been played yet",
        ):
            assert words in page.text

    @pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
    def test_colours_can_be_told_from_what_they_stand_on(self, page, scheme):
        """Text 4.5 to 1, marks 3 to 1. Source: WCAG 2.2, 1.4.3 and 1.4.11."""
        blocks = re.findall(r":root \{(.*?)\}", page.all("style")[0].text, re.DOTALL)
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[scheme]))
        assert len(colours) > 15
        for ground in ("page", "card"):
            for name in ("ink", "quiet", "accent", "against", "warn"):
                assert contrast(colours[name], colours[ground]) >= 4.5, f"{name} on {ground}"
            for name in ("c0", "c1", "c2", "c3", "c4", "c5", "c6", "rest"):
                assert contrast(colours[name], colours[ground]) >= 3, f"{name} on {ground}"
        assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
        assert contrast(colours["quiet"], colours["soft"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """The contrast of two colours. Source: WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
