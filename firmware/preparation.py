"""Preparation of samples in C: names of classes, and codes of real values."""

from dataclasses import dataclass

from threefold.network import Network, class_names
from threefold.samples import preparation_of

__all__ = ["Tables", "quoted", "tables"]


@dataclass(frozen=True)
class Tables:
    """What a header lists of a network's preparation, as C has it.

    Attributes
    ----------
    classes, features : list of str
        String literals: names of the classes, and of the features of a row; empty if there are
        none.
    offsets, gains : list of str
        Floating constants, one for each channel; empty if there is no preparation.
    low : int
        Value of code 0.
    meaning : str
        What values are.
    """

    classes: list[str]
    features: list[str]
    offsets: list[str]
    gains: list[str]
    low: int
    meaning: str


def tables(network: Network) -> Tables:
    """Tables of the header of a network.

    Raises
    ------
    FileFormatError
        If the preparation in its provenance is damaged, or does not fit the network.
    """
    made = preparation_of(network)
    return Tables(
        [quoted(name) for name in class_names(network)],
        [quoted(name) for name in made.format.features] if made else [],
        [repr(number) for number in made.encoder.offset] if made else [],
        [repr(number) for number in made.encoder.gain] if made else [],
        network.input.codes.lo,
        made.format.meaning if made else "",
    )


def quoted(text: str) -> str:
    """A string literal of C with the bytes of a text in UTF-8.

    All but letters, digits, spaces and some marks are octal, so that nothing ends the literal,
    and nothing is a trigraph.
    """
    return '"' + "".join(map(_escaped, text.encode())) + '"'


def _escaped(byte: int) -> str:
    letter = chr(byte)
    plain = byte < 128 and (letter.isalnum() or letter in " _-+.,:;()[]/=<>")
    return letter if plain else f"\\{byte:03o}"
