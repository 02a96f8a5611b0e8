"""Resources of an FPGA that a design uses."""

from dataclasses import dataclass

from ..html import html_table

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

    def _repr_html_(self) -> str:
        rows: list[list[object]] = [
            ["LUTs", round(self.lut)],
            ["flip-flops alone", round(self.ff)],
            ["block RAMs", self.bram],
            ["single-port RAMs", self.spram],
        ]
        return html_table("Resources", ("resource", "count"), rows)

    @property
    def cells(self) -> float:
        """Logic cells."""
        return self.lut + self.ff
