"""The board in a real browser, opened from disk: every view loads, works by keyboard, shows hostile names as text."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.hostile_site import IMAGE, SCRIPT
from tests.browser.opened import Opened

VIEWS = (
    "index",
    "competition-1",
    "competition-1-duels",
    "competition-1-history",
    "competition-2",
    "validators",
    "rewards",
    "rejections",
    "submission",
    "reference-1",
)
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture
def opened(browser, site: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """A fresh page; `request.param` may say which screen and which scheme."""
    screen, scheme = getattr(request, "param", (DESK, "light"))
    context = browser.new_context(viewport=screen, color_scheme=scheme)
    yield Opened(context.new_page(), site)
    context.close()


def test_every_view_loads_without_a_fault_or_a_request_outside(opened):
    for name in VIEWS:
        opened.view(name)
    assert opened.faults == []
    assert opened.outside == []


def test_every_link_of_every_view_leads_to_a_file_of_the_site_or_to_the_hub(opened):
    for name in VIEWS:
        for target in opened.view(name).eval_on_selector_all("a[href]", "links => links.map(one => one.href)"):
            if target.startswith("https:"):
                assert re.fullmatch(r"https://huggingface\.co/[\w.-]+/[\w.-]+(/tree/[0-9a-f]{40})?", target)
            else:
                assert Path(target.removeprefix("file://").partition("#")[0]).is_file(), target


def test_from_the_first_page_to_a_submission_and_its_report(opened):
    page = opened.view("index")
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="Sorting").click()
    page.get_by_role("link", name="WWWW").first.click()
    assert page.locator("h1").inner_text().startswith("WWWW")
    assert "The dotted line" not in page.content()
    page.locator("a[href^='reports/']").first.click()
    assert page.url.endswith(".json")
    assert '"signature"' in page.content()
    assert opened.faults == []


def test_no_name_runs_hides_or_turns_anything(opened):
    for name in VIEWS:
        page = opened.view(name)
        foreign = "script:not([src]), img, iframe, object, [onerror], [onload]"
        assert page.locator(foreign).count() == 0
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f]", page.locator("body").inner_text())
    assert opened.view("competition-1").locator("h1").inner_text() == f"Sorting {SCRIPT}{IMAGE}"
    assert opened.faults == []


@pytest.mark.parametrize("opened", [(PHONE, "light"), (PHONE, "dark"), (DESK, "light")], indirect=True, ids=str)
def test_no_view_is_wider_than_the_screen(opened):
    for name in VIEWS:
        page = opened.view(name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


CONTRAST = {"runOnly": ["color-contrast"]}


@pytest.mark.parametrize(
    ("opened", "views", "rules"),
    [
        ((DESK, "light"), VIEWS, {}),
        ((DESK, "dark"), ("index", "competition-1", "competition-1-duels", "rejections", "submission"), CONTRAST),
        ((PHONE, "light"), ("competition-1", "submission"), {}),
    ],
    indirect=["opened"],
    ids=["light", "dark", "phone"],
)
def test_an_accessibility_scan_finds_no_serious_fault(opened, views, rules):
    axe = pytest.importorskip("axe_playwright_python.base", reason="pip install axe-playwright-python")
    script = axe.AXE_FILE_PATH.read_text("utf-8")
    for name in views:
        page = opened.view(name)
        page.evaluate(script)
        found = page.evaluate("rules => axe.run({resultTypes: ['violations'], ...rules})", rules)["violations"]
        serious = [
            (one["id"], [node["html"][:120] for node in one["nodes"]][:3])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == [], name


def column(page, table: str, number: int) -> list[str]:
    """The texts of a column's cells in sight, from the top."""
    return page.eval_on_selector_all(
        f"#{table} tbody tr:not([hidden])", f"rows => rows.map(row => row.cells[{number}].innerText.trim())"
    )


