"""Devices: FPGAs and their capacity."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import PlanError
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
        Logic cells: a four-input look-up table each, with its carry.
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

    def check_memories(self, memories: Mapping[str, str], board: str = "") -> None:
        """Refuse kinds of memories, by name of what they are for, that the device lacks.

        Parameters
        ----------
        memories : mapping of str to str
            Each one of :data:`~threefold.fpga.MEMORIES`.
        board : str
            Name for messages; that of the device if left out.

        Raises
        ------
        PlanError
        """
        for name, kind in memories.items():
            if kind == "spram" and not self.spram:
                raise PlanError(
                    f"memory of {name!r} cannot be spram: {board or self.name} has none; choose "
                    f"lut, block or auto"
                )

    @property
    def counted(self) -> tuple[str, ...]:
        """Kinds of resources that it is counted in; ``"spram"`` if it has any."""
        return ("lut", "ff", "bram", "dsp") + ("spram",) * bool(self.spram)
