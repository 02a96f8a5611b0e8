"""Text of what ``first_layers.py`` measured."""

from page_table import table

__all__ = ["first_layers"]

_NAMES = {"lenet": "LeNet, 28 × 28 × 1, 5 × 5", "resnet20": "ResNet-20, 32 × 32 × 3, 3 × 3"}


def first_layers(record: dict) -> str:
    """The section of docs/benchmarks.md, from what ``first_layers.py`` recorded."""
    rows = [
        (
            _NAMES[row["network"]],
            row["family"],
            " × ".join(map(str, row["folding"])),
            f"{row['interval']:,}",
            *(f"{row[key]:,}" for key in ("lut", "ff", "cells", "cells_estimated")),
            f"{row['bram_estimated']} / {row['bram']}",
        )
        for row in record["rows"]
    ]
    head = ("layer", "family", "P × S, or P × S × Q", "interval", "LUTs", "flip-flops")
    head += ("cells", "cells, estimated", "block RAMs, estimated / packed")
    return f"""## First layers
`benchmarks/first_layers.py`, Yosys {record["yosys"]}: the first layers of LeNet
and ResNet-20 alone, 8-bit codes in, folded along their channels, along pixels as well, and along
columns of their kernels: S is a row of the kernel, or all of it. Intervals are predicted. Cells are
what nextpnr packs: logic cells on iCE40, TRELLIS_COMB on ECP5.

{table(head, rows)}
"""
