"""Opens the hotkey that a process signs with. The coldkey is never asked for."""

from finetune.chain.port import Signer
from finetune.errors import SetupError


def open_hotkey(name: str, hotkey: str, path: str) -> Signer:
    """The hotkey of a wallet. Raises `SetupError` where its file is missing, damaged or encrypted."""
    import bittensor as bt

    try:
        key: Signer = bt.Wallet(name=name, hotkey=hotkey, path=path).hotkey
    except Exception as error:
        raise SetupError(
            f"hotkey {hotkey!r} of wallet {name!r} in {path} cannot be opened: {error}; name another with "
            "--wallet.name, --wallet.hotkey and --wallet.path"
        ) from error
    return key
