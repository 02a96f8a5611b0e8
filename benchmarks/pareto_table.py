"""Text of what ``pareto.py`` measured."""

from page_table import table

__all__ = ["pareto"]

_NAMES = {"engines": "engines", "all": "all kinds"}


def pareto(record: dict) -> str:
    """The section of docs/benchmarks.md on a network at several rates, from its record."""
    rows = [
        (
            _NAMES[row["kinds"]],
            f"{row['interval']:,}",
            row["units"],
            f"{row['lut']:,}",
            f"{row['ff']:,}",
            row["bram"],
        )
        for row in record["rows"]
    ]
    head = ("of", "cycles a vector", "units", "LUTs", "flip-flops", "block RAMs")
    return f"""## From a vector a cycle to one in hundreds
![LUTs over cycles, of a matrix by kinds of units and of a network as planned](units.svg)

`benchmarks/pareto.py`, Yosys {record["yosys"]}: the 16-64-32-32-5 network of the sections above as
the planner folds it for an ECP5-45F, with engines alone and with all kinds of units
(`--try unrolled --try serial --try stationary`), for 1, 2, 4 … cycles a vector. Graphs
of unrolled layers have fewer rounds there than above, and so more LUTs. On the left the
points of the matrix above; the dotted line joins those of which no other has fewer LUTs and no more
cycles.

{table(head, rows)}
"""
