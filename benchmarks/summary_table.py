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
        ("digits, 64-64-64-10", row["board"], row["inferences_per_second"], row["latency_us"], row)
        for row in boards["boards"]
    ]
    rows += [
        (
            row["network"],
            row["board"],
            row["images_per_second"],
            row["latency"] / row["fmax_mhz"],
            row,
        )
        for row in networks["rows"]
    ]
    head = ("network, board", "images/s", "latency, µs", "logic cells", "block RAM", "Fmax MHz")
    lines = [
        (
            f"{network}, {board}",
            f"**{rate:,.0f}**",
            f"{latency:,.1f}",
            _share(row, "lut"),
            _share(row, "bram"),
            f"{row['fmax_mhz']:.1f}",
        )
        for network, board, rate, latency, row in rows
    ]
    return f"""## On one screen
{table(head, lines)}

- Cycles are predicted exactly; every row was simulated without a mismatch, then placed and routed.
  Nothing was run on a board yet.
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
