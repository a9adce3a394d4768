"""The site: pages that need nothing from elsewhere, trust nobody, and tell the same in charts, words and tables."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from competitions.rejection import Rejection
from competitions.schedule import Catalog
from finetune.board.figures import bits, share, whole
from finetune.board.links import entrant_file
from finetune.board.reasons import score
from finetune.board.sifting import LeftOut, understand
from finetune.board.site import render, write_site
from finetune.errors import SetupError
from tests.finetune.board.made_reports import Miner, Play, competition, hotkey, resigned, view_of
from tests.finetune.board.page_reader import Element, read, table

ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;\u202e"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
# Where a link may lead: to a file of the site, to a part of the page, to a repository on the hub.
TARGETS = re.compile(
    r"#[a-z0-9-]+|(reports/)?[A-Za-z0-9_-]+(\.min)?\.(html|json|css|js|svg)|"
    r"https://huggingface\.co/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+(/tree/[0-9a-f]{40})?"
)


def assert_harmless(files: Mapping[str, bytes]) -> None:
    """Nothing in any page runs, loads, or leads elsewhere, whatever its texts say, but the site's own two scripts."""
    for name, text in files.items():
        if not name.endswith(".html"):
            continue
        assert b"\xe2\x80\xae" not in text
        for one in read(text.decode()).all():
            assert one.name not in {"img", "iframe", "object", "embed", "base", "form", "input", "use", "style"}
            assert one.name != "script" or one.text == ""
            for attribute, value in one.attributes.items():
                assert not attribute.startswith("on"), f"{one.name} {attribute}"
                assert attribute not in {"style", "srcset", "action", "xlink:href"}
                assert attribute != "src" or value in {"board.js", "chart.umd.min.js"}
                assert attribute != "href" or TARGETS.fullmatch(value or ""), value


def linked_files(site: Mapping[str, Element]) -> set[str]:
    """The files that pages link to or load."""
    targets = [one.attributes.get(name) for page in site.values() for one in page.all() for name in ("href", "src")]
    return {one for one in targets if one and not one.startswith(("#", "https:"))}


def attribute_of(page: Element, name: str) -> list[str]:
    return [str(one.attributes[name]) for one in page.all() if name in one.attributes]


class TestFiles:
    def test_they_run_and_load_nothing_but_their_own(self, view):
        assert_harmless(render(view))

    def test_their_policy_lets_in_the_sites_own_files_and_nothing_else(self, site):
        for page in site.values():
            metas = [one.attributes for one in page.all("meta")]
            assert [one["content"] for one in metas if one.get("http-equiv")] == [POLICY]

    def test_the_same_view_gives_the_same_bytes(self, view):
        assert render(view) == render(view)

    def test_every_page_is_there_that_a_page_links_to(self, view, site):
        assert linked_files(site) <= render(view).keys()

    def test_every_submission_has_a_page_and_every_page_its_values(self, view, site):
        files = render(view)
        for one in view.competitions:
            for row in one.standings:
                values = json.loads(files[entrant_file(one.competition.id, row.key).removesuffix("html") + "json"])
                assert values["standing"]["reason"] == row.reason
                assert values["standing"]["mean"] == row.mean
        assert {name.removesuffix("html") + "json" for name in site} <= files.keys()

    def test_the_values_are_the_views_own(self, view):
        values = json.loads(render(view)["competition-1.json"])
        rows = view.competitions[0].standings
        assert [one["key"] for one in values["standings"]] == [one.key for one in rows]
        assert [one["strength"] for one in values["standings"]] == [one.strength for one in rows]
        assert values["tasks"] == view.competitions[0].tasks

    def test_many_submissions_keep_every_page_small(self):
        miners = [Miner(name=f"miner {number}", loss=1.5 + number / 1000) for number in range(100)]
        out = Rejection(reason="too_large", text="x" * 5_000)
        miners += [Miner(name=f"out {number}", loss=1.0, rejection=out) for number in range(60)]
        play = Play(Catalog((competition(challengers=16),)), miners)
        files = render(view_of(play, play.reports(4), block=95))
        assert max(len(text) for name, text in files.items() if name.endswith(".html")) < 500_000
        assert len(read(files["competition-1.html"].decode()).with_id("standings").all("tr")) == 1 + 161


