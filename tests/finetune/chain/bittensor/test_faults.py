"""What goes wrong between us and the chain: lines that die or hang, extrinsics whose fate nobody tells, all errors."""

import asyncio
import importlib
import inspect
import pkgutil
import socket
import threading
from contextlib import contextmanager

import bittensor
import pytest
from bittensor.keyfiles import KeyfileError

from finetune.chain.bittensor.errors import explained, library_errors
from finetune.chain.port import Commitment
from finetune.errors import ChainError, ChainUnavailable, NotRegistered, RateLimited, SetupError
from tests.finetune.chain.bittensor.fake_substrate import Key, stored_commitment

LOST = [
    bittensor.RpcConnectionError("connection lost"),
    bittensor.RpcPolicyError("HTTP 429", status_code=429),
    bittensor.ChainError("Connection dropped while an extrinsic submission was in flight"),
    bittensor.ChainError("Extrinsic finalitytimeout", "FinalityTimeout"),
    bittensor.ChainError("Extrinsic retracted", "Retracted"),
    bittensor.ChainError("already imported", "AlreadyImported"),
    ConnectionResetError("reset"),
    TimeoutError("handshake"),
]


def raises(error, *requests):
    """A fault: the requests so named fail, all of them where none is named."""

    async def fault(what):
        if not requests or what in requests:
            raise error

    return fault


def hangs(*requests):
    async def fault(what):
        if what in requests:
            await asyncio.Event().wait()

    return fault


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "chain"]


class TestLine:
    @pytest.mark.parametrize("error", [bittensor.RpcConnectionError("down"), ConnectionRefusedError("down")])
    def test_a_chain_that_is_down_is_dialled_anew_at_the_next_call(self, world, error):
        world.node.fault = raises(error, "connect")
        with pytest.raises(ChainUnavailable, match="down"):
            world.chain.block()
        world.node.fault = raises(error, "query Now")
        with pytest.raises(ChainUnavailable, match="down"):
            world.chain.block_time(0)
        assert threads() == []
        world.node.fault = raises(error, "nothing")
        assert world.chain.block() == 0
        assert world.node.dials == 3

    def test_a_client_that_is_built_already_is_connected_again_after_a_fault(self, world):
        chain = world.connect(dial=None, client=world.node.dial())
        assert chain.block() == 0
        world.node.fault = raises(ConnectionRefusedError("down"), "query Now")
        with pytest.raises(ChainUnavailable, match="down"):
            chain.block_time(0)
        world.node.fault = raises(ConnectionRefusedError("down"), "nothing")
        assert chain.block_time(0) == 1_700_000_000.5
        assert world.node.dials == 2

    def test_a_client_that_is_ready_is_asked_as_it_is_and_never_hung_up(self, world):
        class Ready:
            async def finalized_block(self):
                return 7

        chain = world.connect(dial=None, client=Ready())
        assert chain.block() == 7
        chain.close()
        assert chain.block() == 7

    def test_a_request_that_hangs_ends_with_its_connection_and_its_thread(self, world):
        chain = world.connect(timeout=0.2)
        world.node.fault = hangs("query Now")
        assert chain.block() == 0
        with pytest.raises(ChainUnavailable, match=r"not answered within 0\.2 seconds"):
            chain.block_time(0)
        assert threads() == []
        world.node.fault = hangs()
        assert chain.block_time(0) == 1_700_000_000.5
        assert world.node.dials == 2

    def test_a_dialling_that_hangs_ends_too(self, world):
        chain = world.connect(timeout=0.2)
        world.node.fault = hangs("connect")
        with pytest.raises(ChainUnavailable, match="not answered"):
            chain.block()
        assert threads() == []

    def test_an_answer_that_makes_no_sense_is_the_chain_s_fault_and_not_a_crash(self, world):
        world.register("ada")
        world.node.records["ada"] = {"deposit": 0}
        with pytest.raises(ChainError, match="could not be read: KeyError"):
            world.chain.commitments(1)

    def test_closing_ends_the_thread_and_the_next_call_opens_another(self, world):
        for _ in range(2):
            world.chain.block()
            assert len(threads()) == 1
            world.chain.close()
            world.chain.close()
            assert threads() == []


