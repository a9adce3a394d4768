"""The local chain's file: shared by processes, whole or not at all, and clear about what is wrong with it."""

import multiprocessing
import sqlite3

import pytest

from finetune.chain.local import LocalChain, file
from finetune.chain.local.settings import LocalSettings
from finetune.errors import ChainError, ChainUnavailable, CommitmentTooLarge, NotRegistered, SetupError
from tests.finetune.chain.contract import Key

COMMITS = 20


def commit_often(path, name, barrier):
    with LocalChain(path) as chain:
        barrier.wait(60)
        for i in range(COMMITS):
            chain.commit(Key(name), f"{name} {i}".encode())
            if name == "a":
                chain.advance()


def test_two_processes_commit_at_once_and_a_reader_sees_no_past_change(make, tmp_path):
    chain = make(tempo=5)
    for name in ("a", "b"):
        chain.register(Key(name), "cold")
    chain.advance()
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    writers = [spawn.Process(target=commit_often, args=(tmp_path / "chain-0.db", name, barrier)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    barrier.wait(60)
    seen = {}
    while any(writer.is_alive() for writer in writers):
        newest = chain.block()
        seen[newest] = (chain.commitments(newest), chain.metagraph(newest))
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    chain.advance()
    assert chain.block() == 1 + COMMITS + 1
    last = {entry.hotkey: entry.data for entry in chain.commitments(chain.block())}
    assert last == {name: f"{name} {COMMITS - 1}".encode() for name in ("a", "b")}
    for block, then in seen.items():
        assert (chain.commitments(block), chain.metagraph(block)) == then


def test_a_chain_opened_again_goes_on_where_it_was(make, tmp_path):
    chain = make(tempo=10)
    for name in ("val", "miner"):
        chain.register(Key(name), f"cold-{name}")
    chain.add_stake("cold-val", "val", 10.0)
    chain.set_weights(Key("val"), {"miner": 1.0})
    chain.advance(15)
    chain.commit(Key("miner"), b"pending")
    hashes = [chain.block_hash(block) for block in range(16)]
    metagraph = chain.metagraph()
    chain.close()
    with LocalChain(tmp_path / "chain-0.db") as again:
        assert (again.block(), again.metagraph()) == (15, metagraph)
        assert [again.block_hash(block) for block in range(16)] == hashes
        assert again.commitments(15) == ()
        again.advance(5)
        assert again.commitments(16)[0].data == b"pending"
        assert again.earned("cold-miner") == pytest.approx(2 * 4.1)


def test_two_open_chains_see_each_other_s_blocks_and_calls(make, tmp_path):
    chain = make()
    with LocalChain(tmp_path / "chain-0.db") as other:
        assert chain.register(Key("a"), "cold") == 0
        assert other.register(Key("b"), "cold") == 1
        assert other.advance() == chain.block() == 1
        assert chain.metagraph() == other.metagraph()


def test_a_refused_call_leaves_nothing_behind(make):
    chain = make(tempo=5)
    chain.register(Key("a"), "cold")
    chain.advance()
    before = dump(chain)
    with pytest.raises(ChainError):
        chain.set_weights(Key("a"), {"a": 1.0})
    with pytest.raises(NotRegistered):
        chain.add_stake("cold", "nobody", 1.0)
    with pytest.raises(CommitmentTooLarge):
        chain.commit(Key("a"), b"x" * 129)
    with pytest.raises(ChainError):
        chain.register(Key("a"), "thief")
    assert dump(chain) == before


def test_a_call_broken_off_halfway_takes_back_what_it_wrote(make):
    chain = make()
    before = dump(chain)

    def break_off():
        with chain._file.write() as db:
            db.execute("UPDATE chain SET newest = 7")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert dump(chain) == before


def dump(chain):
    with chain._file.read() as db:
        return list(db.iterdump())


class TestSetupErrors:
    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(SetupError, match=r"no local chain at .*none\.db"):
            LocalChain(tmp_path / "none.db")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("content", [b"", b"not a database at all, just text" * 100])
    def test_another_file_is_refused_and_left_as_it_was(self, tmp_path, content):
        path = tmp_path / "other.db"
        path.write_bytes(content)
        with pytest.raises(SetupError, match="not the file of a local chain"):
            LocalChain(path)
        assert path.read_bytes() == content

    def test_a_database_of_another_kind_or_version_is_refused(self, make, tmp_path):
        other = tmp_path / "other.db"
        run_sql(other, "CREATE TABLE t (a)")
        with pytest.raises(SetupError, match="not the file of a local chain"):
            LocalChain(other)
        make().close()
        run_sql(tmp_path / "chain-0.db", "PRAGMA user_version = 99")
        with pytest.raises(SetupError, match="version 99"):
            LocalChain(tmp_path / "chain-0.db")

    def test_a_chain_is_never_made_over_something_else(self, make, tmp_path):
        path = tmp_path / "taken.db"
        path.write_text("mine")
        with pytest.raises(SetupError, match=r"taken\.db is there already"):
            LocalChain.create(path, seed="s")
        assert path.read_text() == "mine"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_chain_that_cannot_be_made_leaves_nothing(self, tmp_path):
        with pytest.raises(SetupError, match=r"no-folder.c\.db: No such file"):
            LocalChain.create(tmp_path / "no-folder" / "c.db", seed="s")
        with pytest.raises(ValueError, match="tempo"):
            LocalChain.create(tmp_path / "c.db", seed="s", settings=LocalSettings(tempo=0))
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk_is_one_clear_sentence_and_takes_the_call_back(self, make):
        chain = make()
        chain.register(Key("a"), "cold")
        chain.advance()
        with chain._file.read() as db:
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(SetupError, match="no room left"):
            chain.register(Key("x" * 100_000), "cold")
        with chain._file.read() as db:
            db.execute("PRAGMA max_page_count = 100000")
        assert chain.register(Key("b"), "cold") == 1

    def test_a_file_held_by_another_process_is_unavailable_for_now(self, make, tmp_path, monkeypatch):
        make().close()
        monkeypatch.setattr(file, "BUSY_SECONDS", 0.01)
        holder = sqlite3.connect(tmp_path / "chain-0.db", isolation_level=None)
        with LocalChain(tmp_path / "chain-0.db") as chain:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(ChainUnavailable, match="another process"):
                chain.register(Key("a"), "cold")
            assert chain.block() == 0
            holder.close()
            assert chain.register(Key("a"), "cold") == 0

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            (sqlite3.SQLITE_BUSY_SNAPSHOT, ChainUnavailable),
            (sqlite3.SQLITE_LOCKED_SHAREDCACHE, ChainUnavailable),
            (sqlite3.SQLITE_FULL, SetupError),
            (sqlite3.SQLITE_READONLY_DBMOVED, SetupError),
            (sqlite3.SQLITE_PERM, SetupError),
            (sqlite3.SQLITE_CANTOPEN_ISDIR, SetupError),
            (sqlite3.SQLITE_IOERR_FSYNC, SetupError),
            (sqlite3.SQLITE_NOTADB, SetupError),
            (sqlite3.SQLITE_CORRUPT_VTAB, SetupError),
        ],
    )
    def test_sqlite_s_errors_become_ours_by_their_primary_code(self, tmp_path, code, expected):
        error = sqlite3.OperationalError("text of SQLite")
        error.sqlite_errorcode = code
        mapped = file.error_for(tmp_path, error)
        assert type(mapped) is expected
        assert str(tmp_path) in str(mapped)

    def test_a_fault_of_our_own_is_not_dressed_up(self, tmp_path):
        error = sqlite3.OperationalError("no such table: t")
        error.sqlite_errorcode = sqlite3.SQLITE_ERROR
        assert file.error_for(tmp_path, error) is None


def run_sql(path, statement):
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()
