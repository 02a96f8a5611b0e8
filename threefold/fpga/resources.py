"""Resources: what a design takes of an FPGA."""

from dataclasses import dataclass

__all__ = ["Resources"]


@dataclass(frozen=True)
class Resources:
    """Look-up tables, memories, and flip-flops that share no logic cell with a look-up table.

    Parameters
    ----------
    lut : float
        Four-input look-up tables; a fraction where they are estimated.
    bram : int
        Block RAMs.
    ff : float
        Flip-flops, and other cells without a look-up table.
    spram : int
        Single-port RAMs.
    """

    lut: float = 0
    bram: int = 0
    ff: float = 0
    spram: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            self.lut + other.lut,
            self.bram + other.bram,
            self.ff + other.ff,
            self.spram + other.spram,
        )

    @property
    def cells(self) -> float:
        """Logic cells."""
        return self.lut + self.ff