@contextmanager
def answering(reply):
    """A server on this machine that answers whoever connects with the same bytes, or with silence."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                held.append(connection)
                if reply:
                    connection.recv(65536)
                    connection.sendall(reply)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()


class TestRealSockets:
    def ask(self, world, address, **options):
        with pytest.raises(ChainUnavailable) as failed:
            world.connect(dial=None, network=address, **options).block()
        assert threads() == []
        return str(failed.value)

    @pytest.mark.parametrize(("status", "reason"), [(429, "Too Many Requests"), (403, "Forbidden")])
    def test_an_endpoint_that_turns_us_away_is_unavailable_and_its_reason_is_told(self, world, status, reason):
        body = f"HTTP/1.1 {status} {reason}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy".encode()
        with answering(body) as address:
            told = self.ask(world, address)
        assert f"HTTP {status}" in told
        assert "busy" in told

    def test_a_network_that_the_library_does_not_know_is_for_the_operator_to_mend(self, world):
        with pytest.raises(SetupError, match=r"Unknown network 'finny'\. Known networks: .*'finney'"):
            world.connect(dial=None, network="finny").block()

    def test_nobody_at_the_port_is_unavailable(self, world):
        with answering(b"") as address:
            pass
        assert "could not connect" in self.ask(world, address)

    def test_a_server_that_says_nothing_is_unavailable(self, world):
        with answering(b"") as address:
            assert "not answered within 0.3 seconds" in self.ask(world, address, timeout=0.3)


class TestLostAnswers:
    @pytest.mark.parametrize("error", LOST, ids=repr)
    def test_a_commitment_that_landed_is_found_and_not_sent_again(self, world, error):
        key = world.register("ada")
        world.node.fault = raises(error, "submitted")
        block = world.chain.commit(key, b"hello")
        assert [(one.block, one.data) for one in world.chain.commitments(block)] == [(block, b"hello")]
        assert world.submissions() == 1

    @pytest.mark.parametrize("error", LOST, ids=repr)
    def test_a_commitment_that_never_landed_is_said_to_once_it_no_longer_can(self, world, error):
        key = world.register("ada")
        world.chain.commit(key, b"hello")
        sent_at = world.local.block()
        world.node.fault = raises(error, "submit")
        with pytest.raises(ChainUnavailable, match="commitment of ada has not landed in a block and no longer can"):
            world.chain.commit(key, b"hello")
        assert world.local.block() >= sent_at + 16 + 4
        assert world.submissions() == 2

    def test_weights_that_landed_are_found_and_not_set_again(self, world):
        validator = world.validator("val")
        world.node.fault = raises(LOST[0], "submitted")
        world.chain.set_weights(validator, {"val": 1.0})
        assert world.submissions() == 1
        assert world.chain.metagraph().by_hotkey["val"].last_update > 0

    def test_weights_that_never_landed_are_said_to(self, world):
        validator = world.validator("val")
        world.node.fault = raises(LOST[0], "submit")
        with pytest.raises(ChainUnavailable, match="setting of weights by val has not landed"):
            world.chain.set_weights(validator, {"val": 1.0})
        assert world.submissions() == 1

    def test_a_registration_that_landed_is_found_and_not_paid_again(self, world):
        world.node.fault = raises(LOST[0], "submitted")
        assert world.chain.register(Key("ada"), "cold-ada") == 0
        assert world.submissions() == 1


class TestSubmissions:
    def test_a_key_that_cannot_be_opened_is_told_at_once_also_where_the_library_wraps_it(self, world):
        key = world.register("ada")

        async def fault(what):
            if what == "submit":
                raise bittensor.ChainError("locked") from KeyfileError("locked")

        world.node.fault = fault
        with pytest.raises(SetupError, match=r"commitment of ada was refused: the key .* cannot be opened: locked"):
            world.chain.commit(key, b"hello")
        assert world.seconds == 0.0

    def test_one_that_hangs_after_it_landed_is_found(self, world):
        key = world.register("ada")
        world.node.fault = hangs("submitted")
        assert world.connect(timeout=0.3).commit(key, b"hello") == world.local.block()
        assert world.submissions() == 1

    def test_a_chain_that_stays_silent_leaves_it_open_and_that_is_said(self, world):
        key = world.register("ada")
        lost = bittensor.RpcConnectionError("gone")

        async def fault(what):
            if "submit" in world.node.asked:
                raise lost

        world.node.fault = fault
        with pytest.raises(ChainUnavailable, match=r"whether the commitment of ada .* cannot be told: .*gone"):
            world.chain.commit(key, b"hello")
        assert world.seconds == 28 * 12
        assert world.submissions() == 1

    def test_a_chain_that_comes_back_is_asked_again_and_again_until_it_tells(self, world):
        key = world.register("ada")

        async def fault(what):
            if "submitted" in world.node.asked and world.seconds < 120:
                raise bittensor.RpcConnectionError("gone")

        world.node.fault = fault
        assert world.chain.commit(key, b"hello") == 2
        assert world.submissions() == 1

    def test_a_node_that_has_not_caught_up_does_not_end_the_search(self, world):
        key = world.register("ada")

        async def fault(what):
            if "submitted" in world.node.asked and what.startswith("query") and world.seconds < 60:
                raise bittensor.ChainError("no block at height 2")

        world.node.fault = fault
        assert world.chain.commit(key, b"hello") == 2

    def test_another_commitment_of_the_same_key_is_not_taken_for_ours(self, world):
        key = world.register("ada")
        other = Commitment(hotkey="ada", block=2, data=b"other")
        world.node.records["ada"] = stored_commitment(other)
        world.node.fault = raises(LOST[0], "submit")
        with pytest.raises(ChainUnavailable, match="has not landed"):
            world.chain.commit(key, b"hello")

    def test_what_failed_in_a_block_is_decided_also_where_nobody_can_name_the_failure(self, world):
        key = world.register("ada")
        world.node.refusal = bittensor.ChainError("module error 99/9")
        with pytest.raises(ChainError, match="was refused: module error 99/9"):
            world.chain.commit(key, b"hello")
        assert world.seconds == 0.0

    def test_nothing_is_sent_where_the_chain_cannot_be_read_before(self, world):
        world.node.fault = raises(bittensor.RpcConnectionError("gone"))
        with pytest.raises(ChainUnavailable):
            world.chain.commit(Key("ada"), b"hello")
        assert (world.submissions(), world.seconds) == (0, 0.0)

    @pytest.mark.parametrize(
        ("error", "ours"),
        [
            (bittensor.ChainError("no fee", "Payment"), ChainError),
            (bittensor.ChainError("signature", "BadProof"), ChainError),
            (bittensor.ChainError("priority is too low", "PriorityTooLow"), RateLimited),
            (bittensor.ChainError("limit", "RateLimitExceeded"), RateLimited),
            (bittensor.ChainError("who?", "HotKeyNotRegisteredInNetwork"), NotRegistered),
            (bittensor.PolicyError(["not allowed"]), ChainError),
            (KeyfileError("no password"), SetupError),
        ],
        ids=repr,
    )
    def test_a_refusal_before_any_block_is_final_at_once(self, world, error, ours):
        key = world.register("ada")
        world.node.fault = raises(error, "submit")
        with pytest.raises(ours) as refused:
            world.chain.commit(key, b"hello")
        assert type(refused.value) is ours
        assert (world.submissions(), world.seconds) == (1, 0.0)


# All exceptions of the library, and what each is to us. Those that are None come from parts that we do not use.
OURS = {
    "AuthError": ChainError,
    "BadSignature": ChainError,
    "BittensorError": ChainError,
    "BlockNotFound": ChainUnavailable,
    "BridgeError": ChainError,
    "ChainError": ChainError,
    "ConnectionNotReady": ChainUnavailable,
    "EvmRpcError": None,
    "ExtrinsicNotFound": ChainUnavailable,
    "KeyfileError": SetupError,
    "LedgerError": None,
    "MalformedAuth": ChainError,
    "MaxRetriesExceeded": ChainUnavailable,
    "MultisigFundingError": ChainError,
    "PolicyError": ChainError,
    "ReplayedRequest": ChainError,
    "RpcConnectionError": ChainUnavailable,
    "RpcPolicyError": ChainUnavailable,
    "RpcPolicyRejection": ChainUnavailable,
    "StaleRequest": ChainError,
    "StateDiscardedError": ChainUnavailable,
    "StorageFunctionNotFound": ChainError,
    "SubstrateRequestException": ChainUnavailable,
    "TimelockError": ChainError,
    "TimelockNotReady": ChainError,
    "UnitMismatchError": ChainError,
    "VaultError": ChainError,
    "VaultPageError": ChainError,
    "WrongPasswordError": SetupError,
    "WrongReceiver": ChainError,
}


def exceptions_of_the_library():
    """By name; its command line, a program of its own, is left out."""
    modules = (module.name for module in pkgutil.walk_packages(bittensor.__path__, "bittensor."))
    loaded = (importlib.import_module(name) for name in modules if not name.startswith("bittensor.cli"))
    return {
        name: kind
        for module in loaded
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__.startswith(("bittensor", "ledger"))
    }


class TestErrors:
    def test_every_exception_of_the_library_is_mapped(self):
        mapped = {}
        for name, kind in exceptions_of_the_library().items():
            error = kind.__new__(kind)
            Exception.__init__(error, "text")
            mapped[name] = type(explained(error)) if isinstance(error, library_errors()) else None
        assert mapped == OURS

    @pytest.mark.parametrize(
        ("error", "ours"),
        [
            (bittensor.ChainError("x", code=bittensor.ErrorCode.NOT_REGISTERED), NotRegistered),
            (bittensor.ChainError("x", "AccountNotAllowedCommit"), NotRegistered),
            (bittensor.ChainError("x", "SettingWeightsTooFast"), RateLimited),
            (bittensor.ChainError("x", "NeuronNoValidatorPermit"), ChainError),
            (bittensor.ChainError("x"), ChainError),
            (OSError("x"), ChainUnavailable),
            (KeyError("x"), ChainError),
        ],
        ids=repr,
    )
    def test_an_error_of_the_chain_goes_by_its_code(self, error, ours):
        assert type(explained(error, block=7)) is ours
        assert getattr(explained(error, block=7), "allowed_from", 8) == 8

    def test_the_text_is_one_line_of_bounded_length(self):
        text = str(explained(bittensor.ChainError("a\n  b" + "c" * 1000, "NotEnoughStakeToSetWeights")))
        assert text.startswith("NotEnoughStakeToSetWeights; a bc")
        assert len(text) <= 300
