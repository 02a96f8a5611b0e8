"""Tools: finding and running Yosys, nextpnr and others, from RTL to a bitstream."""
