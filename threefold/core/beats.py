"""Beats and words that carry values to and from a core, in hexadecimal, for its testbench."""

from dataclasses import dataclass

import numpy as np

from ..plan import Port
from ..sim.streams import pack

__all__ = ["Beats", "axi_beats", "beats", "elements", "headed_words", "words"]


@dataclass(frozen=True)
class Beats:
    """What goes over an interface, in order.

    Attributes
    ----------
    texts : tuple of str
        In hexadecimal.
    width : int
        Bits of each.
    """

    texts: tuple[str, ...]
    width: int


def beats(port: Port, values: np.ndarray) -> Beats:
    """Payloads of a stream, the first lane in the lowest bits."""
    return _packed(values.reshape(-1, port.type.lanes), port.type.bits)


def axi_beats(port: Port, values: np.ndarray) -> Beats:
    """TDATA of a stream, whose lanes have whole bytes, and TLAST above it."""
    lanes = values.reshape(-1, port.type.lanes)
    data = _packed(lanes, 8 * port.lane_bytes)
    last = (np.arange(len(lanes)) + 1) % port.beats == 0
    texts = (f"{int(end)}{text}" for text, end in zip(data.texts, last, strict=True))
    return Beats(tuple(texts), data.width + 1)


def words(port: Port, values: np.ndarray) -> Beats:
    """Words of codes; each image begins with one of its own."""
    per_word = 4 // port.lane_bytes
    codes = values.reshape(len(values), -1)
    codes = np.pad(codes, ((0, 0), (0, -codes.shape[1] % per_word)))
    return _packed(codes.reshape(-1, per_word), 32 // per_word)


def headed_words(port: Port, values: np.ndarray) -> Beats:
    """Words of codes; each image begins with one that holds its width: 0, the whole network."""
    codes = words(port, values)
    size = len(codes.texts) // len(values)
    head = "0" * (codes.width // 4)
    texts = (
        text
        for at in range(0, len(codes.texts), size)
        for text in (head, *codes.texts[at : at + size])
    )
    return Beats(tuple(texts), codes.width)


def elements(port: Port, values: np.ndarray) -> Beats:
    """Words of one element each, sign-extended."""
    return _packed(values.reshape(-1, 1), 32)


def _packed(lanes: np.ndarray, bits: int) -> Beats:
    width = lanes.shape[1] * bits
    digits = -(-width // 4)
    rows = pack(lanes, bits)
    return Beats(tuple(row[::-1].tobytes().hex()[-digits:] for row in rows), width)
