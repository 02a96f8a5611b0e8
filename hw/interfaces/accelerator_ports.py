"""Ports of an accelerator: what a link or a core has to know of its streams."""

from amaranth.lib import data, wiring

from threefold.errors import PlanError
from threefold.plan import Ports

from ..stream import shape_of

__all__ = ["ports_of"]


def ports_of(accelerator: wiring.Component) -> Ports:
    """What enters and leaves an accelerator, as it says, if its streams agree.

    Raises
    ------
    PlanError
        If it says nothing, or they do not.
    """
    ports = getattr(accelerator, "ports", None)
    if not isinstance(ports, Ports):
        raise PlanError("an accelerator needs the attribute 'ports', which describes its streams")
    for port in (ports.input, ports.output):
        payload = getattr(getattr(accelerator, port.name, None), "payload", None)
        layout = data.ArrayLayout(shape_of(port.type), port.type.lanes)
        if not isinstance(payload, data.View) or payload.shape() != layout:
            sign = "signed" if port.type.signed else "unsigned"
            raise PlanError(
                f"an accelerator needs a stream {port.name!r} of {port.type.lanes} {sign} lanes "
                f"of {port.type.bits} bits, as its ports say"
            )
    return ports
