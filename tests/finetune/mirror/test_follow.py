"""Follow: every round reaches wandb once, whatever is killed, lost or refused in between."""

import threading

import pytest

from finetune.errors import MirrorUnavailable
from finetune.mirror import follow
from finetune.mirror.follow import Follower
from finetune.mirror.keeping_up import keep_up
from finetune.signing import sign
from finetune.validating.report import ReportFolder
from tests.finetune.board.made_reports import hotkey, key, resigned


class Cloud:
    """Runs by id, each with the steps that arrived. `drops` counts rows that get lost on the way, `down` refuses."""

    def __init__(self):
        self.runs, self.names, self.opened, self.drops, self.down = {}, {}, 0, 0, False

    def run(self, run_id, name, config):
        return CloudRun(self, run_id, name, config)


class CloudRun:
    def __init__(self, cloud, run_id, name, config):
        self.cloud, self.run_id, self.name, self.config, self.url = cloud, run_id, name, config, f"cloud/{run_id}"

    def __enter__(self):
        if self.cloud.down:
            raise MirrorUnavailable("down")
        self.cloud.opened += 1
        self.cloud.names[self.run_id] = (self.name, self.config)
        self.steps = self.cloud.runs.setdefault(self.run_id, [])
        self.first_step = self.steps[-1] + 1 if self.steps else 0
        return self

    def __exit__(self, *_):
        pass

    def log(self, step, row):
        if self.cloud.drops:
            self.cloud.drops -= 1
        else:
            self.steps.append(step)


@pytest.fixture
def cloud():
    return Cloud()


@pytest.fixture
def folder(tmp_path):
    return ReportFolder(tmp_path / "reports")


def follower(folder, cloud, said=None):
    return Follower(
        folder.folder,
        folder.folder.parent / "last_round",
        hotkey=hotkey("north"),
        config={"netuid": 37},
        make_run=cloud.run,
        say=(said if said is not None else []).append,
    )


def syncs(reports):
    return [one["record"]["sync"] for one in reports]


def test_reports_arrive_in_order_as_they_are_written_and_then_nothing_is_asked(folder, cloud, reports):
    mirror = follower(folder, cloud)
    mirror.catch_up()
    assert cloud.opened == 0
    for report in reports[:3]:
        folder.publish(report)
        mirror.catch_up()
        mirror.catch_up()
    opened = cloud.opened
    mirror.catch_up()
    assert cloud.opened == opened
    assert list(cloud.runs.values()) == [syncs(reports[:3])]


def test_a_run_is_named_by_uid_and_time_and_says_who_writes_it(folder, cloud, reports, uids):
    folder.publish(reports[0])
    follower(folder, cloud).catch_up()
    ((run_id, (name, config)),) = cloud.names.items()
    assert run_id == f"{hotkey('north')}-20"
    assert name == f"validator-{uids['north']}-{config['run_name']}"
    assert config == {
        "uid": int(uids["north"]),
        "hotkey": hotkey("north"),
        "run_name": config["run_name"],
        "type": "validator",
        "netuid": 37,
    }


def test_after_a_restart_the_run_goes_on_and_no_round_is_repeated(folder, cloud, reports):
    for report in reports[:2]:
        folder.publish(report)
    follower(folder, cloud).catch_up()
    for report in reports[2:4]:
        folder.publish(report)
    follower(folder, cloud).catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[:4])]


def test_rounds_that_wandb_lost_without_a_word_are_sent_again(folder, cloud, reports):
    mirror = follower(folder, cloud)
    for report in reports[:3]:
        folder.publish(report)
    cloud.drops = 3
    mirror.catch_up()
    assert list(cloud.runs.values()) == [[]]
    mirror.catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[:3])]


def test_nothing_is_lost_while_wandb_is_down(folder, cloud, reports):
    mirror = follower(folder, cloud)
    cloud.down = True
    for report in reports[:3]:
        folder.publish(report)
        with pytest.raises(MirrorUnavailable):
            mirror.catch_up()
    cloud.down = False
    mirror.catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[:3])]


