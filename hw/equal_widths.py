"""Equal widths: rules of Yosys for operators in Verilog that extend no operand silently."""

__all__ = ["equal_widths"]

_LOGIC = ("add", "sub", "and", "or", "xor", "xnor")
_COMPARISONS = {  # what each says where an operand is 0 bits of an unsigned number
    "eq": ("0", "0"),
    "ne": ("0", "0"),
    "lt": ("B_WIDTH == 0", "0"),
    "ge": ("B_WIDTH == 0", "1"),
    "gt": ("A_WIDTH == 0", "0"),
    "le": ("A_WIDTH == 0", "1"),
}

_OPERATOR = """\
(* techmap_celltype = "${cell}" *)
module {cell}_of_equal_widths (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  localparam OPERANDS = A_WIDTH > B_WIDTH ? A_WIDTH : B_WIDTH;
  localparam WIDTH = {width};
  localparam KNOWN = !A_SIGNED && {known};
  localparam A_TOP = A_WIDTH > 0 ? A_WIDTH - 1 : 0;
  localparam B_TOP = B_WIDTH > 0 ? B_WIDTH - 1 : 0;
  input [A_TOP:0] A;
  input [B_TOP:0] B;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = A_SIGNED != B_SIGNED || A_WIDTH == WIDTH && B_WIDTH == WIDTH;
  generate
    if (KNOWN) assign Y = {value};
    else begin
      wire [WIDTH-1:0] a = A_WIDTH == 0 ? 0 : {{{{WIDTH{{A_SIGNED ? A[A_TOP] : 1'b0}}}}, A}};
      wire [WIDTH-1:0] b = B_WIDTH == 0 ? 0 : {{{{WIDTH{{B_SIGNED ? B[B_TOP] : 1'b0}}}}, B}};
      \\${cell} #(
        .A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED),
        .A_WIDTH(WIDTH), .B_WIDTH(WIDTH), .Y_WIDTH(Y_WIDTH)
      ) _TECHMAP_REPLACE_ (.A(a), .B(b), .Y(Y));
    end
  endgenerate
endmodule
"""

_NOT = """\
(* techmap_celltype = "$logic_not" *)
module compared_with_0 (A, Y);
  parameter A_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = A_WIDTH == 1 || Y_WIDTH != 1;
  \\$eq #(
    .A_SIGNED(0), .B_SIGNED(0), .A_WIDTH(A_WIDTH), .B_WIDTH(A_WIDTH), .Y_WIDTH(1)
  ) _TECHMAP_REPLACE_ (.A(A), .B({A_WIDTH{1'b0}}), .Y(Y));
endmodule
"""


def equal_widths() -> str:
    """Verilog for Yosys' ``techmap``: operators whose operands are as wide as each other.

    Operands of sums and of logic become as wide as their result, those of comparisons as wide as
    the wider one. What is compared with 0 bits is known if it is unsigned. The value of several
    bits negated as a truth value becomes a comparison with 0.
    """
    result = "Y_WIDTH > OPERANDS ? Y_WIDTH : OPERANDS"
    rules = [_OPERATOR.format(cell=cell, width=result, known=0, value=0) for cell in _LOGIC]
    rules += [
        _OPERATOR.format(cell=cell, width="OPERANDS", known=known, value=value)
        for cell, (known, value) in _COMPARISONS.items()
    ]
    return "\n".join([*rules, _NOT])
