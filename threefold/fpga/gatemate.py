"""Cologne Chip GateMate: the family and its devices."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .cell import Bits, Cell
from .device import Device
from .family import ChainCost, Family, ReaderCost
from .flow import Command, Flow
from .pll import PLL

__all__ = ["CCGM1A1", "GATEMATE", "GateMatePLL"]


@dataclass(frozen=True)
class GateMatePLL(PLL):
    """Settings of a ``CC_PLL``, whose dividers nextpnr finds; all frequencies in MHz."""

    title = "GateMate"

    whole_mhz: int

    @classmethod
    def candidates(cls, input_mhz: float) -> Iterable[Self]:
        return (cls(input_mhz, whole_mhz) for whole_mhz in range(1, 251))

    @property
    def rank(self) -> tuple[float, ...]:
        return (self.whole_mhz,)

    @property
    def output_mhz(self) -> float:
        return self.whole_mhz

    @property
    def legal(self) -> bool:
        return 5 <= self.input_mhz <= 50

    @property
    def cell(self) -> Cell:
        return Cell(
            "CC_PLL",
            inputs={
                "CLK_REF": "oscillator",
                "CLK_FEEDBACK": Bits(0),
                "USR_CLK_REF": Bits(0),
                "USR_LOCKED_STDY_RST": Bits(0),
            },
            outputs={"CLK0": "clock", "USR_PLL_LOCKED": "locked"},
            parameters={
                "REF_CLK": f"{self.input_mhz:.1f}",
                "OUT_CLK": f"{self.output_mhz:.1f}",
                "PERF_MD": "SPEED",
                "LOCK_REQ": 1,
                "LOW_JITTER": 1,
                "CI_FILTER_CONST": 2,
                "CP_FILTER_CONST": 4,
            },
        )


_PACKAGE = "yowasp-nextpnr-himbaechel-gatemate"

# Placement joins two halves of a CPE into an adder.
_ADDERS = ("CPE_ADDF", "CPE_ADDF", "CPE_ADDF2", "CPE_ADDF2")

_FLOW = Flow(
    synthesis="synth_gatemate {options} -top {top} -luttree -nomx8\nautoname",
    extra="gatemate",
    nextpnr=Command("nextpnr-himbaechel-gatemate", _PACKAGE, "place and route, GateMate"),
    packer=Command("gmpack", _PACKAGE, "bitstream, GateMate"),
    packing=("--device", "CCGM1A1", "--vopt", "allow-unconstrained"),
    shares={"synthesise": 0.05, "place and route": 0.94, "pack": 0.01},
    synthesis_cells={
        "lut": {"CC_LUT*": 1, "CC_L2T4": 1, "CC_L2T5": 2, "CC_MX2": 1, "CC_MX4": 2, "CC_ADDF": 1},
        "ff": {"CC_DFF": 1},
        "bram": {"CC_BRAM_20K": 1, "CC_BRAM_40K": 2},
        "dsp": {"CC_MULT": 1},
    },
    report={"lut": ("CPE_LT", *_ADDERS), "ff": ("CPE_FF",), "bram": ("RAM_HALF",)},
    placed={"lut": ("CPE_L2T4", "CPE_L2T5", *_ADDERS), "bram": ("RAM",)},
    driver=r"(CC_(LUT[1234]|L2T[45])_O|CC_MX[24]_Y|CC_ADDF_(S|CO)|CC_DFF_Q)(?![A-Z0-9])",
    routed=".txt",
    bitstream=".bit",
)

GATEMATE = Family(
    name="gatemate",
    title="GateMate",
    block_shapes=((40, 512), (20, 1024), (10, 2048), (5, 4096), (2, 8192), (1, 16384)),
    block_worth=250,  # the CCGM1A1 has 640 halves of CPEs for each of its blocks
    block_least=128,
    ram_styles={"lut": "registers", "block": "block"},
    memory_gives_late=True,
    complement_takes_luts=True,
    shares_chains=True,
    clears_in_luts=True,
    resets=False,
    # A whole CPE begins a chain, and holds two bits of it.
    chains=ChainCost(sum=1.6, accumulator=1.6, comparison=1.6, least=3),
    carry_bits=1,
    wide_multiplexers=False,
    counts_bare_cells=True,
    lut_rows=5.6,  # half of a CPE is a tree of three LUTs of two inputs
    table_rows=5.6,
    narrow_lanes={1: 3.2},
    reader=ReaderCost(100.2, 0, 0, 20.7, 19.5, bare=23.7, bare_beyond=5.4),
    fill=0.6,
    fifo_counter=3,
    search_counter=0,
    tools=_FLOW,
    pll=GateMatePLL,
)
"""Cologne Chip GateMate."""

CCGM1A1 = Device("CCGM1A1", GATEMATE, lut=40960, ff=40960, bram=64)