def test_a_new_run_begins_after_so_many_rounds_also_across_restarts(folder, cloud, reports, monkeypatch):
    monkeypatch.setattr(follow, "ROUNDS_PER_RUN", 3)
    for report in reports:
        folder.publish(report)
    for _ in range(8):
        follower(folder, cloud).catch_up()
    expected = syncs(reports)
    assert list(cloud.runs.values()) == [expected[:3], expected[3:6], expected[6:]]
    assert (folder.folder.parent / "last_round").read_text() == f"{expected[5]:09d}-1.json"


def test_a_full_run_is_left_only_when_wandb_has_all_of_it(folder, cloud, reports, monkeypatch):
    monkeypatch.setattr(follow, "ROUNDS_PER_RUN", 3)
    mirror = follower(folder, cloud)
    for report in reports[:4]:
        folder.publish(report)
    cloud.drops = 3
    mirror.catch_up()
    mirror.catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[:3])]
    mirror.catch_up()
    mirror.catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[:3]), syncs(reports[3:4])]


def test_what_is_not_a_report_of_this_validator_is_passed_over_and_said_once(folder, cloud, reports):
    said = []
    mirror = follower(folder, cloud, said)
    folder.publish(sign(reports[0]["record"], key("stranger")))
    folder.publish({**reports[1], "signature": "00" * 64})
    (folder.folder / "000000060-1.json").write_text("{")
    (folder.folder / "notes.json").write_text("{}")
    folder.publish(resigned(reports[3], "north"))
    for _ in range(6):
        mirror.catch_up()
    assert list(cloud.runs.values()) == [[80]]
    told = [text for text in said if "does not go to wandb" in text]
    assert [text.partition(" ")[0] for text in told] == [f"0000000{sync}-1.json" for sync in (20, 40, 60)]


@pytest.mark.parametrize("content", [b'{"last": 7}', b"\xff\xfe", b"", b"9" * 5_000 + b"-1.json"])
def test_a_damaged_cursor_is_said_once_and_rounds_go_on_from_the_newest_report(content, folder, cloud, reports):
    for report in reports[:3]:
        folder.publish(report)
    (folder.folder.parent / "last_round").write_bytes(content)
    said = []
    mirror = follower(folder, cloud, said)
    mirror.catch_up()
    for report in reports[3:5]:
        folder.publish(report)
    mirror.catch_up()
    follower(folder, cloud, said).catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[2:5])]
    assert len([text for text in said if "last_round did not hold the name of a report" in text]) == 1


def test_a_damaged_cursor_without_any_report_leaves_out_no_later_round(folder, cloud, reports):
    (folder.folder.parent / "last_round").write_bytes(b"\xff")
    mirror = follower(folder, cloud)
    mirror.catch_up()
    for report in reports[:2]:
        folder.publish(report)
    mirror.catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[:2])]


@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"record":' + b"[" * 100_000, b"[]"])
def test_a_hostile_report_is_passed_over_and_the_next_one_goes_to_wandb(content, folder, cloud, reports):
    (folder.folder / "000000010-1.json").write_bytes(content)
    folder.publish(reports[0])
    said = []
    mirror = follower(folder, cloud, said)
    for _ in range(3):
        mirror.catch_up()
    assert list(cloud.runs.values()) == [syncs(reports[:1])]
    assert [text.partition(":")[0] for text in said[:1]] == ["000000010-1.json does not go to wandb"]


def test_any_fault_is_said_once_and_tried_again():
    faults = [RecursionError("too deep"), RecursionError("too deep"), MirrorUnavailable("down"), ValueError("odd")]
    stop, said = threading.Event(), []

    def catch_up():
        if faults:
            raise faults.pop(0)
        stop.set()

    keep_up(catch_up, stop, 0.0, said.append)
    assert faults == []
    assert [text.partition(";")[0] for text in said] == ["RecursionError: too deep", "down", "ValueError: odd"]
