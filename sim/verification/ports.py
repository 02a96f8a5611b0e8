"""Stream ports of a component, found by their direction."""

from collections.abc import Iterable
from typing import Any, Protocol

from amaranth.lib import wiring
from amaranth.lib.wiring import Flow

from threefold.hw.stream import lane_count, lane_shape

__all__ = ["StreamPort", "packed", "streams_of", "unpacked"]


class StreamPort(Protocol):
    """A port with the signature of an :class:`amaranth.lib.stream.Signature`."""

    @property
    def payload(self) -> Any: ...
    @property
    def valid(self) -> Any: ...
    @property
    def ready(self) -> Any: ...


def streams_of(component: wiring.Component, flow: Flow) -> dict[str, StreamPort]:
    """The streams of a component in one direction.

    Parameters
    ----------
    component : wiring.Component
    flow : Flow
        ``In`` for the streams that the component consumes, ``Out`` for those it produces.

    Returns
    -------
    dict of str to stream
        By the name of the member, in order; streams of an array ``o`` are ``o__0``, ``o__1`` …,
        as their signals are named in RTLIL. Ports of other signatures are left out.
    """
    found: dict[str, Any] = {}
    for name, member in component.signature.members.items():
        port = getattr(component, name)
        if member.flow != flow or not member.is_signature:
            continue
        if member.dimensions:
            found |= {f"{name}__{index}": each for index, each in enumerate(port)}
        else:
            found[name] = port
    return {name: port for name, port in found.items() if hasattr(port, "payload")}


def packed(lanes: Iterable[int], port) -> int:
    """Payload of a stream as a number, from its lanes."""
    width, number = lane_shape(port).width, 0
    for place, lane in enumerate(lanes):
        number |= (int(lane) & ((1 << width) - 1)) << (place * width)
    return number


def unpacked(number: int, port) -> tuple[int, ...]:
    """Lanes of a stream, from its payload as a number."""
    shape = lane_shape(port)
    width, least = shape.width, -(1 << (shape.width - 1)) if shape.signed else 0
    lanes = (number >> (place * width) for place in range(lane_count(port)))
    return tuple((lane - least) % (1 << width) + least for lane in lanes)
