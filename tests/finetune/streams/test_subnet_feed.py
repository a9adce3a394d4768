"""Subnet feed: another subnet's questions and answers, the same on every machine, and nothing that does not count."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bittensor.sp_core import Keypair

from finetune.errors import ChainUnavailable, SetupError, StreamError
from finetune.streams import subnet_feed
from finetune.streams.feed.access import FeedAccess
from finetune.streams.feed.history import Allowance, rows_between
from finetune.streams.feed.records import Columns, Record, Row, parse_row, records_of
from finetune.streams.feed.runs import FeedRun, Publishers, judge_run
from finetune.streams.feed.times import unix_seconds
from finetune.streams.feed.wandb_api import Bounds, WandbApi
from finetune.streams.sample import Sample
from finetune.streams.sources import Sources, Window
from finetune.streams.subnet_feed import SubnetFeed, open_subnet_feed, read_feed
from tests.finetune.streams.generated import seeds
from tests.finetune.streams.wandb_server import FakeRun, WandbServer

START, END = 1_800_000_000.0, 1_800_086_400.0
NOON = START + 43_200
SETTLED = END - 600
ALICE, BOB = (Keypair.create_from_uri(uri) for uri in ("//Alice", "//Bob"))
STAKES = {ALICE.ss58_address: 5000.0, BOB.ss58_address: 10.0}
OPTIONS: dict[str, Any] = {"project": "ada/feed", "netuid": 18, "min_stake": 1000.0, "min_records": 1}
COLUMNS = Columns(question="prompts", answer="responses", score="scores", time="_timestamp", max_bytes=64)

Open = Callable[..., SubnetFeed]


@pytest.fixture(scope="module")
def running() -> Iterator[WandbServer]:
    with WandbServer() as server:
        yield server


@pytest.fixture
def wandb(running: WandbServer) -> WandbServer:
    running.runs, running.faults, running.asked, running.authorization = [], [], [], set()
    return running


@pytest.fixture
def feed(wandb: WandbServer, tmp_path: Path) -> Open:
    """Opens the feed: `feed(min_score=0.5, folder="other machine")`."""

    def opened(
        *, folder: str = "machine", endpoint: str = "", stakes: Any = lambda netuid, block: STAKES, **options: Any
    ) -> SubnetFeed:
        feeds = FeedAccess(endpoint=endpoint or wandb.endpoint, folder=tmp_path / folder, stakes=stakes)
        sources = Sources(datasets=None, cache=None, say=[].append, feeds=feeds)  # no feed asks a hub
        window = options.pop("window", Window(start=START, end=END, block=5400))
        return open_subnet_feed(**OPTIONS | options, window=window, sources=sources)

    return opened


def a_run(run: str = "run1", rows: Any = (), *, signer: Keypair = ALICE, **config: Any) -> FakeRun:
    config = {"hotkey": ALICE.ss58_address, "netuid": 18, "signature": signer.sign(run.encode()).hex()} | config
    config = {key: value for key, value in config.items() if value is not None}
    found = rows if isinstance(rows, dict) else dict(enumerate(rows))
    return FakeRun(id=run, created=NOON, heard=END, config=config, rows=found)


def a_row(
    question: Any, answer: Any, *, time: Any = NOON, step: int = 0, score: Any = 1.0, **more: Any
) -> dict[str, Any]:
    return {"_step": step, "_timestamp": time, "prompts": question, "responses": answer, "scores": score} | more


def some_rows(count: int, *, start: int = 0) -> dict[int, Any]:
    return {i: a_row(f"Question {i}?", f"Answer {i}.", step=i, time=NOON + i) for i in range(start, start + count)}


def pairs(stream: SubnetFeed) -> set[tuple[str, str]]:
    return {(one.question, one.answer) for one in stream.records}


# What counts


def test_a_record_becomes_a_question_from_the_user_and_its_answer(wandb: WandbServer, feed: Open):
    wandb.runs = [a_run(rows=[a_row(" What is 2 + 2? ", "4\n")])]
    (sample,) = {feed().draw(seed) for seed in seeds(3)}
    assert isinstance(sample, Sample)
    assert [(one.role, one.content) for one in sample.messages] == [("user", "What is 2 + 2?")]
    assert sample.reference == "4"
    assert len(sample.document) == 64


def test_of_several_miners_answers_the_best_scored_one_counts(wandb: WandbServer, feed: Open):
    answers = {"1": "so so", "7": "best", "9": "poor"}
    wandb.runs = [
        a_run(
            rows=[
                a_row("One for all?", answers, score={"1": 0.5, "7": 0.9, "9": 0.1}),
                a_row({"3": "To three?", "4": "To four?", "5": "Unanswered?"}, {"3": "x", "4": "y"}, step=1, score=1),
                a_row(["In a list?"], ["z"], step=2, score=[0.7]),
                a_row("No number?", "z", step=3, score="0.9"),
                a_row("Poor?", "z", step=4, score=0.3),
                a_row("Just?", "y", step=5, score=0.4),
            ]
        )
    ]
    stream = feed(min_score=0.4)
    assert pairs(stream) == {
        ("One for all?", "best"),
        ("To three?", "x"),
        ("To four?", "y"),
        ("In a list?", "z"),
        ("Just?", "y"),
    }
    assert stream.skipped == {"duplicate": 1, "low_score": 3, "no_text": 1}


def test_columns_may_lie_inside_json_text_and_be_called_anything(wandb: WandbServer, feed: Open):
    inner = json.dumps({"q": {"text": "Where?"}, "a": "Here.", "kind": "text", "at": "2027-01-15T20:00:00"})
    other = json.dumps({"q": {"text": "What?"}, "a": "This.", "kind": "image", "at": "2027-01-15T20:00:00"})
    columns = {"question": "step.q.text", "answer": "step.a", "score": "", "time": "step.at"}
    wandb.runs = [a_run(rows=[{"_step": 0, "step": inner}, {"_step": 1, "step": other}])]
    stream = feed(**columns, where={"step.kind": "text"})
    assert pairs(stream) == {("Where?", "Here.")}
    assert stream.skipped == {"elsewhere": 1}


@pytest.mark.parametrize(
    ("time", "counts"),
    [
        (START, True),
        (START - 0.001, False),
        (SETTLED - 0.001, True),
        (SETTLED, False),
        (END, False),
        ("2027-01-15T20:00:00Z", True),
        ("2027-01-15T20:00:00+01:00", True),
        ("2027-01-14T20:00:00", False),
    ],
)
def test_a_row_counts_from_the_windows_start_until_it_has_settled(
    time: Any, counts: bool, wandb: WandbServer, feed: Open
):
    wandb.runs = [a_run(rows=[a_row("Asked?", "Yes.", step=0, time=time), a_row("Other?", "No.", step=1)])]
    stream = feed()
    assert (("Asked?", "Yes.") in pairs(stream)) is counts
    assert ("Other?", "No.") in pairs(stream)
    assert stream.skipped.get("outside", 0) == (not counts)


def test_the_same_question_counts_once_as_it_was_first_answered(wandb: WandbServer, feed: Open):
    wandb.runs = [
        a_run("a", [a_row("Twice?", "second", time=NOON + 9)]),
        a_run("b", [a_row("Twice?", "first", time=NOON), a_row("Twice?", "first", time=NOON, step=1)]),
    ]
    stream = feed()
    assert pairs(stream) == {("Twice?", "first")}
    assert stream.skipped == {"duplicate": 2}


# Whose runs count


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"hotkey": BOB.ss58_address, "signer": BOB}, "low_stake"),
        ({"hotkey": "5stranger"}, "low_stake"),
        ({"netuid": 19}, "other_netuid"),
        ({"netuid": None}, "other_netuid"),
        ({"signature": None}, "unsigned"),
        ({"signer": BOB}, "bad_signature"),
        ({"signature": ALICE.sign(b"run1").hex()}, "bad_signature"),
        ({"signature": "0x"}, "bad_signature"),
        ({"signature": "no hex"}, "bad_signature"),
        ({"signature": ["a"]}, "bad_signature"),
        ({"hotkey": None}, "bad_run"),
        ({"hotkey": ["a"]}, "bad_run"),
    ],
)
def test_a_run_without_enough_stake_or_its_hotkeys_signature_is_dropped(
    config: Any, why: str, wandb: WandbServer, feed: Open
):
    wandb.runs = [a_run("run1", some_rows(1)), a_run("run2", some_rows(3), **config)]
    stream = feed()
    assert len(stream.records) == 1
    assert stream.skipped == {why: 1}


def test_a_signature_may_be_missing_where_the_options_say_so_but_never_wrong(wandb: WandbServer, feed: Open):
    wandb.runs = [a_run("run1", some_rows(1), signature=None), a_run("run2", some_rows(3), signer=BOB)]
    stream = feed(signed="if_present")
    assert len(stream.records) == 1
    assert stream.skipped == {"bad_signature": 1}


def test_a_signature_may_begin_with_0x(wandb: WandbServer, feed: Open):
    wandb.runs = [a_run("run1", some_rows(1), signature="0x" + ALICE.sign(b"run1").hex())]
    assert len(feed().records) == 1


def test_stake_that_is_just_enough_counts_and_stake_that_is_no_number_does_not(wandb: WandbServer, feed: Open):
    wandb.runs = [a_run("run1", some_rows(1)), a_run("run2", some_rows(3), hotkey=BOB.ss58_address, signer=BOB)]
    stakes = {ALICE.ss58_address: 1000.0, BOB.ss58_address: float("nan")}
    stream = feed(stakes=lambda netuid, block: {(18, 5400): stakes}[netuid, block])
    assert len(stream.records) == 1
    assert stream.skipped == {"low_stake": 1}


@pytest.mark.parametrize(
    "config", ["", "[]", "{", '{"hotkey": 1}', "[" * 100_000, '{"hotkey": {"value": {"value": 1}}}'], ids=range(6)
)
def test_a_run_whose_config_cannot_be_read_is_dropped(config: str, wandb: WandbServer, feed: Open):
    broken = a_run("run2", some_rows(3))
    broken.config = config
    wandb.runs = [a_run("run1", some_rows(1)), broken]
    assert feed().skipped == {"bad_run": 1}


@pytest.mark.parametrize("run", ["", "a/b", "a b", "\ud800", "a" * 129])
def test_a_run_whose_id_is_none_is_dropped(run: str):
    publishers = Publishers(netuid=18, min_stake=1.0, stakes=STAKES, signed="if_present")
    assert judge_run(a_run("run1", signature=None).node() | {"name": run}, publishers, START) == "bad_run"


def test_runs_that_wandb_has_not_heard_of_in_the_window_are_not_read(wandb: WandbServer, feed: Open):
    silent = a_run("run2", some_rows(3))
    silent.heard = START - 1
    wandb.runs = [a_run("run1", some_rows(1)), silent]
    assert feed().skipped == {"silent": 1}
    assert Counter(wandb.asked) == {"Runs": 1, "RunHistoryKeys": 1, "HistoryPage": 1}


def test_runs_created_too_long_ago_or_after_the_window_are_not_asked_for(wandb: WandbServer, feed: Open):
    old, young = a_run("old", some_rows(3)), a_run("young", some_rows(3))
    old.created, young.created = START - 8 * 86_400, SETTLED
    wandb.runs = [old, young, a_run("run1", some_rows(1))]
    assert len(feed().records) == 1
    assert len(feed(run_days=9, min_records=3).records) == 3


# Hostile rows


HOSTILE = [
    ("", "bad_row"),
    ("[1]", "bad_row"),
    ('{"_step": 1', "bad_row"),
    ('{"_step": 1, "a": ' + "[" * 100_000, "bad_row"),
    ('{"_step": 1, "a": ' + "[" * 500 + "]" * 500 + "}", "bad_row"),
    ('{"_step": 1, "_step": 1}', "bad_row"),
    (a_row("a", "b") | {"_step": "1"}, "bad_row"),
    (a_row("a", "b") | {"_step": -1}, "bad_row"),
    (a_row("a", "b", time=None), "bad_time"),
    (a_row("a", "b", time=True), "bad_time"),
    (a_row("a", "b", time="yesterday"), "bad_time"),
    (a_row("a", "b", time=10**400), "bad_time"),
    (a_row("a", "b", time=[NOON]), "bad_time"),
    (a_row(7, "b"), "no_text"),
    (a_row("a", None), "no_text"),
    (a_row("a", {}), "no_text"),
    (a_row("a", " \n"), "no_text"),
    (a_row("a", {"1": {"1": "b"}}), "no_text"),
    (a_row("a", "b", score=10**400), "low_score"),
    (a_row("a", "b", score=True), "low_score"),
    (a_row("a" * 65, "b"), "too_large"),
    (a_row("a", "é" * 33), "too_large"),
    (a_row("a", "\ud800"), "bad_characters"),
    (a_row("a", "b\x00"), "bad_characters"),
    (a_row("a", "\x1b[2J"), "bad_characters"),
    (a_row("a<|im_start|>system", "b"), "imitates_template"),
    (a_row("a", "<|im_end|>"), "imitates_template"),
    (a_row("a [INST] b", "b"), "imitates_template"),
    (a_row("a", "b [/inst]"), "imitates_template"),
    (a_row("a", "<<SYS>>"), "imitates_template"),
    (a_row("a", "b</s>"), "imitates_template"),
    (a_row("a", "<start_of_turn>user"), "imitates_template"),
    (a_row("a", "<\uff5cbegin\u2581of\u2581sentence\uff5c>"), "imitates_template"),
    (a_row("a", "\uff1c|im_start|\uff1e"), "imitates_template"),
]


@pytest.mark.parametrize(("row", "why"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_row_is_skipped_for_a_reason(row: Any, why: str):
    skipped: Counter[str] = Counter()
    parsed = parse_row(row if isinstance(row, str) else json.dumps(row), COLUMNS)
    if isinstance(parsed, str):
        skipped[parsed] += 1
    else:
        assert list(records_of(parsed, "run1", COLUMNS, skipped)) == []
    assert skipped == {why: 1}


def test_hostile_rows_are_counted_and_the_others_of_their_run_count(wandb: WandbServer, feed: Open):
    rows = dict(enumerate(row for row, _ in HOSTILE))
    wandb.runs = [a_run(rows=rows | {99: a_row("Honest?", "Yes.", step=99)})]
    stream = feed(max_bytes=64)
    assert pairs(stream) == {("Honest?", "Yes.")}
    assert stream.skipped == Counter(why for _, why in HOSTILE)


def test_ordinary_angles_brackets_and_bars_are_no_template(wandb: WandbServer, feed: Open):
    text = "xs |> map f <| ys; a[INSTANCE] < 3 <b>bold</b> </speak> <eosin> 1 < |x| > 0"
    wandb.runs = [a_run(rows=[a_row(text, text)])]
    assert pairs(feed()) == {(text, text)}


def test_one_publisher_with_too_much_does_not_use_up_what_is_there_for_the_others(wandb: WandbServer, tmp_path: Path):
    far, fat = {0: a_row("Zero?", "0"), 10_000: a_row("Far?", "away", step=10_000)}, {0: a_row("Fat?", "x" * 70_000)}
    bob = {"hotkey": BOB.ss58_address, "signer": BOB}
    wandb.runs = [
        a_run("far", far),
        a_run("next", some_rows(1)),
        a_run("fat", fat, **bob),
        a_run("fit", some_rows(3), **bob),
    ]
    publishers = Publishers(netuid=18, min_stake=1.0, stakes=STAKES, signed="required")
    access = FeedAccess(endpoint=wandb.endpoint, folder=tmp_path, stakes=dict)
    with WandbApi(access, "ada/feed", bounds=Bounds(answer_bytes=65_536)) as api:
        records, skipped = read_feed(api, publishers, COLUMNS, Window(start=START, end=END), 7)
    assert [one.run for one in records] == ["fit"] * 3
    assert skipped == {"too_long": 3}


@pytest.mark.parametrize(("allowance", "enough"), [({}, True), ({"pages": 3}, True), ({"pages": 2}, False)])
def test_a_publisher_may_use_so_many_pages(allowance: Any, enough: bool, wandb: WandbServer, tmp_path: Path):
    assert bool(rows_of_a_run(wandb, tmp_path, Allowance(**allowance))) is enough


def test_a_publisher_may_use_so_many_bytes_in_all_its_runs(wandb: WandbServer, tmp_path: Path):
    whole = Allowance()
    assert len(rows_of_a_run(wandb, tmp_path, whole)) == 230
    allowance = Allowance(bytes=Allowance().bytes - whole.bytes + 1)  # what one run takes, and one byte
    assert len(rows_of_a_run(wandb, tmp_path, allowance)) == 230
    assert rows_of_a_run(wandb, tmp_path, allowance) == []


def rows_of_a_run(wandb: WandbServer, folder: Path, allowance: Allowance) -> list[Row]:
    wandb.runs = [a_run("run1", some_rows(230))]
    run = FeedRun(id="run1", hotkey=ALICE.ss58_address)
    with WandbApi(FeedAccess(endpoint=wandb.endpoint, folder=folder, stakes=dict), "ada/feed") as api:
        return rows_between(api, run, COLUMNS, START, END, allowance, Counter())


# Every validator draws the same


def test_a_time_without_a_zone_is_in_utc_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert unix_seconds("2027-01-15T08:00:00") == START
    finally:
        monkeypatch.undo()
        time.tzset()


def test_two_machines_draw_the_same_samples_even_if_one_reads_later(wandb: WandbServer, feed: Open):
    wandb.runs = [a_run("a", some_rows(230)), a_run("b", some_rows(40, start=300))]
    early = feed()
    for i in range(240, 500):
        wandb.runs[0].rows[i] = a_row(f"Later {i}?", "x", step=i, time=SETTLED + i)
    wandb.runs.append(a_run("c", [a_row("Young?", "x", time=END + 1)]))
    wandb.runs.reverse()
    late = feed(folder="other machine")
    assert late.records == early.records
    assert len(early.records) == 270
    assert [early.draw(seed) for seed in seeds(50)] == [late.draw(seed) for seed in seeds(50)]


def test_a_long_run_is_read_from_its_end_until_the_window_began(wandb: WandbServer, feed: Open):
    rows = {i: a_row(f"{i}?", "x", step=i, time=START - 5_030 + i) for i in range(5_350)}
    wandb.runs = [a_run(rows=rows)]
    assert len(feed().records) == 320
    assert wandb.asked.count("HistoryPage") == 5  # steps 5,300 to 4,900, a hundred a page


def test_one_record_more_changes_only_the_draws_that_fall_on_it():
    records = tuple(Record(time=NOON, run="a", step=i, score=1.0, question=f"{i}?", answer="x") for i in range(100))
    less, more = SubnetFeed(records=records[1:]), SubnetFeed(records=records)
    changed = [more.draw(seed) for seed in seeds(2_000) if less.draw(seed) != more.draw(seed)]
    assert {one.messages[0].content for one in changed} == {"0?"}


def test_every_record_is_drawn_about_equally_often():
    records = tuple(Record(time=NOON, run="a", step=i, score=1.0, question=f"{i}?", answer="x") for i in range(5))
    stream = SubnetFeed(records=records)
    counts = Counter(stream.draw(seed).document for seed in seeds(5_000))
    assert len(counts) == 5
    assert all(900 < count < 1100 for count in counts.values())


def test_of_too_many_records_the_same_ones_are_kept_whoever_reads(
    wandb: WandbServer, feed: Open, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(subnet_feed, "MOST_RECORDS", 10)
    wandb.runs = [a_run("a", some_rows(20)), a_run("b", some_rows(20, start=100))]
    first = feed()
    wandb.runs[0].created = NOON + 1
    smallest = sorted(hashlib.sha256(f"Question {i}?".encode()).digest() for i in (*range(20), *range(100, 120)))[:10]
    assert [hashlib.sha256(one.question.encode()).digest() for one in first.records] == smallest
    assert first.skipped == {"beyond": 30}
    assert feed(folder="other machine").records == first.records


# What was read is kept


def test_a_restart_within_the_round_asks_nothing_again(feed: Open):
    with WandbServer() as stopped:
        stopped.runs = [a_run("run1", some_rows(30)), a_run("run2", netuid=1)]
        before = feed(endpoint=stopped.endpoint)
    after = feed(endpoint=stopped.endpoint, stakes=lambda netuid, block: pytest.fail("asked for stakes again"))
    assert after == before
    assert after.skipped == {"other_netuid": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"window": Window(start=START, end=END + 360)},
        {"window": Window(start=START - 360, end=END)},
        {"min_stake": 1001.0},
        {"where": {"modality": "text"}, "min_records": 1},
    ],
)
def test_another_window_or_option_is_read_anew(change: Any, wandb: WandbServer, feed: Open):
    wandb.runs = [a_run(rows={0: a_row("Q?", "A.", modality="text")})]
    feed()
    asked = len(wandb.asked)
    feed(**change)
    assert len(wandb.asked) > asked


def test_only_the_newest_window_of_a_feed_is_kept(wandb: WandbServer, feed: Open, tmp_path: Path):
    wandb.runs = [a_run(rows=some_rows(3))]
    for later in range(3):
        feed(window=Window(start=START, end=END + later))
    feed(max_bytes=100)
    assert len(list(tmp_path.rglob("*.jsonl"))) == 2


@pytest.mark.parametrize("left", [0, 2, -10, "without the last record"])
def test_a_damaged_file_is_read_anew(left: Any, wandb: WandbServer, feed: Open, tmp_path: Path):
    wandb.runs = [a_run(rows=some_rows(3))]
    before = feed()
    (kept,) = tmp_path.rglob("*.jsonl")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:left] if isinstance(left, int) else b"".join(whole.splitlines(keepends=True)[:-1]))
    assert feed().records == before.records
    assert len(wandb.asked) == 6


# Faults


def test_a_reading_that_fails_half_way_keeps_nothing(wandb: WandbServer, feed: Open, tmp_path: Path):
    wandb.runs = [a_run("run1", some_rows(3)), a_run("run2", some_rows(3))]
    wandb.faults = ["none", "none", "none", "403"]
    with pytest.raises(StreamError, match="HTTP 403"):
        feed()
    assert list(tmp_path.rglob("*.jsonl")) == []
    assert len(feed().records) == 3


def test_too_few_records_are_a_stream_error_that_says_what_was_left_out(wandb: WandbServer, feed: Open):
    wandb.runs = [a_run("run1", some_rows(5)), a_run("run2", signature=None)]
    with pytest.raises(StreamError, match=r"ada/feed has 5 records .*; left out: 1 unsigned; min_records is 6"):
        feed(min_records=6)
    with pytest.raises(StreamError, match="no records"):
        SubnetFeed(records=()).draw(bytes(32))


def test_what_the_chain_raises_is_passed_on(feed: Open):
    def unavailable(netuid: int, block: int) -> dict[str, float]:
        raise ChainUnavailable("the chain does not answer")

    with pytest.raises(ChainUnavailable):
        feed(stakes=unavailable)


# Options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"project": "feed"}, "project must be entity/name; found 'feed'"),
        ({"project": "a/b/c"}, "project must be entity/name"),
        ({"netuid": -1}, "netuid must be a whole number from 0 to 65535; found -1"),
        ({"min_stake": -1.0}, "min_stake must be a number from 0; found -1.0"),
        ({"min_stake": float("nan")}, "min_stake must be"),
        ({"min_stake": True}, "min_stake must be"),
        ({"signed": "no"}, 'signed must be "required" or "if_present"; found \'no\''),
        ({"question": ""}, "question must be a column's path; found ''"),
        ({"answer": "a..b"}, "answer must be"),
        ({"score": 7}, "score must be a column's path, or empty; found 7"),
        ({"min_score": "0.5"}, "min_score must be a number; found '0.5'"),
        ({"where": {"modality": 7}}, "where must be a table of texts by column path"),
        ({"max_bytes": 15}, "max_bytes must be"),
        ({"min_records": 0}, "min_records must be"),
        ({"min_records": subnet_feed.MOST_RECORDS + 1}, "min_records must be a whole number from 1 to 5000"),
        ({"settle_minutes": 1440}, "a window of 86400 s leaves nothing once 1440 minutes have settled"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: Any, said: str, wandb: WandbServer, feed: Open):
    with pytest.raises(SetupError, match=said):
        feed(**options)
    assert wandb.asked == []


def test_without_stakes_the_stream_cannot_be_opened():
    sources = Sources(datasets=None, cache=None, say=[].append)
    with pytest.raises(SetupError, match="needs the stakes of other subnets, and nothing here looks them up"):
        open_subnet_feed(**OPTIONS, window=Window(start=START, end=END), sources=sources)
