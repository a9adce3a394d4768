"""The boards that rehearsals have left in `runs`, attacked ones among them: every page loads without a fault."""

from pathlib import Path

import pytest

from tests.browser.opened import Opened

SITES = sorted(path.parent for path in (Path(__file__).parents[2] / "runs").glob("*/site/index.html"))


@pytest.mark.skipif(not SITES, reason="no rehearsal has left a board in runs: play one with make rehearse")
def test_every_page_of_a_rehearsals_board_loads_without_a_fault_or_a_request_outside(browser):
    for site in SITES:
        opened = Opened(browser.new_page(), site)
        for path in sorted(site.glob("*.html")):
            opened.view(path.stem)
            assert opened.page.locator("h1").count() == 1
        assert (opened.faults, opened.outside) == ([], [])
        opened.page.close()
