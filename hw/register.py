"""Register behind a value."""

from amaranth.hdl import Module, Signal, ValueLike

__all__ = ["registered"]


def registered(m: Module, name: str, value: ValueLike) -> Signal:
    """What ``value`` was in the cycle before: data, since a reset leaves it as it is."""
    register = Signal(len(value), name=name, reset_less=True)
    m.d.sync += register.eq(value)
    return register
