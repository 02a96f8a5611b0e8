"""Stream ports of a component, found by their direction."""

from typing import Any, Protocol

from amaranth.lib import wiring
from amaranth.lib.wiring import Flow

__all__ = ["StreamPort", "streams_of"]


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
