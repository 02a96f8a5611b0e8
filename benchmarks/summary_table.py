"""Summary of docs/benchmarks.md: one screen of what the other scripts measured."""

from page_table import table

__all__ = ["summary"]


def summary(boards: dict, networks: dict, elements: dict, estimates: dict) -> str:
    """The first section of docs/benchmarks.md.

    Parameters
    ----------
    boards, networks, elements, estimates : mapping
        Records of ``boards.py``, ``networks_on_boards.py``, ``pe_area.py`` and
        ``resource_model.py``.
    """
    rows = [
        ("digits, 64-64-64-10", row["clock_mhz"], row["cycles"], row) for row in boards["boards"]
    ]
    rows += [
        (
            row["network"],
            row["fmax_mhz"],
            {"latency": row["latency"], "interval": row["interval"]},
            row,
        )
        for row in networks["rows"]
    ]
    head = ("network, board", "images/s", "latency, µs", "at MHz")
    head += ("logic cells", "block RAM", "Fmax")
    lines = [
        (
            f"{network}, {row['board']}",
            f"**{1e6 * clock / cycles['interval']:,.0f}**",
            f"{cycles['latency'] / clock:,.1f}",
            f"{clock:.1f}",
            _share(row, "lut"),
            _share(row, "bram"),
            f"{row['fmax_mhz']:.1f}",
        )
        for network, clock, cycles, row in rows
    ]
    return f"""## On one screen
{table(head, lines)}

- Cycles are predicted exactly; every row was simulated without a mismatch, then placed and routed.
  Nothing was run on a board yet. Rates are those at the clock beside them: of the bitstream for
  digits, which is what a board runs at, and the highest that routing reached for the others.
- A processing element takes no more cells than the same written plainly, and at best this much
  less: {_saved(elements)}.
- The planner's estimate of logic cells is off on average by {_errors(estimates)}.

What follows has the commands, the conditions and everything else that was measured.
"""


def _share(row: dict, kind: str) -> str:
    part = row["utilization"][kind]
    return f"{part['used']:,} ({part['used'] / part['available']:.0%})"


def _saved(record: dict) -> str:
    """Largest share of cells that the element saves, of each family."""
    cells: dict[tuple, dict[str, int]] = {}
    for row in record["rows"]:
        key = (row["family"], row["simd"], row["bits"])
        cells.setdefault(key, {})[row["form"]] = row["cells"]
    best: dict[str, float] = {}
    for (family, *_), forms in cells.items():
        saved = 1 - forms["pe"] / forms["form_c"]
        best[family] = max(best.get(family, 0.0), saved)
    return ", ".join(f"{share:.0%} ({family})" for family, share in best.items())


def _errors(record: dict) -> str:
    shares = ((family, error["cells_mean"]) for family, error in sorted(record["errors"].items()))
    return ", ".join(f"{share:.0%} ({family})" for family, share in shares)
