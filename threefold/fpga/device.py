"""Devices: FPGAs and their capacity."""

from dataclasses import dataclass

from .family import Family

__all__ = ["Device"]


@dataclass(frozen=True)
class Device:
    """An FPGA.

    It holds what nextpnr says is available to it, in its report on a design that is all but empty.

    Parameters
    ----------
    name : str
        Name by its maker.
    family : Family
        Family that it is of.
    lut : int
        Four-input look-up tables, each with its carry.
    bram : int
        Block RAMs.
    ff : int
        Flip-flops.
    dsp : int
        Multipliers, none of which an accelerator uses.
    spram : int
        Large single-port RAMs, see :attr:`Family.single_port`.
    """

    name: str
    family: Family
    lut: int
    bram: int
    ff: int = 0
    dsp: int = 0
    spram: int = 0

    @property
    def resources(self) -> tuple[str, ...]:
        """Kinds of resources that it is counted in; ``"spram"`` if it has any."""
        return ("lut", "ff", "bram", "dsp") + ("spram",) * bool(self.spram)
