"""Generator: a planned network as Amaranth components, and these as Verilog."""
