"""Buses: cores whose accelerator is behind AXI or Wishbone, with registers."""

from ..core_files import BUSES
from ..errors import PlanError
from ..plan import Plan, Port
from ..registers import REGISTERS
from .description import describe

__all__ = ["BUSES", "core_name", "describe_bus", "require_bus"]


def require_bus(bus: str) -> None:
    """Refuse a bus that there is not.

    Raises
    ------
    PlanError
    """
    if bus not in BUSES:
        raise PlanError(f"buses are {' and '.join(BUSES)}, not {bus!r}")


def core_name(plan: Plan, bus: str | None = None) -> str:
    """Name of the top module: that of the network, and the bus behind it if there is one."""
    return f"{plan.network.name}_{bus}" if bus else plan.network.name


def describe_bus(plan: Plan, bus: str) -> dict:
    """What :func:`describe` says of an accelerator, for a core with a bus.

    Returns
    -------
    dict
        ``bus`` is its name, ``bus_prefix`` that of the signals which registers are reached by, and
        ``registers`` are their offsets in bytes. With AXI, the streams have the names of their
        signals, ``last`` among them, and lanes of ``lane_width`` bits, of which ``bits`` are used.
        With Wishbone, ``input`` and ``output`` name the ``register`` that elements go through, and
        how many of ``lane_width`` bits are in a word. ``load`` names the ``register`` that bytes of
        program images go through. Of several widths, ``widths`` names the ``port`` of the
        stream, or the ``register``, that the number of a width goes through.

    Raises
    ------
    PlanError
        If there is no such bus.
    FileFormatError
        If the network's provenance does not name its classes right.
    """
    require_bus(bus)
    present = REGISTERS.on(bus, loadable=plan.loadable)
    registers = {name: register.offset for name, register in present.items()}
    ends = _AXI_STREAMS if bus == "axi" else _WISHBONE_WORDS
    core = describe(plan)
    for end, port in (("input", plan.ports.input), ("output", plan.ports.output)):
        core[end] = _without_signals(core[end]) | ends[end](port)
    if plan.widths:
        core["widths"] = _WIDTHS[bus](core["widths"])
    if plan.loadable:
        core["load"] = {"register": "LOAD"}
    return core | {
        "name": core_name(plan, bus),
        "bus": bus,
        "bus_prefix": {"axi": "s_axi", "wishbone": "wb"}[bus],
        "registers": registers,
    }


def _without_signals(stream: dict) -> dict:
    names = ("valid", "ready", "payload", "width", "lanes", "first_lane", "beats")
    return {name: value for name, value in stream.items() if name not in names}


def _axi_stream(prefix: str, port: Port) -> dict[str, object]:
    lane_width = 8 * port.lane_bytes
    return {
        "valid": f"{prefix}_tvalid",
        "ready": f"{prefix}_tready",
        "payload": f"{prefix}_tdata",
        "last": f"{prefix}_tlast",
        "width": lane_width * port.type.lanes,
        "lanes": port.type.lanes,
        "lane_width": lane_width,
        "first_lane": "lowest bits",
        "beats": port.beats,
    }


def _words(register: str, elements: int) -> dict[str, object]:
    return {"register": register, "lane_width": 32 // elements, "elements_per_word": elements}


_WIDTHS = {
    "axi": lambda widths: widths | {"port": "s_axis_tuser"},
    "wishbone": lambda widths: {"register": "DATA_IN", "names": widths["names"]},
}
_AXI_STREAMS = {
    "input": lambda port: _axi_stream("s_axis", port),
    "output": lambda port: _axi_stream("m_axis", port),
}
_WISHBONE_WORDS = {
    "input": lambda port: _words("DATA_IN", 4 // port.lane_bytes),
    "output": lambda port: _words("DATA_OUT", 1),
}
