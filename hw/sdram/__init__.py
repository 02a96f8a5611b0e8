"""SDRAM: what drives it, and what reads and writes it in bursts."""
