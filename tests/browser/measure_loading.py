"""Measures how long pages of a large board take from disk: 256 submissions, 1,000 rounds. No test: it asserts no time.

Run it as `python -m tests.browser.measure_loading`: it plays fifty rounds, tells them over and over as those of later
blocks, writes the site, and opens every kind of page three times. It takes some minutes.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from competitions.schedule import Catalog
from finetune.board.links import entrant_file
from finetune.board.record import read_report
from finetune.board.site import write_site
from finetune.board.view import View
from tests.browser.conftest import chromium
from tests.finetune.board.made_reports import SYNC_BLOCKS, Miner, Play, competition, view_of

SUBMISSIONS, ROUNDS, PLAYED, OPENED = 256, 1_000, 50, 3


def large_view(submissions: int, rounds: int, played: int) -> View:
    """One competition of many submissions and rounds, in seasons of a hundred rounds."""
    rules = competition(challengers=16)
    rules = replace(rules, judge=replace(rules.judge, season_blocks=100 * SYNC_BLOCKS))
    miners = [
        Miner(name=f"miner {number}", loss=2.3 - number / 400, block=1 + number * played * SYNC_BLOCKS // submissions)
        for number in range(submissions)
    ]
    play = Play(Catalog((rules,)), miners, validators={"north": 1.0})
    told = [read_report(one) for one in play.reports(played)]
    readings = [
        replace(one, record=replace(one.record, sync=one.record.sync + turn * played * SYNC_BLOCKS))
        for turn in range(rounds // played)
        for one in told
    ]
    shares = [(one.record.sync, one.record.weights) for one in readings]
    return view_of(play, [], block=(rounds + 1) * SYNC_BLOCKS, readings=readings, incentive_history=shares)


def measure(site: Path, files: list[str]) -> dict[str, float]:
    """Milliseconds from the start of a navigation until the page is drawn, charts included: the median of some."""
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for file in files:
            times = []
            for _ in range(OPENED):
                page = browser.new_page()
                page.goto((site / file).as_uri())
                drawn = "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
                times.append(float(page.evaluate(drawn)))
                page.close()
            found[file] = median(times)
        browser.close()
    return found


def main() -> None:
    """Print a line a page."""
    began = time.monotonic()
    view = large_view(SUBMISSIONS, ROUNDS, PLAYED)
    print(f"{SUBMISSIONS} submissions, {ROUNDS} rounds: made in {time.monotonic() - began:.0f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        site = write_site(Path(folder) / "site", view).parent
        print(f"site written in {time.monotonic() - began:.0f} s: {len(list(site.iterdir()))} files", flush=True)
        champion = entrant_file(1, view.competitions[0].champion.key)
        parts = ["", "-duels", "-history"]
        files = ["index.html", *(f"competition-1{part}.html" for part in parts), champion, "reference-1.html"]
        files += ["validators.html", "rewards.html", "rejections.html"]
        for file, taken in measure(site, files).items():
            print(f"{taken:6.0f} ms  {(site / file).stat().st_size / 1e3:6.0f} kB  {file}")


if __name__ == "__main__":
    main()