class TestTables:
    def test_a_heading_sorts_up_then_down_then_back_to_the_order_that_decides(self, opened):
        page = opened.view("competition-1")
        decided = column(page, "tasks", 0)
        head = page.locator("#tasks th").nth(1)
        button = head.get_by_role("button")
        button.click()
        rising = [float(one) for one in column(page, "tasks", 1)]
        assert (rising, head.get_attribute("aria-sort")) == (sorted(rising), "ascending")
        button.click()
        falling = [float(one) for one in column(page, "tasks", 1)]
        assert (falling, head.get_attribute("aria-sort")) == (sorted(falling, reverse=True), "descending")
        button.click()
        assert (column(page, "tasks", 0), head.get_attribute("aria-sort")) == (decided, None)

    def test_what_has_no_figure_comes_last_either_way(self, opened):
        page = opened.view("competition-1")
        page.get_by_role("button", name="Show all 36").first.click()
        button = page.locator("#standings th").nth(4).get_by_role("button")
        for _ in range(2):
            button.click()
            shown = column(page, "standings", 4)
            assert "\N{EN DASH}" in shown[-1]
            assert "\N{EN DASH}" not in shown[0]

    def test_the_first_rows_are_shown_and_all_on_demand(self, opened):
        page = opened.view("competition-1")
        assert len(column(page, "standings", 0)) == 25
        page.get_by_role("button", name="Show all 36").first.click()
        assert len(column(page, "standings", 0)) == 36

    def test_a_row_is_found_by_any_of_its_words(self, opened):
        page = opened.view("competition-1")
        page.get_by_label("Find").first.fill("miner 17")
        assert len(column(page, "standings", 0)) == 1
        page.get_by_label("Find").first.fill("nobody is called so")
        assert column(page, "standings", 0) == []


def test_everything_is_reached_and_worked_by_keyboard(opened):
    page = opened.view("competition-1")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the figures"
    focusable = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input, summary, [tabindex]')]"
        ".filter(one => one.checkVisibility() && one.tabIndex >= 0).length"
    )
    reached, unseen = {page.evaluate("document.activeElement.outerHTML")}, []
    for _ in range(focusable - 1):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML"))
        if page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none":
            unseen.append(page.evaluate("document.activeElement.outerHTML"))
    assert unseen == []
    assert page.evaluate("document.activeElement.closest('footer') !== null"), "the last stop lies at the page's end"
    page.locator("#tasks th button").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("#tasks th").nth(1).get_attribute("aria-sort") == "ascending"
    page.get_by_role("link", name="History").focus()
    page.keyboard.press("Enter")
    page.locator("summary").first.focus()
    page.keyboard.press("Space")
    assert page.locator("details").first.get_attribute("open") is not None


@pytest.mark.parametrize("opened", [(DESK, "light"), (DESK, "dark")], indirect=True, ids=str)
def test_charts_are_drawn_from_their_tables_in_the_colours_of_the_scheme(opened):
    page = opened.view("competition-1-history")
    drawn = page.evaluate(
        "[...document.querySelectorAll('canvas')].map(one => Chart.getChart(one).data.datasets.map("
        "set => [set.label, set.data.length, set.borderColor ?? '']))"
    )
    lines, reigns = drawn
    heads = page.eval_on_selector_all("#losses-figures th[data-series]", "all => all.map(one => one.textContent)")
    assert [label for label, _, _ in lines] == [one if len(one) <= 22 else one[:21] + "…" for one in heads]
    table = page.eval_on_selector_all(
        "#losses-figures tbody tr", "rows => rows.filter(row => row.cells[1].textContent !== '').length"
    )
    assert lines[0][1] == table
    assert len(reigns) == 1
    accent = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent').trim()")
    assert lines[-1][2] == accent
    first, wanted = page.evaluate(
        "[Chart.getChart(document.querySelector('canvas')).data.datasets[0].data.at(-1).y, "
        "document.querySelector('#losses-figures tbody tr').cells[1].textContent]"
    )
    assert first == float(wanted.rstrip("*"))


def test_on_paper_every_row_is_there_and_no_button(opened):
    page = opened.view("competition-1")
    page.emulate_media(media="print")
    shown = page.locator("#standings tbody tr")
    assert all(shown.nth(number).is_visible() for number in range(shown.count()))
    assert not page.get_by_role("button", name="Show all 36").first.is_visible()
    assert page.locator("nav:visible").count() == 0


def test_without_scripts_every_row_and_every_figure_is_there(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "competition-1.html").as_uri())
    assert page.locator("#standings tbody tr:visible").count() == 36
    page.goto((site / "competition-1-history.html").as_uri())
    assert page.locator("canvas:visible").count() == 0
    page.locator("summary").first.click()
    assert page.locator("#losses-figures tbody tr:visible").count() > 10
    context.close()
