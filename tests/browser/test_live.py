"""A served board follows new reports by itself, and what its reader has done to the page stays."""

from competitions.schedule import Catalog
from finetune.board.serve import served
from finetune.board.site import write_site
from tests.finetune.board.made_reports import Miner, Play, competition, view_of


def test_an_open_page_renews_itself_and_keeps_what_was_sorted_opened_and_focused(browser, tmp_path):
    play = Play(Catalog((competition(),)), [Miner(name="ada", loss=2.0), Miner(name="bo", loss=1.5, block=25)])
    reports = play.reports(4)
    early = [one for one in reports if one["record"]["sync"] <= 20]
    write_site(tmp_path / "site", view_of(play, early, block=35), live=True)
    faults = []
    with served(tmp_path / "site", 0) as address:
        page = browser.new_page()
        page.on("console", lambda one: faults.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: faults.append(str(one)))
        page.clock.install()
        with page.expect_response("**/version.txt"):
            page.goto(f"{address}competition-1.html")
        page.evaluate("window.stayed = true")
        assert page.locator("#tasks tbody tr").count() == 2
        sort = page.locator("#tasks th button").nth(1)
        sort.click()
        write_site(tmp_path / "site", view_of(play, reports, block=95), live=True)
        for _ in range(20):
            page.clock.run_for(5_000)
            if page.locator("#tasks tbody tr").count() == 3:
                break
            page.wait_for_load_state("networkidle")
        assert page.locator("#tasks tbody tr").count() == 3
        assert "bo" in page.locator(".who").inner_text()
        assert page.locator("#tasks th").nth(1).get_attribute("aria-sort") == "ascending"
        assert page.evaluate("document.activeElement.closest('#tasks') !== null")
        assert page.evaluate("window.stayed"), "the page was renewed, not loaded again"
        page.close()
    assert faults == []


def test_a_page_that_is_not_served_live_asks_for_nothing(browser, tmp_path):
    play = Play(Catalog((competition(),)), [])
    write_site(tmp_path / "site", view_of(play, [], block=5, incentive_history=[]))
    asked = []
    with served(tmp_path / "site", 0) as address:
        page = browser.new_page()
        page.clock.install()
        page.goto(address)
        page.on("request", lambda one: asked.append(one.url))
        page.clock.run_for(60_000)
        page.wait_for_load_state("networkidle")
        page.close()
    assert [one for one in asked if not one.endswith("icon.svg")] == []
