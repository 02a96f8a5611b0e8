"""Global nets: signals all over the device, by the wires that clocks take as well."""

from amaranth.hdl import Module, Signal

from threefold.fpga import Family

from .primitive import primitive

__all__ = ["global_net"]


def global_net(m: Module, signal: Signal, family: Family) -> Signal:
    """The same signal, from a global buffer where the family has one to instantiate.

    Parameters
    ----------
    m : Module
        What the buffer becomes a submodule of.
    signal : Signal
        A register alone.
    family : Family
    """
    everywhere = Signal(name=f"{signal.name}_everywhere")
    if family.global_buffer:
        buffer = primitive(family.global_buffer, i=signal, o=everywhere)
        m.submodules[f"{signal.name}_buffer"] = buffer
    else:
        m.d.comb += everywhere.eq(signal)
    return everywhere
