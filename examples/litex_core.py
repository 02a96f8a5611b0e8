"""System on chip made with LiteX, around an accelerator with a Wishbone bus.

    threefold build network.tern --target generic --bus wishbone -o out/core
    pip install litex
    python examples/litex_core.py out/core/rtl/NAME_wishbone.ports.json -o out/litex

generates the Verilog of a system for a ULX3S: a bridge from its serial port to a Wishbone bus, and
the accelerator on it. Class :class:`TernaryAccelerator` fits into any other system. It needs LiteX
and the files of the core, but not Threefold.
"""

import argparse
import json
from pathlib import Path

from litex.build.generic_platform import IOStandard, Pins, Subsignal
from litex.build.io import CRG
from litex.build.lattice import LatticePlatform
from litex.gen import ClockSignal, Instance, LiteXModule, ResetSignal
from litex.soc.integration.builder import Builder
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCCore
from litex.soc.interconnect import wishbone

SIZE = 0x80  # bytes of the registers


class TernaryAccelerator(LiteXModule):
    """Accelerator as a slave of a Wishbone bus with word addresses.

    Parameters
    ----------
    platform : GenericPlatform
        Gets the Verilog.
    ports : Path
        The core's ``NAME.ports.json``, beside its Verilog.
    """

    def __init__(self, platform, ports):
        core = json.loads(Path(ports).read_text())
        if core.get("bus") != "wishbone":
            raise SystemExit(f"{ports} is of no core with Wishbone; build with --bus wishbone")
        self.registers = core["registers"]
        self.bus = bus = wishbone.Interface(data_width=32, address_width=32, addressing="word")
        self.specials += Instance(
            core["name"],
            i_clk=ClockSignal(),
            i_rst=ResetSignal(),
            i_wb_cyc=bus.cyc,
            i_wb_stb=bus.stb,
            i_wb_we=bus.we,
            i_wb_adr=bus.adr[:5],
            i_wb_sel=bus.sel,
            i_wb_dat_w=bus.dat_w,
            o_wb_dat_r=bus.dat_r,
            o_wb_ack=bus.ack,
        )
        platform.add_source(str(Path(ports).with_name(f"{core['name']}.v")))


class System(SoCCore):
    """A bridge from a serial port to the bus, and an accelerator there."""

    def __init__(self, platform, ports, clock_hz=25_000_000):
        super().__init__(
            platform,
            clk_freq=clock_hz,
            cpu_type=None,
            with_uart=False,
            with_timer=False,
            integrated_sram_size=0,
            ident="Ternary accelerator",
        )
        self.crg = CRG(platform.request("clk25"))
        self.add_uartbone()
        self.accelerator = TernaryAccelerator(platform, ports)
        region = SoCRegion(origin=0x3000_0000, size=SIZE, cached=False)
        self.bus.add_slave("accelerator", self.accelerator.bus, region)
        for name, offset in self.accelerator.registers.items():
            self.add_constant(f"ACCELERATOR_{name}_ADDR", region.origin + offset)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("ports", type=Path, help="NAME_wishbone.ports.json of a build")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/litex"), metavar="FOLDER")
    arguments = parser.parse_args()
    serial = Subsignal("tx", Pins("L4")), Subsignal("rx", Pins("M1"))
    pins = [
        ("clk25", 0, Pins("G2"), IOStandard("LVCMOS33")),
        ("serial", 0, *serial, IOStandard("LVCMOS33")),
    ]
    platform = LatticePlatform("LFE5U-85F-6BG381C", pins, toolchain="trellis")
    system = System(platform, arguments.ports)
    builder = Builder(system, output_dir=arguments.output, csr_json=arguments.output / "csr.json")
    builder.build(run=False)
    print(f"{arguments.output / 'gateware'} is there")


if __name__ == "__main__":
    main()
