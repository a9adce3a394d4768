"""A validator's memory: one SQLite file. Every stage's result is committed before the next stage begins.

It keeps what the rules need and judges nothing: the stages of open rounds, the raw loss of every sample, the seats,
who was stopped, what is known of every model, and the last weights. No pickles: values are JSON, losses float64 bytes.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from competitions.batches import Losses, batch_losses
from competitions.rejection import Rejection
from competitions.season import Season
from competitions.seat import Seat
from competitions.tables import from_table
from finetune.errors import SetupError

T = TypeVar("T")

VERSION = 1
_SCHEMA = """
CREATE TABLE rounds (sync INTEGER PRIMARY KEY, competition INTEGER NOT NULL, status TEXT NOT NULL, why TEXT NOT NULL);
CREATE TABLE stages (sync INTEGER NOT NULL, stage TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (sync, stage));
CREATE TABLE losses (
    competition INTEGER NOT NULL, sync INTEGER NOT NULL, key TEXT NOT NULL, samples BLOB NOT NULL,
    stopped TEXT NOT NULL, PRIMARY KEY (competition, sync, key));
CREATE TABLE seats (competition INTEGER PRIMARY KEY, judged INTEGER NOT NULL, value TEXT NOT NULL);
CREATE TABLE stops (
    competition INTEGER NOT NULL, champion TEXT NOT NULL, challenger TEXT NOT NULL, epsilon REAL NOT NULL,
    PRIMARY KEY (competition, champion, challenger));
