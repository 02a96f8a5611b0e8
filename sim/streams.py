"""Packed beats of streams, as a testbench drives and expects them."""

from dataclasses import dataclass, field

import numpy as np

from threefold.network import INPUT
from threefold.plan import Plan
from threefold.plan.units.block import StreamType

__all__ = ["Stream", "pack", "streams_of", "unpack", "unpack_bits"]


@dataclass(frozen=True)
class Stream:
    """One stream of the hardware.

    Parameters
    ----------
    name : str
        Node of the network whose values it carries; ``"input"`` for the accelerator's input.
    prefix : str
        Prefix of its signals in the top module.
    bits : int
        Width of a lane.
    signed : bool
    per_image : int
        Beats of one image.
    lanes : int
    order : array of int64, shape (per_image, lanes), optional
        As in :class:`~threefold.plan.units.block.Tap`.
    """

    name: str
    prefix: str
    bits: int
    signed: bool
    per_image: int
    lanes: int
    order: np.ndarray | None = field(default=None, compare=False)

    def beats(self, values: np.ndarray) -> np.ndarray:
        """Payloads that carry values of the node.

        Parameters
        ----------
        values : array of int, shape (images, height, width, channels)

        Returns
        -------
        array of uint8, shape (images * per_image, bytes)
            Little-endian.
        """
        if self.order is None:
            return pack(values.reshape(-1, self.lanes), self.bits)
        padded = np.pad(values.reshape(len(values), -1), ((0, 0), (0, 1)))  # −1 is a 0
        return pack(padded[:, self.order].reshape(-1, self.lanes), self.bits)

    def place(self, beat: int, lane: int) -> int:
        """Which of the values of an image a lane carries; −1 for none."""
        if self.order is None:
            return beat * self.lanes + lane
        return int(self.order[beat, lane])


def streams_of(plan: Plan) -> list[Stream]:
    """The input stream, every tap and the accelerator's output, in order of flow."""

    def stream(name: str, prefix: str, type: StreamType, order: np.ndarray | None = None) -> Stream:
        per_image = plan.network.types[name].size // type.lanes if order is None else len(order)
        return Stream(name, prefix, type.bits, type.signed, per_image, type.lanes, order)

    last = plan.units[-1].stream
    taps = [tap for unit in plan.units for tap in unit.taps if tap.stream != last]
    return [
        stream(INPUT, plan.ports.input.name, plan.ports.input.type),
        *(stream(tap.stream, f"tap_{tap.name}", tap.type, tap.order) for tap in taps),
        stream(last, plan.ports.output.name, plan.ports.output.type),
    ]


def pack(lanes: np.ndarray, bits: int) -> np.ndarray:
    """Rows of integers as little-endian bytes, the first lane in the lowest bits.

    Parameters
    ----------
    lanes : array of int, shape (beats, lanes)
    bits : int
        Width of a lane, at most 63; negative values become two's complement.

    Returns
    -------
    array of uint8, shape (beats, bytes)
    """
    planes = np.empty((*lanes.shape, bits), np.uint8)
    for bit in range(bits):
        planes[..., bit] = lanes >> bit & 1
    return np.packbits(planes.reshape(len(lanes), -1), axis=1, bitorder="little")


def unpack(payload: int, bits: int, lanes: int, signed: bool) -> list[int]:
    """The lanes of one payload."""
    values = [payload >> (lane * bits) & ((1 << bits) - 1) for lane in range(lanes)]
    if signed:
        values = [value - (value >> (bits - 1) << bits) for value in values]
    return values


def unpack_bits(text: str, stream: Stream) -> list[int | str]:
    """The lanes of a payload given as bits, the highest first.

    A lane that is not known, with ``x`` or ``z`` among its bits, stays text.
    """
    text = text.rjust(stream.bits * stream.lanes, "0")
    lanes = []
    for lane in range(stream.lanes):
        end = len(text) - lane * stream.bits
        bits = text[end - stream.bits : end]
        known = not set(bits) - {"0", "1"}
        lanes += unpack(int(bits, 2), stream.bits, 1, stream.signed) if known else [bits]
    return lanes
