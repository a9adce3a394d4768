"""A validator's memory: one SQLite file. Every stage's result is committed before the next stage begins.

It keeps what the rules need and judges nothing: the stages of open rounds, the raw loss of every sample, the seats,
who was stopped, what is known of every model, and the last weights. No pickles: values are JSON, losses float64 bytes.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
from finetune.hub.sketch import Sketch

T = TypeVar("T")

VERSION = 2
_SINCE_2 = "CREATE TABLE sketches (key TEXT PRIMARY KEY, value BLOB NOT NULL)"
_SCHEMA = f"""
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
{_SINCE_2};
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
    """The memory of one validator. One writer: a second process on the same file is refused.

    Every method raises `SetupError` where the disk or the file fails.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, making it where it is not there yet. Raises `SetupError`."""
        self._path = path
        with self._usable():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            self._run("PRAGMA locking_mode = EXCLUSIVE")
            self._run("PRAGMA journal_mode = WAL")
            self._run("PRAGMA synchronous = NORMAL")
            self._open()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        with self._transaction():
            found = self._run("PRAGMA user_version")[0][0]
            if found == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._run(statement)
            elif found == 1:
                self._run(_SINCE_2)
            elif found != VERSION:
                raise SetupError(
                    f"the state file {self._path} has version {found}, this program reads version {VERSION}"
                )
            self._run(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._db.close()

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Raises what the disk or SQLite raises, such as that it is full, as a `SetupError`."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            busy = "locked" in str(error)
            text = "another validator is using it" if busy else str(error)
            raise SetupError(f"the state file {self._path} cannot be used: {text}") from error

    def _run(self, statement: str, *values: object) -> list[Any]:
        """All rows of one statement. Raises `SetupError`."""
        with self._usable():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        finally:
            if self._db.in_transaction:
                self._run("ROLLBACK")

    # Rounds and their stages

    def open_round(self) -> tuple[int, int] | None:
        """The sync block and the competition of a round that was begun and not ended, if there is one."""
        rows = self._run("SELECT sync, competition FROM rounds WHERE status = 'open'")
        return rows[0] if rows else None

    def last_round(self) -> int:
        """The sync block of the newest round begun, or -1."""
        newest: int | None = self._run("SELECT max(sync) FROM rounds")[0][0]
        return -1 if newest is None else newest

    def begin_round(self, sync: int, competition: int) -> None:
        """Note that a round has begun."""
        self._run("INSERT INTO rounds VALUES (?, ?, 'open', '')", sync, competition)

    def end_round(self, sync: int, *, why_void: str = "", keep: Callable[[], None] = lambda: None) -> None:
        """Note that a round has ended; its stages are not needed any more, nor are the losses of one that is void.

        `keep` writes what follows from the round, in the same transaction.
        """
        with self._transaction():
            keep()
            status = "void" if why_void else "judged"
            self._run("UPDATE rounds SET status = ?, why = ? WHERE sync = ?", status, why_void, sync)
            self._run("DELETE FROM stages WHERE sync = ?", sync)
            if why_void:
                self._run("DELETE FROM losses WHERE sync = ?", sync)

    def stage(self, sync: int, name: str, kind: type[T], compute: Callable[[], T]) -> T:
        """The stage's result: the one committed before, or else computed and committed now."""
        kept = self.staged(sync, name, kind)
        if kept is not None:
            return kept
        value = compute()
        self._run("INSERT INTO stages VALUES (?, ?, ?)", sync, name, _json(value))
        return value

    def staged(self, sync: int, name: str, kind: type[T]) -> T | None:
        """The stage's result if it was committed."""
        rows = self._run("SELECT value FROM stages WHERE sync = ? AND stage = ?", sync, name)
        return from_table(kind, json.loads(rows[0][0])) if rows else None

    # Losses

    def save_losses(self, competition: int, sync: int, key: str, samples: Losses, stopped: str) -> None:
        """Keep the loss of every sample an entrant was scored on in a round, and why it was stopped, if it was."""
        blob = np.asarray(samples, dtype="<f8").tobytes()
        self._run("INSERT OR REPLACE INTO losses VALUES (?, ?, ?, ?, ?)", competition, sync, key, blob, stopped)

    def losses(self, competition: int, sync: int) -> dict[str, tuple[Losses, str]]:
        """By key: the losses of the samples of one round, and why scoring was stopped."""
        rows = self._run(
            "SELECT key, samples, stopped FROM losses WHERE competition = ? AND sync = ?", competition, sync
        )
        return {key: (np.frombuffer(samples, dtype="<f8"), stopped) for key, samples, stopped in rows}

    def season(self, competition: int, start: int, batch_size: int) -> Season:
        """Losses per batch of every round of the competition since the start of the season, and who was scored when."""
        rounds: dict[int, dict[str, Losses]] = {}
        for sync, key, samples in self._run(
            "SELECT sync, key, samples FROM losses WHERE competition = ? AND sync >= ?", competition, start
        ):
            rounds.setdefault(sync, {})[key] = batch_losses(np.frombuffer(samples, dtype="<f8"), batch_size)
        return Season(rounds, self.last_scored(competition))

    def last_scored(self, competition: int) -> dict[str, int]:
        """By key: the sync block of the last of the competition's rounds that scored an entrant, in any season."""
        return dict(self._run("SELECT key, max(sync) FROM losses WHERE competition = ? GROUP BY key", competition))

    # Seats and stops

    def seat(self, competition: int) -> tuple[Seat, int] | None:
        """The competition's seat and the sync block it was judged at, or None while none was kept."""
        rows = self._run("SELECT value, judged FROM seats WHERE competition = ?", competition)
        return (from_table(Seat, json.loads(rows[0][0])), rows[0][1]) if rows else None

    def stops(self, competition: int, champion: str) -> dict[str, float]:
        """By challenger: the epsilon at which it was last stopped as behind this champion."""
        rows = self._run(
            "SELECT challenger, epsilon FROM stops WHERE competition = ? AND champion = ?", competition, champion
        )
        return dict(rows)

    def keep_seat(self, competition: int, seat: Seat, judged: int) -> None:
        """Keep a seat and the sync block of the last round that judged it, -1 for none."""
        self._run("INSERT OR REPLACE INTO seats VALUES (?, ?, ?)", competition, judged, _json(seat))

    def keep_stop(self, competition: int, champion: str, challenger: str, epsilon: float) -> None:
        """Keep that a challenger was stopped as behind a champion, at an epsilon."""
        self._run("INSERT OR REPLACE INTO stops VALUES (?, ?, ?, ?)", competition, champion, challenger, epsilon)

    # Models and rejections

    def models(self) -> dict[str, KnownModel]:
        """By key: every submission whose files were here once."""
        rows = self._run("SELECT key, value FROM models")
        return {key: from_table(KnownModel, json.loads(value)) for key, value in rows}

    def save_model(self, key: str, model: KnownModel) -> None:
        """Keep what was found of a submission's files."""
        self._run("INSERT OR REPLACE INTO models VALUES (?, ?)", key, _json(model))

    def sketches(self, keys: Iterable[str]) -> dict[str, Sketch]:
        """By key: the sketches of those of the submissions whose files were here once."""
        rows = (row for key in keys for row in self._run("SELECT key, value FROM sketches WHERE key = ?", key))
        return {key: Sketch.from_bytes(value) for key, value in rows}

    def has_sketch(self, key: str) -> bool:
        """Whether the submission's sketch is kept."""
        return bool(self._run("SELECT 1 FROM sketches WHERE key = ?", key))

    def save_sketch(self, key: str, sketch: Sketch) -> None:
        """Keep a submission's sketch."""
        self._run("INSERT OR REPLACE INTO sketches VALUES (?, ?)", key, sketch.to_bytes())

    def forget_sketches(self, keep: Collection[str]) -> None:
        """Drop the sketches of all others: of submissions that stand no more, which nobody is compared with."""
        for (key,) in self._run("SELECT key FROM sketches"):
            if key not in keep:
                self._run("DELETE FROM sketches WHERE key = ?", key)

    def rejections(self) -> dict[str, Rejection]:
        """By key: every submission that is out for good."""
        rows = self._run("SELECT key, value FROM rejections")
        return {key: from_table(Rejection, json.loads(value)) for key, value in rows}

    def save_rejection(self, key: str, rejection: Rejection) -> None:
        """Keep a rejection that no retry will change."""
        self._run("INSERT OR REPLACE INTO rejections VALUES (?, ?)", key, _json(rejection))

    def forget_rejections(self, keys: Iterable[str]) -> None:
        """Let these submissions be looked at again."""
        for key in keys:
            self._run("DELETE FROM rejections WHERE key = ?", key)

    # Weights

    def wanted_weights(self) -> tuple[dict[str, float], int | None] | None:
        """The newest weights of a judged round, by hotkey, and the block the chain took them at, if it has."""
        rows = self._run("SELECT value, set_at FROM weights")
        return (json.loads(rows[0][0]), rows[0][1]) if rows else None

    def want_weights(self, weights: Mapping[str, float]) -> None:
        """Keep weights that the chain shall have and has not taken yet."""
        self._run("INSERT OR REPLACE INTO weights VALUES (1, NULL, ?)", json.dumps(dict(weights)))

    def weights_set(self, block: int) -> None:
        """Note that the chain has taken the wanted weights."""
        self._run("UPDATE weights SET set_at = ?", block)

    def forget(self, competition: int, before: int) -> None:
        """Drop the losses of rounds before a block: those of past seasons, which no rule reads again.

        That an entrant was scored in the last of its rounds stays known: the queue goes by it.
        """
        with self._transaction():
            self._run(
                "DELETE FROM losses WHERE competition = ? AND sync < ? AND (key, sync) NOT IN "
                "(SELECT key, max(sync) FROM losses WHERE competition = ? GROUP BY key)",
                *(competition, before, competition),
            )
            self._run("UPDATE losses SET samples = x'' WHERE competition = ? AND sync < ?", competition, before)


def _json(value: Any) -> str:
    """JSON of a dataclass, keys sorted."""
    return json.dumps(asdict(value), sort_keys=True)
