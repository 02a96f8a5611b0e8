"""Primitive cells of an FPGA as instances."""

from amaranth.hdl import Const, Instance, ValueLike

from threefold.fpga import Bits, Cell

__all__ = ["primitive"]


def primitive(cell: Cell, **signals: ValueLike) -> Instance:
    """An instance of a cell.

    Parameters
    ----------
    cell : Cell
    signals : value-like or IOPort
        What is connected, by its role.
    """
    arguments = {f"a_{name}": value for name, value in cell.attributes.items()}
    arguments |= {f"p_{name}": _constant(value) for name, value in cell.parameters.items()}
    for name, driver in cell.inputs.items():
        arguments[f"i_{name}"] = signals[driver] if isinstance(driver, str) else _constant(driver)
    arguments |= {f"o_{name}": signals[role] for name, role in cell.outputs.items()}
    return Instance(cell.name, **arguments)


def _constant(value):
    return Const(value.value, value.width) if isinstance(value, Bits) else value
