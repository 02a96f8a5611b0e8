"""Threefold: from a PyTorch network to a ternary accelerator on a small FPGA."""

__version__ = "0.1.0"