CREATE TABLE models (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE rejections (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE weights (id INTEGER PRIMARY KEY CHECK (id = 1), set_at INTEGER, value TEXT NOT NULL);
"""


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """What was found of a submission's files once they were here: digests in hex, parameters counted from headers.

    `base` is the digest of the model that an adapter stands on, None for a full model.
    """

    digest: str
    tensor_digest: str
    parameters: int
    base: str | None


class State:
    """The memory of one validator. One writer: a second process on the same file is refused."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it where it is not there yet. Raises `SetupError`."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._open(path)
        except (sqlite3.Error, OSError) as error:
            busy = "locked" in str(error)
            text = "another validator is using it" if busy else str(error)
            raise SetupError(f"the state file {path} cannot be used: {text}") from error

    def _open(self, path: Path) -> None:
        with self._transaction():
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            elif found != VERSION:
                raise SetupError(f"the state file {path} has version {found}, this program reads version {VERSION}")

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Rounds and their stages

    def open_round(self) -> int | None:
        """The sync block of a round that was begun and not ended, if there is one."""
        row = self._db.execute("SELECT sync FROM rounds WHERE status = 'open'").fetchone()
        return None if row is None else row[0]

    def last_round(self) -> int:
        """The sync block of the newest round begun, or -1."""
        newest: int | None = self._db.execute("SELECT max(sync) FROM rounds").fetchone()[0]
        return -1 if newest is None else newest

    def begin_round(self, sync: int, competition: int) -> None:
        """Note that a round has begun."""
        self._db.execute("INSERT INTO rounds VALUES (?, ?, 'open', '')", (sync, competition))

    def end_round(self, sync: int, *, why_void: str = "") -> None:
        """Note that a round has ended, judged or void; its stages are not needed any more."""
        with self._transaction():
            status = "void" if why_void else "judged"
            self._db.execute("UPDATE rounds SET status = ?, why = ? WHERE sync = ?", (status, why_void, sync))
            self._db.execute("DELETE FROM stages WHERE sync = ?", (sync,))

    def stage(
        self, sync: int, name: str, kind: type[T], compute: Callable[[], T], also: Callable[[T], None] | None = None
    ) -> T:
        """The stage's result: the one committed before, or else computed and committed now.

        `also` writes what follows from a new result, in the same transaction.
        """
        row = self._db.execute("SELECT value FROM stages WHERE sync = ? AND stage = ?", (sync, name)).fetchone()
        if row is not None:
            return from_table(kind, json.loads(row[0]))
        value = compute()
        with self._transaction():
            self._db.execute("INSERT INTO stages VALUES (?, ?, ?)", (sync, name, _json(value)))
            if also is not None:
                also(value)
        return value

    # Losses

    def save_losses(self, competition: int, sync: int, key: str, samples: Losses, stopped: str) -> None:
        """Keep the loss of every sample an entrant was scored on in a round, and why it was stopped, if it was."""
        row = (competition, sync, key, np.asarray(samples, dtype="<f8").tobytes(), stopped)
        self._db.execute("INSERT OR REPLACE INTO losses VALUES (?, ?, ?, ?, ?)", row)

    def losses(self, competition: int, sync: int) -> dict[str, tuple[Losses, str]]:
        """By key: the losses of the samples of one round, and why scoring was stopped."""
        rows = self._db.execute(
            "SELECT key, samples, stopped FROM losses WHERE competition = ? AND sync = ?", (competition, sync)
        )
        return {key: (np.frombuffer(samples, dtype="<f8"), stopped) for key, samples, stopped in rows}

    def season(self, competition: int, start: int, batch_size: int) -> Season:
        """Losses per batch of every round of the competition since the start of the season."""
        rounds: dict[int, dict[str, Losses]] = {}
        for sync, key, samples in self._db.execute(
            "SELECT sync, key, samples FROM losses WHERE competition = ? AND sync >= ?", (competition, start)
        ):
            rounds.setdefault(sync, {})[key] = batch_losses(np.frombuffer(samples, dtype="<f8"), batch_size)
        return Season(rounds)

    # Seats and stops

    def seat(self, competition: int) -> tuple[Seat, int] | None:
        """The competition's seat and the sync block it was judged at, or None while none was kept."""
        row = self._db.execute("SELECT value, judged FROM seats WHERE competition = ?", (competition,)).fetchone()
        return None if row is None else (from_table(Seat, json.loads(row[0])), row[1])

    def stops(self, competition: int, champion: str) -> dict[str, float]:
        """By challenger: the epsilon at which it was last stopped as behind this champion."""
        rows = self._db.execute(
            "SELECT challenger, epsilon FROM stops WHERE competition = ? AND champion = ?", (competition, champion)
        )
        return dict(rows.fetchall())

    def keep_seat(self, competition: int, seat: Seat, judged: int) -> None:
        """Keep a seat and the sync block of the last round that judged it, -1 for none."""
        self._db.execute("INSERT OR REPLACE INTO seats VALUES (?, ?, ?)", (competition, judged, _json(seat)))

    def keep_stop(self, competition: int, champion: str, challenger: str, epsilon: float) -> None:
        """Keep that a challenger was stopped as behind a champion, at an epsilon."""
        row = (competition, champion, challenger, epsilon)
        self._db.execute("INSERT OR REPLACE INTO stops VALUES (?, ?, ?, ?)", row)

    # Models and rejections

    def models(self) -> dict[str, KnownModel]:
        """By key: every submission whose files were here once."""
        return {
            key: from_table(KnownModel, json.loads(value))
            for key, value in self._db.execute("SELECT key, value FROM models")
        }

    def save_model(self, key: str, model: KnownModel) -> None:
        """Keep what was found of a submission's files."""
        self._db.execute("INSERT OR REPLACE INTO models VALUES (?, ?)", (key, _json(model)))

    def rejections(self) -> dict[str, Rejection]:
        """By key: every submission that is out for good."""
        return {
            key: from_table(Rejection, json.loads(value))
            for key, value in self._db.execute("SELECT key, value FROM rejections")
        }

    def save_rejection(self, key: str, rejection: Rejection) -> None:
        """Keep a rejection that no retry will change."""
        self._db.execute("INSERT OR REPLACE INTO rejections VALUES (?, ?)", (key, _json(rejection)))

    # Weights

    def wanted_weights(self) -> tuple[dict[str, float], int | None] | None:
        """The newest weights of a judged round, by hotkey, and the block the chain took them at, if it has."""
        row = self._db.execute("SELECT value, set_at FROM weights").fetchone()
        return None if row is None else (json.loads(row[0]), row[1])

    def want_weights(self, weights: Mapping[str, float]) -> None:
        """Keep weights that the chain shall have and has not taken yet."""
        self._db.execute("INSERT OR REPLACE INTO weights VALUES (1, NULL, ?)", (json.dumps(dict(weights)),))

    def weights_set(self, block: int) -> None:
        """Note that the chain has taken the wanted weights."""
        self._db.execute("UPDATE weights SET set_at = ?", (block,))

    def forget(self, competition: int, before: int) -> None:
        """Drop the losses of rounds before a block: those of past seasons, which no rule reads again."""
        self._db.execute("DELETE FROM losses WHERE competition = ? AND sync < ?", (competition, before))


def _json(value: Any) -> str:
    """JSON of a dataclass, keys sorted."""
    return json.dumps(asdict(value), sort_keys=True)
