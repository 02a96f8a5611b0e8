"""Carry chains of ECP5: Yosys commands and techmaps that begin and end each within its own cells.

nextpnr puts a CCU2C in front of a chain whose carry-in is connected, be it to a constant, and one
behind a chain whose last carry-out has a net, be it read or not. These maps leave such ports open.
"""

__all__ = ["FILES", "MAP", "TRIM"]

MAP = "techmap -map carry_chains.techmap"
"""Yosys command that maps ``$alu`` cells to CCU2Cs; before ``synth_ecp5`` maps what is left."""

TRIM = """\
techmap -map carry_begins.techmap
splitnets
select -set read t:* %ci1 o:* %u w:* %i
select -set goes_on @read %ci1:+CCU2C[COUT] t:CCU2C %i
select -set ends t:CCU2C @goes_on %d
chtype -set CCU2C_END @ends
techmap -map carry_ends.techmap
clean"""
"""Yosys commands that leave carries of CCU2Cs open where nothing reads them."""

_PORTS = "CIN, A0, B0, C0, D0, A1, B1, C1, D1, S0, S1, COUT"

_DECLARATIONS = f"""\
module {{name}} ({_PORTS});
	parameter [15:0] INIT0 = 0;
	parameter [15:0] INIT1 = 0;
	parameter INJECT1_0 = "YES";
	parameter INJECT1_1 = "YES";
	input CIN, A0, B0, C0, D0, A1, B1, C1, D1;
	output S0, S1, COUT;
"""

# A chain has a place for each bit, one in front that makes the carry-in, and perhaps one behind
# that brings the carry-out to the fabric, as places are even.
_CHAINS = """\
(* techmap_celltype = "$alu" *)
module carry_chain (A, B, CI, BI, X, Y, CO);
	parameter A_SIGNED = 0;
	parameter B_SIGNED = 0;
	parameter A_WIDTH = 1;
	parameter B_WIDTH = 1;
	parameter Y_WIDTH = 1;
	localparam PAIRS = (Y_WIDTH + 2) / 2;
	localparam SPARE = Y_WIDTH % 2 == 0;

	(* force_downto *) input [A_WIDTH-1:0] A;
	(* force_downto *) input [B_WIDTH-1:0] B;
	input CI, BI;
	(* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

	wire _TECHMAP_FAIL_ = Y_WIDTH <= 4;

	(* force_downto *) wire [Y_WIDTH-1:0] a, b;
	\\$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) wide_a (.A(A), .Y(a));
	\\$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) wide_b (.A(B), .Y(b));
	(* force_downto *) wire [Y_WIDTH-1:0] addend = BI ? ~b : b;

	(* force_downto *) wire [2*PAIRS-1:0] first = {1'b1, a, CI};
	(* force_downto *) wire [2*PAIRS-1:0] second = {1'b1, b, 1'b1};
	(* force_downto *) wire [2*PAIRS-1:0] sums;
	(* force_downto *) wire [PAIRS:0] carries;
	assign carries[0] = 1'b0;
	assign Y = sums[Y_WIDTH:1];
	assign X = a ^ addend;

	genvar i;
	generate for (i = 0; i < PAIRS; i = i + 1) begin:pair
		CCU2C #(
			// 000A: no propagation, A is generated; 96AA: A + (B ^ C); 0000: the carry comes out.
			.INIT0(i == 0 ? 16'h000A : 16'h96AA),
			.INIT1(i == PAIRS - 1 && SPARE ? 16'h0000 : 16'h96AA),
			.INJECT1_0("NO"),
			.INJECT1_1("NO")
		) cell (
			.CIN(carries[i]),
			.A0(first[2*i]), .B0(second[2*i]), .C0(i == 0 ? 1'b1 : BI), .D0(1'b1),
			.A1(first[2*i+1]), .B1(second[2*i+1]),
			.C1(i == PAIRS - 1 && SPARE ? 1'b1 : BI), .D1(1'b1),
			.S0(sums[2*i]), .S1(sums[2*i+1]),
			.COUT(carries[i+1])
		);
	end endgenerate
	generate for (i = 0; i < Y_WIDTH; i = i + 1) begin:carry
		if (i % 2 == 0)
			assign CO[i] = carries[i/2+1];
		else if (i == Y_WIDTH - 1)
			assign CO[i] = sums[i+2];
		else
			assign CO[i] = (a[i] && addend[i]) || (CO[i-1] && (a[i] || addend[i]));
	end endgenerate
endmodule
"""

# Where the first place of a chain propagates nothing, its carry-in says nothing. Inputs that are 0
# take a wire, others none: of those that only the LUT with four inputs has.
_BEGINS = (
    """\
(* techmap_celltype = "CCU2C" *)
"""
    + _DECLARATIONS.format(name="carry_begin")
    + """\
	parameter _TECHMAP_CONSTMSK_CIN_ = 0;
	parameter _TECHMAP_CONSTVAL_CIN_ = 0;
	parameter _TECHMAP_CONSTMSK_C0_ = 0;
	parameter _TECHMAP_CONSTVAL_C0_ = 0;
	parameter _TECHMAP_CONSTMSK_D0_ = 0;
	parameter _TECHMAP_CONSTVAL_D0_ = 0;
	localparam HIGH = _TECHMAP_CONSTMSK_C0_ && _TECHMAP_CONSTVAL_C0_ === 1'b1
		&& _TECHMAP_CONSTMSK_D0_ && _TECHMAP_CONSTVAL_D0_ === 1'b1;
	localparam CONSTANT = _TECHMAP_CONSTMSK_CIN_ && _TECHMAP_CONSTVAL_CIN_ === 1'b0;
	wire _TECHMAP_FAIL_ = !CONSTANT || !(INIT0 == 0 || HIGH && INIT0[15:12] == 0);
	CCU2C #(
		.INIT0(INIT0), .INIT1(INIT1), .INJECT1_0(INJECT1_0), .INJECT1_1(INJECT1_1)
	) _TECHMAP_REPLACE_ (
		.CIN(1'bx),
		.A0(A0), .B0(B0), .C0(C0), .D0(D0), .A1(A1), .B1(B1), .C1(C1), .D1(D1),
		.S0(S0), .S1(S1), .COUT(COUT)
	);
endmodule
"""
)

_ENDS = (
    _DECLARATIONS.format(name="CCU2C_END")
    + """\
	CCU2C #(
		.INIT0(INIT0), .INIT1(INIT1), .INJECT1_0(INJECT1_0), .INJECT1_1(INJECT1_1)
	) _TECHMAP_REPLACE_ (
		.CIN(CIN),
		.A0(A0), .B0(B0), .C0(C0), .D0(D0), .A1(A1), .B1(B1), .C1(C1), .D1(D1),
		.S0(S0), .S1(S1), .COUT(1'bx)
	);
endmodule
"""
)

FILES = {
    "carry_chains.techmap": _CHAINS,
    "carry_begins.techmap": _BEGINS,
    "carry_ends.techmap": _ENDS,
}
"""Contents of the files that these commands read, by name."""
