"""Simulation: the golden model in NumPy, and the hardware in Verilator or Icarus."""
