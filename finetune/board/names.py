"""Names: what the page calls a hotkey, a coldkey or an entrant. Two addresses never share a name."""

import re
from collections import Counter
from collections.abc import Collection, Mapping

from competitions.season import REFERENCE
from finetune.board.figures import short
from finetune.board.markup import clean

REFERENCE_NAME = "the reference"
_TAKEN = frozenset({"", REFERENCE, REFERENCE_NAME})  # no address may be called so
_KEY = re.compile(r"\b[1-9A-HJ-NP-Za-km-z]{47,48}@\d+\b")  # a submission's key: an address and a block
_LONGEST = 32  # characters of a label; a longer one is cut


class Names:
    """Labels by address. An address without a label goes by its two ends."""

    def __init__(self, labels: Mapping[str, str], coldkeys: Collection[str]) -> None:
        """`labels` are by hotkey and coldkey; a hotkey may be called like its coldkey, but not like another hotkey.

        A label that is not unique, or plays the reference, gets its address added.
        """
        tidy = {address: _tidy(label) for address, label in labels.items()}
        shared = Counter((address in coldkeys, _folded(label)) for address, label in tidy.items())
        self._labels = {
            address: label
            if shared[address in coldkeys, _folded(label)] == 1 and _folded(label) not in _TAKEN
            else f"{label} ({short(address)})".strip()
            for address, label in tidy.items()
        }

    def of(self, address: str) -> str:
        """The name of a hotkey or coldkey."""
        return self._labels.get(address) or short(clean(address).strip()) or "unnamed"

    def spoken(self, sentence: str) -> str:
        """A sentence in which submissions are called by their miners' names instead of their keys."""
        return _KEY.sub(lambda found: self.entrant(found[0]), sentence)

    def entrant(self, key: str) -> str:
        """The name of who takes part: the hotkey's that made the submission, or the reference's."""
        return REFERENCE_NAME if key == REFERENCE else self.of(key.rpartition("@")[0])


def _tidy(label: str) -> str:
    label = clean(label).strip()
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _folded(label: str) -> str:
    return label.casefold()
