"""The generator: a planned network as Amaranth components, and those as Verilog."""
