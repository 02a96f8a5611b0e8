"""Words for what a network is given: images, rows of a table, or samples."""

from typing import NamedTuple

from ..errors import FileFormatError
from ..network import Network
from .preparation import preparation_of

__all__ = ["IMAGE", "SampleWords", "sample_words"]


class SampleWords(NamedTuple):
    """Word for an input of a network, in the singular."""

    one: str

    @property
    def many(self) -> str:
        return f"{self.one}s"

    @property
    def a(self) -> str:
        """With its article."""
        return f"{'an' if self.one[0] in 'aeiou' else 'a'} {self.one}"


IMAGE = SampleWords("image")


def sample_words(network: Network) -> SampleWords:
    """Words for the inputs of a network, by the format of the files that it was trained with."""
    try:
        preparation = preparation_of(network)
    except FileFormatError:  # told by whoever reads samples
        return IMAGE
    return SampleWords(preparation.format.sample) if preparation else IMAGE