class TestWriting:
    def test_a_later_build_takes_away_what_is_no_longer_there(self, tmp_path, play, view):
        first = write_site(tmp_path / "site", view)
        gone = entrant_file(1, view.competitions[0].standings[1].key)
        assert first.is_file()
        assert (tmp_path / "site" / gone).is_file()
        version = (tmp_path / "site" / "version.txt").read_text()
        write_site(tmp_path / "site", view_of(Play(play.catalog, []), [], block=5, incentive_history=[]))
        assert not (tmp_path / "site" / gone).exists()
        assert (tmp_path / "site" / "version.txt").read_text() != version

    def test_a_build_without_change_writes_nothing(self, tmp_path, view):
        write_site(tmp_path, view)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        write_site(tmp_path, view)
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before

    def test_a_folder_that_holds_something_else_is_left_alone(self, tmp_path, view):
        (tmp_path / "thesis.txt").write_text("years of work")
        with pytest.raises(SetupError, match="is not empty and holds no board"):
            write_site(tmp_path, view)
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    def test_a_listing_cannot_name_a_file_outside(self, tmp_path, view):
        (tmp_path / "precious.html").write_text("x")
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "files.json").write_text('["../precious.html", "/etc/hostname", ".hidden"]')
        write_site(tmp_path / "site", view)
        assert (tmp_path / "precious.html").exists()

    def test_reports_that_pages_link_to_are_carried_along_unchanged(self, tmp_path, play, reports):
        files = {}
        for one in reports:
            key = one["hotkey"], one["record"]["sync"]
            files[key] = tmp_path / f"{key[0]}-{key[1]}.json"
            files[key].write_text(json.dumps(one))
        site = tmp_path / "site"
        write_site(site, view_of(play, reports, block=615), reports=files)
        pages = {path.name: read(path.read_text("utf-8")) for path in site.glob("*.html")}
        carried = {one for one in linked_files(pages) if one.startswith("reports/")}
        assert f"reports/000000600-{hotkey('north')}.json" in carried
        assert {f"reports/{path.name}" for path in (site / "reports").iterdir()} == carried
        copied = (site / f"reports/000000600-{hotkey('north')}.json").read_bytes()
        assert copied == files[hotkey("north"), 600].read_bytes()

    def test_a_space_gets_the_front_matter_that_makes_it_static(self, tmp_path, view):
        write_site(tmp_path, view, space=True)
        assert (tmp_path / "README.md").read_text().startswith("---\ntitle: ")
        assert "\nsdk: static\napp_file: index.html\n" in (tmp_path / "README.md").read_text()


@pytest.fixture(scope="module")
def small():
    """A play that one validator tells alone, and its reports."""
    rejection = Rejection(reason="same_weights", text="the same weights", evidence={"earlier": "x"})
    miners = [Miner(name="ada", loss=2.0), Miner(name="bo", loss=2.1), Miner(name="out", loss=1, rejection=rejection)]
    play = Play(Catalog((competition(),)), miners, validators={"north": 1.0})
    return play, play.reports(2)


class TestHostile:
    """Whatever a text holds, it stays text; whatever a report holds, the site is made."""

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
        titled = replace(competition(), title=ATTACK)
        play = Play(Catalog((titled,)), [Miner(name="ada", loss=2.0)])
        assert_harmless(render(view_of(play, play.reports(1), block=35)))

    def test_every_text_and_every_key_of_a_signed_report(self, small):
        play, reports = small
        attacks = [resigned({"record": record}, "north") for record in attacked(reports[-1]["record"])]
        refused = [one for one in attacks if isinstance(understand(one), LeftOut)]
        used = [one for one in attacks if one not in refused]
        assert len(used) > 20, "most attacks were refused before they reached the page"
        told = [[one] for one in used] + [refused[at : at + 100] for at in range(0, len(refused), 100)]
        checked: set[bytes] = set()
        for each in told:
            files = render(view_of(play, [reports[0], *each], block=55))
            assert_harmless({name: text for name, text in files.items() if text not in checked})
            checked |= set(files.values())


