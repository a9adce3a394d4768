"""Runs: every section asked once, unfit replies again, nothing twice and nothing lost whatever happens."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.generating.answers import Answers, Inquiry
from finetune.generating.asking import FAILURES_IN_A_ROW, ask_all, chosen
from finetune.generating.budget import BUDGET_SPENT, Budget, Prices, Spent
from finetune.generating.chat import Answer, Chat
from finetune.generating.kinds import KINDS
from finetune.generating.progress import Progress
from finetune.generating.session import check_plan
from tests.finetune.generating.made import completion, conversation, good, passage_in, question, section
from tests.finetune.generating.runs import make_limits, make_plan, rows_in, session
from tests.finetune.generating.server import Response, well

KEY = "sk-test-0123456789"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_every_section_gives_its_row_in_the_order_of_the_plan_however_many_ask(endpoint, tmp_path):
    plan = make_plan(6)
    for workers in (1, 5):
        session(endpoint, tmp_path / str(workers), plan, workers=workers)
    assert [row["passage"] for row in rows_in(tmp_path / "1")] == [one.text for one in plan.sections]
    assert rows_in(tmp_path / "1") == rows_in(tmp_path / "5")
    assert len(endpoint.asked) == 12


def test_as_many_inquiries_are_under_way_as_there_are_workers_and_no_more(out):
    class Slow:
        under_way, most = 0, 0

        async def ask(self, messages, *, seed):
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(0.005)
            self.under_way -= 1
            return Answer(text=good({"messages": messages}), spent=Spent(requests=1))

    plan, chat = make_plan(9), Slow()
    budget = Budget(prices=Prices(), max_requests=None, max_cost=None, spent=Spent())
    progress = Progress(plan.total, budget, say=lambda line: None)
    with Answers(out, plan.settings()) as answers:
        asyncio.run(ask_all(plan, answers, chat, progress, workers=3, stopped=lambda: False))
    assert (chat.most, progress.rows) == (3, 9)


def test_several_rows_of_a_section_are_asked_for_with_other_seeds(endpoint, out):
    session(endpoint, out, make_plan(2, per_section=2), workers=1)
    passages = [passage_in(body) for body in endpoint.asked]
    assert passages == [section(0).text, section(1).text] * 2
    assert len({body["seed"] for body in endpoint.asked}) == 4
    assert len(rows_in(out)) == 2, "the model said the same again, and one of two like rows is enough"


def test_an_unfit_reply_is_followed_by_another_attempt_and_then_given_up(endpoint, out):
    bad = Response(body=completion("I would rather not."))
    endpoint.each(bad, bad, bad)
    said: list[str] = []
    session(endpoint, out, make_plan(3), workers=1, said=said)
    assert [passage_in(body) == section(0).text for body in endpoint.asked] == [True, True, False, False, False]
    assert [row["passage"] for row in rows_in(out)] == [section(1).text, section(2).text]
    assert "  3 answers rejected: not JSON" in said


def test_a_finished_run_asks_nothing_more(endpoint, out):
    plan = make_plan(3)
    first = session(endpoint, out, plan)
    rows = (out / "rows.jsonl").read_bytes()
    again = session(endpoint, out, plan)
    assert len(endpoint.asked) == 3
    assert (out / "rows.jsonl").read_bytes() == rows
    assert again.publication.name == first.publication.name, "the same rows keep their publication"


@pytest.mark.parametrize("left", [0.5, 0.95])
def test_a_run_whose_last_line_is_half_written_loses_that_line_alone(endpoint, out, left):
    plan = make_plan(4)
    session(endpoint, out, plan, workers=1)
    rows, file = rows_in(out), out / "answers.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][: int(len(lines[-1]) * left)])
    session(endpoint, out, plan, workers=1)
    assert len(endpoint.asked) == 5
    assert endpoint.asked[4] == endpoint.asked[3]
    assert rows_in(out) == rows
    assert file.read_bytes().splitlines(keepends=True) == lines


def test_a_run_that_was_killed_before_its_first_line_was_whole_begins_afresh(endpoint, out):
    out.mkdir()
    (out / "answers.jsonl").write_bytes(b'{"settings": {"kin')
    session(endpoint, out, make_plan(2))
    assert len(rows_in(out)) == 2


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"seed": 1}, r"a run of another seed \(0; now 1\)"),
        ({"model": "other"}, r"a run of another model \('m'; now 'other'\)"),
        ({"kind": KINDS["conversations"]}, "a run of another kind"),
        ({"sections": (section(9),)}, "a run of another sections"),
        ({"attempts": 3}, "a run of another attempts"),
    ],
)
def test_another_run_in_the_same_folder_is_an_error_that_names_the_setting(endpoint, out, changes, text):
    session(endpoint, out)
    before = (out / "answers.jsonl").read_bytes()
    with pytest.raises(SetupError, match=text):
        session(endpoint, out, make_plan(**changes))
    assert (out / "answers.jsonl").read_bytes() == before


def test_a_folder_with_other_files_a_damaged_run_and_one_in_use_are_errors(endpoint, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SetupError, match="holds other files"):
        session(endpoint, tmp_path)
    out = tmp_path / "run"
    session(endpoint, out, make_plan(2), workers=1)
    with Answers(out, make_plan(2).settings()), pytest.raises(SetupError, match="another process writes"):
        session(endpoint, out, make_plan(2))
    lines = (out / "answers.jsonl").read_bytes().splitlines(keepends=True)
    (out / "answers.jsonl").write_bytes(lines[0] + b"{}\n" + lines[2])
    with pytest.raises(SetupError, match="line 2 is damaged"):
        session(endpoint, out, make_plan(2))


def test_a_spent_budget_ends_a_session_counts_in_the_next_and_keeps_the_rows(endpoint, out):
    first = session(endpoint, out, max_requests=4, workers=1)
    assert (first.ended, first.publication.record["rows"]) == (BUDGET_SPENT, 4)
    assert session(endpoint, out, max_requests=5, workers=1).publication.record["rows"] == 5
    assert session(endpoint, out, max_requests=5, workers=1).ended == BUDGET_SPENT
    assert (out / "answers.jsonl").read_bytes().count(b"\n") == 1 + 5, "what was not asked leaves no line"
    assert session(endpoint, out, workers=1).ended == ""
    assert len(endpoint.asked) == len(rows_in(out)) == 6


def test_the_cost_of_all_sessions_together_stays_under_the_limit(endpoint, out):
    prices = Prices(tokens_in=10_000, tokens_out=10_000)  # 1.5 an answer; held for one: under 25
    for _ in range(3):
        session(endpoint, out, prices=prices, max_cost=27.0, workers=4)
    costs = [json.loads(line)["cost"] for line in (out / "answers.jsonl").read_bytes().splitlines()[1:]]
    assert 0 < sum(costs) <= 27
    assert len(endpoint.asked) < 6


def test_a_cost_limit_without_prices_is_an_error():
    with pytest.raises(SetupError, match="needs --price_in and --price_out"):
        make_limits(max_cost=1.0)


def test_an_inquiry_that_failed_is_left_for_the_next_session(endpoint, out):
    endpoint.each(Response(status=400))
    said: list[str] = []
    session(endpoint, out, make_plan(3), workers=1, said=said)
    assert [row["passage"] for row in rows_in(out)] == [section(1).text, section(2).text]
    session(endpoint, out, make_plan(3), workers=1)
    assert [passage_in(body) for body in endpoint.asked[3:]] == [section(0).text]
    assert len(rows_in(out)) == 3


def test_an_endpoint_that_has_failed_ten_times_in_a_row_is_down(endpoint, out):
    endpoint.respond = lambda body: Response(status=400)
    plan = make_plan(30)
    ended = session(endpoint, out, plan, workers=1)
    assert ended.ended == "10 inquiries in a row have failed, the last with HTTP 400"
    assert ended.publication is None
    assert len(endpoint.asked) == FAILURES_IN_A_ROW


def test_failures_between_answers_are_no_sign_of_that(endpoint, out):
    count = iter(range(100))
    endpoint.respond = lambda body: Response(status=400) if next(count) % 5 else well(body)
    assert session(endpoint, out, make_plan(30), workers=1).ended == ""
    assert len(endpoint.asked) == 30


def test_an_error_of_one_worker_ends_the_others_and_keeps_their_answers(endpoint, out, monkeypatch):
    refused, judge = threading.Event(), Chat._refused
    monkeypatch.setattr(Chat, "_refused", lambda *arguments: (refused.set(), judge(*arguments))[1])

    def respond(body):
        if len(endpoint.asked) == 1:
            return Response(status=401)
        # After an answer, a refusal is no sign of a bad key.
        refused.wait(20)
        return well(body)

    endpoint.respond = respond
    with pytest.raises(SetupError, match="HTTP 401"):
        session(endpoint, out, workers=3)
    answered = len((out / "answers.jsonl").read_bytes().splitlines()) - 1
    assert answered == len(endpoint.asked) - 1
    session(endpoint, out)
    assert len(rows_in(out)) == 6


def test_nothing_fit_at_all_is_an_error(endpoint, out):
    endpoint.respond = lambda body: Response(body=completion("no"))
    with pytest.raises(SetupError, match="no answer gave a row"):
        session(endpoint, out, make_plan(2))
    assert not (out / "publication").exists()


def test_like_rows_are_kept_once_and_those_of_earlier_runs_not_at_all(endpoint, tmp_path):
    same = json.dumps(question(section(0).text))
    plan = make_plan(2, sections=(section(0), section(0), section(1)))
    endpoint.respond = lambda body: Response(
        body=completion(same if section(0).text == passage_in(body) else good(body))
    )
    said: list[str] = []
    session(endpoint, tmp_path / "one", plan, said=said)
    assert len(rows_in(tmp_path / "one")) == 2
    assert "  1 answers rejected: a duplicate" in said
    (tmp_path / "unfinished").mkdir()
    earlier = [tmp_path / "one", tmp_path / "two", tmp_path / "unfinished"]
    (tmp_path / "two").mkdir()
    session(endpoint, tmp_path / "two", make_plan(3), earlier=earlier)
    assert [row["passage"] for row in rows_in(tmp_path / "two")] == [section(2).text]
    session(endpoint, tmp_path / "two", make_plan(3), earlier=earlier)
    assert len(rows_in(tmp_path / "two")) == 1, "a run is no earlier run of itself"


def test_earlier_rows_of_another_kind_are_an_error(endpoint, tmp_path):
    (tmp_path / "rows.jsonl").write_text(json.dumps(conversation(section(0).text)) + "\n")
    with pytest.raises(SetupError, match="line 1 is no row of questions"):
        session(endpoint, tmp_path / "run", earlier=[tmp_path / "rows.jsonl"])
    with pytest.raises(SetupError, match="nowhere is not there"):
        session(endpoint, tmp_path / "run", earlier=[tmp_path / "nowhere"])


def test_the_key_is_in_no_file_and_no_line(endpoint, out):
    def respond(body):
        told = question(passage_in(body))
        told["options"][1] = f"the key {KEY}"
        return Response(body=completion(json.dumps(told)))

    endpoint.respond = respond
    said: list[str] = []
    session(endpoint, out, make_plan(2), key=KEY, said=said)
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "[key]" in json.dumps(rows_in(out))
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert not any(KEY.encode() in path.read_bytes() for path in files)
    assert KEY not in "\n".join(said)


def test_a_row_that_would_publish_the_key_in_disguise_is_refused(endpoint, out):
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in KEY)

    def respond(body):
        reply = good(body)
        is_first = passage_in(body) == section(0).text
        return Response(body=completion(reply.replace("nobody at all", f"the key {hidden}") if is_first else reply))

    endpoint.respond = respond
    said: list[str] = []
    session(endpoint, out, make_plan(2), key=KEY, said=said)
    assert [row["passage"] for row in rows_in(out)] == [section(1).text]
    assert "  1 answers rejected: the endpoint's key in a text" in said


def test_a_full_disk_leaves_no_half_line(out, monkeypatch):
    with Answers(out, {}) as answers:
        before = answers.path.read_bytes()

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(SetupError, match="cannot be written: No space left on device"):
            answers.add(Inquiry(section=0, row=0, attempt=0), 1, Answer(text="a", spent=Spent()))
        assert answers.path.read_bytes() == before
        assert answers.texts == {}


def test_sections_are_chosen_and_ordered_by_the_seed():
    sections = [section(i) for i in range(20)]
    assert chosen(sections, 1, 5) == chosen(sections, 1, 5) == chosen(sections, 1, None)[:5]
    assert chosen(sections, 1, 5) != chosen(sections, 2, 5)
    assert set(chosen(sections, 1, 100)) == set(sections)


def test_the_most_that_a_plan_can_cost_bounds_what_it_costs(endpoint, out):
    plan = make_plan(3)
    endpoint.respond = lambda body: Response(body=completion("no", tokens=(len(json.dumps(body)), 100)))
    most = check_plan(plan, Prices(tokens_in=1e6, tokens_out=1e6))
    with pytest.raises(SetupError):
        session(endpoint, out, plan)
    assert 0.8 * most < sum(len(json.dumps(body)) + 100 for body in endpoint.asked) < 1.2 * most
    with pytest.raises(SetupError, match="more than 100,000 inquiries"):
        check_plan(make_plan(per_section=10**6), Prices())


def test_progress_says_how_far_how_good_how_dear_and_how_long():
    said: list[str] = []
    time = iter((0.0, 10.0, 20.0, 20.0, 30.0, 30.0, 100.0, 100.0))
    spent = Spent(requests=3, cost=0.3)
    budget = Budget(prices=Prices(), max_requests=None, max_cost=None, spent=spent)
    progress = Progress(300, budget, say=said.append, clock=lambda: next(time))
    progress.rejected["not JSON"] += 1
    progress.finished(row=True, asked=True)
    assert said == []
    progress.finished(row=False, asked=True)
    assert said == [
        "2 of 300 asked, 1 rows, 3 requests, 1 replies rejected (most often not JSON: 1), cost 0.3000, "
        "45.0000 expected in all, ends in about 50 min"
    ]
