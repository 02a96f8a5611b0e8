"""Packed beats of streams, as a testbench drives and expects them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from threefold.network import INPUT
from threefold.plan import Plan
from threefold.plan.units.block import StreamType, Tap

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
    narrower : tuple of array of int64
        As there, the order at each narrower width.
    images : int
        As there, images of one order; always so many are compared together.
    """

    name: str
    prefix: str
    bits: int
    signed: bool
    per_image: int
    lanes: int
    order: np.ndarray | None = field(default=None, compare=False)
    narrower: tuple[np.ndarray, ...] = field(default=(), compare=False)
    images: int = 1

    def beats(self, values: np.ndarray, widths: Sequence[int] = ()) -> np.ndarray:
        """Payloads that carry values of the node.

        Parameters
        ----------
        values : array of int, shape (images, height, width, channels)
        widths : sequence of int
            Width of the network at which each image is computed, 0 for the whole, as are all if
            left out.

        Returns
        -------
        array of uint8, shape (beats of all images, bytes)
            Little-endian.
        """
        if self.order is None:
            return pack(values.reshape(-1, self.lanes), self.bits)
        together = values.reshape(len(values) // self.images, -1)
        padded = np.pad(together, ((0, 0), (0, 1)))  # −1 is a 0
        if not (self.narrower and any(widths)):
            return pack(padded[:, self.order].reshape(-1, self.lanes), self.bits)
        orders = (self.order_at(width) for width in widths)
        rows = [image[order] for image, order in zip(padded, orders, strict=True)]
        return pack(np.concatenate(rows), self.bits)

    def order_at(self, width: int) -> np.ndarray | None:
        """The order at a width, 0 for the whole network."""
        return self.narrower[width - 1] if width and self.narrower else self.order

    def per_image_at(self, width: int) -> int:
        """Beats of an image at a width."""
        order = self.order_at(width)
        return self.per_image if order is None else len(order)

    def image_of(self, beat: int, widths: Sequence[int]) -> tuple[int, int]:
        """The image that a beat belongs to, and its place among those of that image.

        Parameters
        ----------
        beat : int
        widths : sequence of int
            Width of each image; a beat behind them all belongs to the last.
        """
        if self.images > 1:
            batch, place = divmod(beat, self.per_image * self.images)
            assert self.order is not None
            return batch * self.images + int(self.order[place].max()) // self._size, place
        if not self.narrower:
            return divmod(beat, self.per_image)
        ends = list(accumulate(map(self.per_image_at, widths)))
        image = min(bisect_right(ends, beat), len(ends) - 1)
        return image, beat - ends[image] + self.per_image_at(widths[image])

    def place(self, beat: int, lane: int, width: int = 0) -> int:
        """Which of the values of an image at a width a lane carries; −1 for none."""
        order = self.order_at(width)
        if order is None:
            return beat * self.lanes + lane
        return int(order[beat, lane]) % self._size if self.images > 1 else int(order[beat, lane])

    @property
    def _size(self) -> int:
        """Values of an image."""
        assert self.order is not None
        return (int(self.order.max()) + 1) // self.images


def streams_of(plan: Plan) -> list[Stream]:
    """The input stream, every tap and the accelerator's output, in order of flow."""

    def stream(name: str, prefix: str, type: StreamType, tap: Tap | None = None) -> Stream:
        order = tap.order if tap else None
        images = tap.images if tap else 1
        beats = plan.network.types[name].size // type.lanes if order is None else len(order)
        per_image = beats // images
        more = {"order": order, "narrower": tap.narrower if tap else (), "images": images}
        return Stream(name, prefix, type.bits, type.signed, per_image, type.lanes, **more)

    last = plan.units[-1].stream
    taps = [tap for unit in plan.units for tap in unit.taps if tap.stream != last]
    return [
        stream(INPUT, plan.ports.input.name, plan.ports.input.type),
        *(stream(tap.stream, f"tap_{tap.name}", tap.type, tap) for tap in taps),
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