def attacked(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The record with one text, or one key of a table, replaced by the attack; a list's first item stands for all."""

    def variants(value: Any) -> Iterator[Any]:
        if isinstance(value, str):
            yield ATTACK
        elif isinstance(value, list) and value:
            yield from ([changed, *value[1:]] for changed in variants(value[0]))
        elif isinstance(value, Mapping):
            for name, one in value.items():
                yield from ({**value, name: changed} for changed in variants(one))
            for name in value:
                yield {ATTACK if each == name else each: one for each, one in value.items()}

    yield from variants(record)


class TestWords:
    def test_every_image_has_words_and_every_chart_a_table(self, site):
        charts = 0
        for page in site.values():
            for one in page.all("svg", "canvas"):
                assert one.attributes["role"] == "img"
                assert one.attributes["aria-label"]
            for figure in page.all("figure"):
                charts += 1
                canvas = figure.all("canvas")[0]
                assert page.with_id(str(canvas.attributes["aria-describedby"])).text
                source = page.with_id(str(figure.attributes["data-table"]))
                assert len(source.all("tr")) > 1
                assert any("data-series" in head.attributes for head in source.all("th"))
        assert charts > 10

    def test_the_words_below_the_loss_chart_are_the_figures_of_its_table(self, site, view):
        page = site["competition-1-history.html"]
        words = page.with_id("losses-words").text
        first, *rows = table(page, "Mean loss per round, bits per byte; * stopped early")
        for column, name in list(enumerate(first))[1:-1]:
            told = [row[column].rstrip("*") for row in rows if row[column]]
            assert f"{name} from {told[-1]} to {told[0]}" in words
        lines = view.competitions[0].losses.lines
        assert [line.name for line in lines] == first[1:-1]
        assert {bits(point.mean) + "*" * bool(point.stopped) for point in lines[2].points} == {
            row[3] for row in rows if row[3]
        }

    def test_the_words_below_the_incentive_chart_are_the_first_row_of_its_table(self, site):
        first, last, *_ = table(site["rewards.html"], "Incentive per epoch, shares of all incentive")
        told = ", ".join(f"{name} {part}" for name, part in zip(first[1:], last[1:], strict=True) if part != "0.0%")
        assert site["rewards.html"].with_id("rewards-words").text == f"31 epochs, the last at block {last[0]}: {told}."

    def test_the_bar_of_a_duel_says_what_stands_beside_it(self, site):
        page = site["competition-1.html"]
        labels = [one.attributes["aria-label"] for one in page.all("svg")]
        assert labels == ["evidence 2^0.6 against it", "evidence 2^56.0 against it"]
        rows = table(page, "Standings of Word sorting")
        assert [row[3] for row in rows if "against it" in row[3]] == [
            "Evidence20.6 against it",
            "Evidence256.0 against it",
        ]

    def test_a_cell_is_sorted_by_the_figure_that_it_shows(self, site, view):
        body = site["competition-1.html"].with_id("standings").all("tbody")[0]
        for row, standing in zip(body.all("tr"), view.competitions[0].standings, strict=True):
            cells = row.all("th", "td")
            found = [one.attributes.get("data-v") for one in cells[2:4]]
            tally = standing.tally
            assert found == (
                ["", ""] if tally is None else [f"{tally.wins - tally.losses}", f"{standing.strength:.9g}"]
            )

    def test_pages_tell_seat_story_reasons_and_explanations(self, site, view):
        for one in view.competitions:
            text = site[f"competition-{one.competition.id}.html"].text
            assert one.story.replace("2^", "2") in text
            for entrant in one.entrants:
                assert entrant.standing.reason.replace("2^", "2") in text
                own = site[entrant_file(one.competition.id, entrant.standing.key)].text
                for sentence in entrant.sentences:
                    assert sentence.replace("2^", "2") in own
        assert f"{share(0.5)} of the weights" in site["index.html"].text

    def test_the_matrix_shows_every_duel_that_the_view_counts(self, site, view):
        found = view.competitions[0].duels
        _, *rows = table(site["competition-1-duels.html"], "Wins to losses of each row against each column as champion")
        for row, cells in zip(rows, found.cells, strict=True):
            assert [one or "" for one in row[1:]] == [score(cell.tally) if cell else "" for cell in cells]

    def test_reigns_follow_on_one_another_up_to_the_newest_round(self, site, view):
        _, *rows = table(site["competition-1-history.html"], "Reigns, the latest first")
        assert [row[0] for row in rows] == ["bo", "ada", "the reference"]
        assert [row[1:3] for row in rows] == [["120", "600"], ["60", "120"], ["0", "60"]]
        assert [whole(one.blocks) for one in reversed(view.competitions[0].reigns)] == [row[3] for row in rows]


class TestForm:
    def test_every_page_has_landmarks_one_first_heading_and_unique_ids(self, site):
        for page in site.values():
            assert [len(page.all(name)) for name in ("header", "main", "footer", "h1")] == [1] * 4
            ids = attribute_of(page, "id")
            assert len(set(ids)) == len(ids)
            assert attribute_of(page, "aria-current").count("page") >= 1

    def test_every_table_has_a_caption_and_every_heading_a_scope(self, site):
        for page in site.values():
            for one in page.all("table"):
                assert one.all("caption")[0].text
                assert all(cell.attributes["scope"] in ("col", "row") for cell in one.all("th"))
                assert len({len(row.all("th", "td")) for row in one.all("tr")}) == 1

    def test_without_rounds_it_says_so_and_draws_nothing(self, play):
        empty = Play(play.catalog, [], validators={})
        files = render(view_of(empty, [], block=5, incentive_history=[], earned={}, weights={}))
        assert_harmless(files)
        pages = [read(text.decode()) for name, text in files.items() if name.endswith(".html")]
        assert all(page.all("figure") == [] for page in pages)
        told = " ".join(page.text for page in pages)
        for words in (
            "No round has been scored yet.",
            "No epoch has ended yet.",
            "There is no validator yet.",
            "Nobody has earned anything yet.",
            "Nobody is rejected.",
            "No round has been played yet",
            "No seat has changed hands yet.",
            "No two models have been scored on the same batches yet.",
        ):
            assert words in told

    @pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
    def test_colours_can_be_told_from_what_they_stand_on(self, view, scheme):
        """Text 4.5 to 1, marks 3 to 1. Source: WCAG 2.2, 1.4.3 and 1.4.11."""
        blocks = re.findall(r":root \{(.*?)\}", render(view)["board.css"].decode(), re.DOTALL)
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
