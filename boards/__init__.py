"""FPGA boards: their devices, clocks, top levels, and the way to a bitstream."""
