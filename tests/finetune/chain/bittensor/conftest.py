"""A node with a local chain behind it, and the adapter that talks to it through the library."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from finetune.chain.bittensor import BittensorChain
from finetune.chain.local import LocalChain, LocalSettings
from tests.finetune.chain.bittensor.fake_substrate import Key, Node


class Coldkeys(dict):
    """The keys of all coldkeys there are."""

    def __missing__(self, address):
        return Key(address)


class World:
    """Subnet 1 on a node, and the adapter. Time passes when the adapter sleeps, and blocks come with it."""

    def __init__(self, folder, *, owner_hotkey=None, **settings):
        rules = LocalSettings(**{"tempo": 20, "weights_rate_limit": 10, **settings})
        self.node = Node(path=folder / "chain.db")
        self.local = LocalChain.create(
            self.node.path, seed="seed", settings=rules, owner_hotkey=owner_hotkey, now=lambda: 1_700_000_000.5
        )
        self.seconds = 0.0
        self._opened = []
        self.chain = self.connect()

    def connect(self, netuid=1, **options):
        defaults = {"dial": self.node.dial, "coldkeys": Coldkeys(), "timeout": 20.0}
        chain = BittensorChain(netuid, clock=lambda: self.seconds, sleep=self.sleep, **{**defaults, **options})
        self._opened.append(chain)
        return chain

    def sleep(self, seconds):
        self.seconds += seconds
        self.local.advance(round(seconds / 12))

    def register(self, name):
        self.local.register(Key(name), f"cold-{name}")
        self.local.advance(1)
        return Key(name)

    def validator(self, name):
        key = self.register(name)
        self.permit(key)
        return key

    def permit(self, key):
        self.local.add_stake("cold-bank", key.ss58_address, 1000.0)
        self.local.advance(10)  # the chain counts the rate limit of weights from the registration, too

    def standing(self):
        """What stands on chain by hotkey, asked behind the adapter's back."""
        return {one.hotkey: one.data for one in self.local.commitments(self.local.block())}

    def submissions(self):
        return self.node.asked.count("submit")

    def close(self):
        for chain in self._opened:
            chain.close()
        self.local.close()


@pytest.fixture
def tmp_path():
    """A folder in memory where this machine has one: the local chain waits for the disk at every block."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def make_world(tmp_path, monkeypatch):
    # The library keeps the symbols of tokens in the home folder.
    monkeypatch.setenv("BTCLI_TOKEN_SYMBOLS_CACHE", str(tmp_path / "symbols.json"))
    made = []

    def make(**settings):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(World(folder, **settings))
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world):
    return make_world()
