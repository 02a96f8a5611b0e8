"""Text of what ``widths_in_turn.py`` measured."""

from page_table import table

__all__ = ["widths_in_turn"]

_MEMORIES = ("weights", "tiles", "thresholds", "descriptors")


def widths_in_turn(record: dict) -> str:
    """The section of docs/benchmarks.md, from what the script recorded."""
    rows, memories = [], []
    for name, each in record.items():
        of = f"{name}, {each['board']}"
        array = f"{name}, {each['array']}, {each['board']}"
        for width, figures in sorted(each["widths"].items(), key=lambda it: -it[1]["interval"]):
            cycles = f"{figures['interval']:,}", f"{figures['latency']:,}"
            rows.append((array, width, *cycles))
        for kind, label in (("single", "whole alone"), ("several", "all widths")):
            cycles = each["interval_single"]
            if kind == "several":
                cycles = each["widths"]["whole"]["interval"]
            bits = [f"{each['stored'][kind][memory]:,}" for memory in _MEMORIES]
            estimate = each["estimated"][kind]
            memories.append(
                (of, label, f"{cycles:,}", *bits, f"{estimate['cells']:,}", estimate["bram"])
            )
    simulated = ", ".join(f"{each['simulated']} of {name}" for name, each in record.items())
    head = ("network", "width", "interval", "latency")
    stored = (
        "network",
        "hardware",
        "interval",
        *(f"{each}, bits" for each in _MEMORIES),
        "cells",
        "block RAM",
    )
    return f"""### Several widths on one array
`benchmarks/widths_in_turn.py`: that ResNet-20, and digits trained in the same way, whose layers
take turns on one array. Images ran in Verilator at widths in random order ({simulated}):
every code of every layer equal to the golden model of that width, every image in the cycle
predicted.

{table(head, rows)}

Weights are stored once for all widths, but for a few rows of passes that add channels. On the array
of resnet20, which is given, the whole network takes as many cycles as on hardware of its own. For
digits the planner chose the arrays, a larger one for all widths. Cells and block RAM are estimates.

{table(stored, memories)}
"""
