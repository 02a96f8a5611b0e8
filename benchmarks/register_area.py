"""Area of the registers of an accelerator, and of the buses and the link in front of them.

    python benchmarks/register_area.py [FAMILY ...] [--json FILE]

The accelerator behind them is wires, so that all cells are those of registers and bus. ``lut`` and
``ff`` are what Yosys maps to, ``packed`` is what nextpnr makes of that. FILE keeps its rows of
other families.
"""

import argparse
import json
import tempfile
from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from pe_area import kept
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold import fpga
from threefold.fpga import ECP5, ICE40
from threefold.hw.interfaces.axi_core import AXICore
from threefold.hw.interfaces.controlled import ControlledAccelerator
from threefold.hw.interfaces.flash import FlashReader
from threefold.hw.interfaces.link import SerialLink
from threefold.hw.interfaces.wishbone_core import WishboneCore
from threefold.hw.stream import lane_stream
from threefold.network import Codes, Tensor
from threefold.plan import Port, Ports
from threefold.plan.units.block import StreamType
from threefold.registers import REGISTERS
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

__all__ = ["FAMILIES", "PARTS", "measure"]

FAMILIES = (ICE40.name, ECP5.name)
CONSTANTS = {
    "ID": 0x54464C44,
    "VERSION": 0x10000,
    "DIGEST": 0x12345678,
    "INPUTS": 784,
    "OUTPUTS": 784,
    "FORMAT": 0x0808,
    "CLASSES": 1,
    "CLOCK": 0,
}
BARE_LINE = {
    ICE40.name: {"lut": 232, "ff": 161, "bram": 1, "packed": 286},
    ECP5.name: {"lut": 304, "ff": 161, "bram": 1, "packed": 346},
}
"""The same of the serial line of 84b4612, which had neither frames nor registers, by family."""
_COUNTERS = ("CYCLES", "LATENCY", "INTERVAL")
_AXI = REGISTERS.on("axi")


class Wires(wiring.Component):
    """Accelerator of nothing: 28×28 codes of 8 bits, one a beat, leave as they come."""

    ports = Ports(
        Port("i", Tensor((28, 28, 1), Codes.unsigned(8)), StreamType(1, 8, False)),
        Port("o", Tensor((28, 28, 1), Codes.unsigned(8)), StreamType(1, 8, False)),
        gives_class=False,
        classes=1,
    )

    def __init__(self):
        super().__init__({"i": In(lane_stream(8, 1)), "o": Out(lane_stream(8, 1))})

    def elaborate(self, platform):
        m = Module()
        connect(m, flipped(self.i), flipped(self.o))
        return m


class LoadableWires(wiring.Component):
    """The same, and loaded by whatever byte is not 0, which takes no logic to speak of."""

    ports = Wires.ports

    def __init__(self):
        super().__init__(
            {
                "i": In(lane_stream(8, 1)),
                "o": Out(lane_stream(8, 1)),
                "load": In(stream.Signature(8)),
                "loaded": Out(1),
                "refused": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        connect(m, flipped(self.i), flipped(self.o))
        m.d.comb += [
            self.load.ready.eq(1),
            self.loaded.eq(self.load.valid & self.load.payload.any()),
            self.refused.eq(self.load.valid & ~self.load.payload.any()),
        ]
        return m


PARTS = {
    "registers": lambda: ControlledAccelerator(Wires(), _AXI, CONSTANTS),
    "registers without timers": lambda: ControlledAccelerator(
        Wires(), _AXI.without(*_COUNTERS), CONSTANTS
    ),
    "core with AXI": lambda: AXICore(Wires(), CONSTANTS),
    "core with Wishbone": lambda: WishboneCore(Wires(), CONSTANTS),
    "serial link": lambda: SerialLink(Wires(), CONSTANTS | {"WINDOW": 21}, divisor=260),
    "serial link that loads": lambda: SerialLink(
        LoadableWires(), CONSTANTS | {"WINDOW": 21}, divisor=260
    ),
    "serial link that loads, and from flash": lambda: SerialLink(
        LoadableWires(),
        CONSTANTS | {"WINDOW": 21},
        divisor=260,
        flash=FlashReader.at(0x100000, clock_mhz=30),
    ),
}
"""What is measured: makers of components, by name. Timers are CYCLES, LATENCY and INTERVAL."""


def measure(family: str, part: str) -> dict:
    """Area of one part, as a row of the table."""
    built_for = fpga.get(family)
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(PARTS[part](), built_for, folder)
        packed = pack(built_for, folder)
    return {
        "family": family,
        "part": part,
        "lut": cells.lut,
        "ff": cells.ff,
        "bram": cells.bram,
        "packed": packed["lut"],
    }


def table(rows: list[dict]) -> Table:
    out = Table("family", "part", title="Registers of an accelerator")
    for name in ("LUTs", "flip-flops", "block RAMs", "packed"):
        out.add_column(name, justify="right")
    for row in rows:
        figures = (row[name] for name in ("lut", "ff", "bram", "packed"))
        out.add_row(row["family"], row["part"], *map(str, figures))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="all if none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    jobs = [(family, part) for family in arguments.families or FAMILIES for part in PARTS]
    with Progress(console=Console(stderr=True)) as progress:
        rows = [measure(*job) for job in progress.track(jobs, description="Synthesis")]
    if arguments.json:
        document = {
            "bare_line": BARE_LINE,
            "rows": kept(arguments.json, rows),
            "yosys": f"Yosys {find('yosys').version}",
        }
        arguments.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    Console(width=100).print(table(rows))


if __name__ == "__main__":
    main()
