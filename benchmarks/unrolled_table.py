"""Text of what ``unrolled.py`` measured."""

from statistics import median

from page_table import table, versions

from threefold.fpga import ECP5, ICE40
from threefold.fpga.ecp5 import LFE5U_85F

__all__ = ["TASKS", "unrolled", "whole_network"]

TASKS = {
    "sums": "64 × 32, 8 bits in, sums out",
    "codes": "64 × 32, 8 bits in, 4-bit codes out",
    "chain": "16-64-32-32-5, 4 bits, sums out",
}
_FAMILIES = ICE40.name, ECP5.name
_NAMES = {"threefold": "ours", "da4ml": "da4ml"}


def unrolled(record: dict) -> str:
    """The section of docs/benchmarks.md on a vector a cycle, from what ``unrolled.py`` recorded."""
    rows = []
    for task, title in TASKS.items():
        for whose, name in _NAMES.items():
            row = record["rows"][task][whose]
            cells = [f"{row[family]['lut']:,}" for family in _FAMILIES]
            registers = [f"{row[family]['ff']:,}" for family in _FAMILIES]
            seconds = [f"{row[family]['yosys_seconds']:.0f}" for family in _FAMILIES]
            rows.append(
                (
                    f"{title}: {name}",
                    row["adders"],
                    *cells,
                    " / ".join(registers),
                    row["latency"],
                    _spread(row["fmax_mhz"]) if "fmax_mhz" in row else "–",
                    " / ".join(seconds),
                )
            )
    package = record["rows"]["sums"]["da4ml"]["da4ml"]
    compared = record["rows"]["sums"]["threefold"]["compared"]
    head = ("task", "adders", "iCE40 LUTs", "ECP5 LUTs", "flip-flops", "latency", "ECP5 MHz")
    head += ("seconds of Yosys",)
    return f"""## A vector a cycle, beside da4ml
`benchmarks/unrolled.py`, {versions([record["tools"]])}, da4ml {package}. Random ternary
matrices, half zeros, as adder graphs with a register behind each adder; the graphs of ours are of
{record["rounds"]:,} rounds. Codes are sums divided by a power of two, between 0 and 15. Both go
through the same Yosys, ours as a whole accelerator with its streams; ECP5 counts 2 LUTs for each
CCU2C, of those that begin and end a chain as well. Frequencies are of an ECP5-45F of speed grade 6,
where that was done (`--route`): the median of eight seeds, the lowest and the highest, routed
between two shift registers with valid and ready tied to 1, by nextpnr's `static` placer and
`router1`, with 250 MHz asked for. The outputs of {compared} vectors are those of the golden model.
Seconds are of a machine that others used as well.

{table(head, rows)}
"""


def whole_network(record: dict) -> str:
    """The section on a network whose layers are all unrolled, from ``unrolled_network.py``."""
    luts, registers = record["lut"], record["ff"]
    estimated = sum(record["estimated"].values())
    return f"""### A whole network
`benchmarks/unrolled_network.py`, {versions([record["tools"]])}: FINN's TFC_2W2A for MNIST, from the
QONNX model zoo, with activations of 2 bits and all layers unrolled. An image of 784 bytes enters in
each cycle, more than any board brings, and its logits leave {record["measured"]["latency"]} cycles
later. The logits of {record["images"]} random images are those of the golden model, and cycles
those predicted. Synthesised whole, not placed, it takes {luts:,} LUTs, {luts / LFE5U_85F.lut:.0%}
of an {LFE5U_85F.name}, and {registers:,} flip-flops, {registers / LFE5U_85F.ff:.0%}. The plan
estimates {estimated:,} logic cells, {estimated / luts - 1:.0%} too many.
"""


def _spread(frequencies: list[float]) -> str:
    """Median, lowest and highest."""
    return f"{median(frequencies):.1f} ({min(frequencies):.1f}…{max(frequencies):.1f})"
