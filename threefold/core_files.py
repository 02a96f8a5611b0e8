"""Paths of a core: its Verilog, and the files around it."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["BUSES", "CoreFiles"]

BUSES = ("axi", "wishbone")
"""Buses that an accelerator may have: AXI4-Lite beside AXI4-Stream, and Wishbone for everything."""


@dataclass(frozen=True)
class CoreFiles:
    """Paths of one core.

    Attributes
    ----------
    folder : Path
    name : str
        Name of its top module.
    """

    folder: Path
    name: str

    @property
    def rtl(self) -> Path:
        """``NAME.v``."""
        return self.folder / f"{self.name}.v"

    @property
    def ports(self) -> Path:
        """``NAME.ports.json``."""
        return self.folder / f"{self.name}.ports.json"

    @property
    def waivers(self) -> Path:
        """``NAME.vlt``."""
        return self.folder / f"{self.name}.vlt"

    @property
    def instance(self) -> Path:
        """``NAME.inst.v``."""
        return self.folder / f"{self.name}.inst.v"

    @property
    def testbench(self) -> Path:
        """``NAME_tb.v``."""
        return self.folder / f"{self.name}_tb.v"

    @property
    def fusesoc(self) -> Path:
        """``NAME.core``."""
        return self.folder / f"{self.name}.core"

    @property
    def csr(self) -> Path:
        """``NAME.csr.json``, of a core with registers."""
        return self.folder / f"{self.name}.csr.json"

    @property
    def texts(self) -> tuple[Path, ...]:
        """Those that name their plan in a comment, the Verilog first."""
        return (self.rtl, self.waivers, self.instance, self.testbench, self.fusesoc)

    @property
    def data(self) -> tuple[Path, ...]:
        """Those that name their plan as JSON."""
        return (self.ports, self.csr)

    @property
    def all(self) -> tuple[Path, ...]:
        """All of them, whether there or not."""
        return (*self.texts, *self.data)
