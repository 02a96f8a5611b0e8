"""Text of what ``unrolled.py`` measured."""

from page_table import table, versions

from threefold.fpga import ECP5, ICE40

__all__ = ["TASKS", "unrolled"]

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
                    row.get("fmax_mhz", "–"),
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
CCU2C. Frequencies are of an ECP5-45F of speed grade 6, routed between two shift registers, seed 1,
where that was done (`--route`); ours are not routed yet. The outputs of {compared} vectors are
those of the golden model. Seconds are of a machine that others used as well; they, flip-flops and
LUTs of iCE40 were measured before the carry chains of ECP5 changed, LUTs of ECP5 after that.

{table(head, rows)}
"""
