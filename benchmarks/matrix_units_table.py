"""Text of what ``matrix_units.py`` measured."""

from page_table import table

__all__ = ["matrix_units"]


def matrix_units(record: dict) -> str:
    """The section of docs/benchmarks.md on one matrix, from what ``matrix_units.py`` recorded."""
    rows = [
        (
            row["unit"],
            row["family"],
            row["interval"],
            row["latency"],
            f"{row['lut']:,}",
            f"{row['ff']:,}",
            row["bram"],
            f"{row['lut'] * row['interval']:,}",
        )
        for row in record["rows"]
    ]
    head = ("unit", "family", "cycles a vector", "latency", "LUTs", "flip-flops")
    head += ("block RAMs", "LUTs × cycles")
    return f"""## A matrix in several cycles
`benchmarks/matrix_units.py`, Yosys {record["yosys"]}: the matrix of 64 × 32 of the section above,
8 bits in and sums out, as whole accelerators, control and weights included. Stationary units have
their weights in block RAM. Cells of an iCE40 that lead a carry into a chain or out of it are not
counted: they are no LUTs before placement, and each adder of serial digits of 4 bits has two.

{table(head, rows)}
"""
