"""Resources of an FPGA that a design uses."""

from dataclasses import dataclass

from ..html import html_table

__all__ = ["Resources"]


@dataclass(frozen=True)
class Resources:
    """Look-up tables, memories, and logic cells without a look-up table.

    Parameters
    ----------
    lut : float
        Four-input look-up tables; a fraction where they are estimated.
    bram : int
        Block RAMs.
    ff : float
        Logic cells without a look-up table: of flip-flops that share none, and of carry chains.
    spram : int
        Single-port RAMs.
    surplus : float
        Flip-flops beyond one for each logic cell, less than 0 where there are fewer.
    """

    lut: float = 0
    bram: int = 0
    ff: float = 0
    spram: int = 0
    surplus: float = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            self.lut + other.lut,
            self.bram + other.bram,
            self.ff + other.ff,
            self.spram + other.spram,
            self.surplus + other.surplus,
        )

    def _repr_html_(self) -> str:
        rows: list[list[object]] = [
            ["LUTs", round(self.lut)],
            ["logic cells without LUT", round(self.ff)],
            ["block RAMs", self.bram],
            ["single-port RAMs", self.spram],
        ]
        return html_table("Resources", ("resource", "count"), rows)

    @property
    def cells(self) -> float:
        """Logic cells, as a placer counts them: ICESTORM_LC on iCE40, TRELLIS_COMB on ECP5."""
        return self.lut + self.ff

    @property
    def flip_flops(self) -> float:
        """Flip-flops, be they in logic cells with a LUT or without."""
        return self.cells + self.surplus
