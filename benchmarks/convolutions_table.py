"""Text of what ``convolutions.py`` measured."""

from statistics import linear_regression

from page_table import table

__all__ = ["convolutions"]


def convolutions(record: dict) -> str:
    """The section of docs/benchmarks.md, from what ``convolutions.py`` recorded."""
    rows, found = [], record["conditions"]
    for row in record["rows"]:
        low, high = row["utilization_without_padding"]
        inside = f"{high:.1%}" if low == high else f"{low:.1%}…{high:.1%}"
        rows.append(
            (
                row["network"],
                f"{row['lanes']:,}",
                *(f"{row['measured'][key]:,}" for key in ("latency", "interval")),
                f"{row['beats_compared']:,} + {row['stalled_beats_compared']:,}",
                f"**{row['utilization']:.1%}**",
                inside,
                f"{row['generate_seconds']['all']:.1f}",
                f"{row['compile_seconds']:.0f}",
                f"{row['cycles_per_second']:,.0f}",
            )
        )
    head = ("network", "lanes", "latency", "interval", "beats compared", "array used")
    head += ("padding not counted", "generate s", "compile s", "cycles/s")
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"""## Convolutional networks in simulation
`benchmarks/convolutions.py`, random weights, half of them zeros; {versions}. No beat of any stream
differs from the golden model, neither without stalls, where latency and interval are those
predicted, to the cycle, nor in {STALLED.format(**record["rows"][0])}. The array is used in a cycle
in which it works on a tile, zero weights included, of the engine with the most tiles, over the
measured interval. A position in the padding is read as zero and counts as a tile; the next column
counts only those inside the map, from the least to the most of the engines with as many tiles.

{table(head, rows)}

{_speed(record)}
"""


STALLED = "{stalled_images} images more with stalls in {stalls:.0%} of the cycles on both sides"


def _speed(record: dict) -> str:
    """Where the time of generation and simulation goes."""
    rows, found = record["rows"], record["conditions"]
    fit = linear_regression(
        [row["lanes"] for row in rows], [1e6 / row["cycles_per_second"] for row in rows]
    )
    resnet = next(row for row in rows if "cycles_per_second_unchecked" in row)
    seconds = resnet["generate_seconds"]
    whole = 1e6 / resnet["cycles_per_second"]
    unchecked = resnet["cycles_per_second_unchecked"]
    return f"""Seconds are of processor time ({found["processor"]}, {found["cores"]} cores under a
load of {found["load"]}). Of the {seconds["all"]:.1f} s from network to Verilog that
{resnet["network"]} takes, {seconds["plan"]:.1f} s go to the plan, nearly all of it to the depths of
the FIFOs before additions, {seconds["amaranth"]:.1f} s to Amaranth and {seconds["yosys"]:.1f} s
to Yosys. Simulation takes {fit.intercept:.1f} µs a cycle and {1000 * fit.slope:.1f} ns a lane more,
fitted to these networks, so {fit.slope * resnet["lanes"] / whole:.0%} of the {whole:.1f} µs of
{resnet["network"]} grow with the arrays. With comparisons of the last stream alone it reaches
{unchecked:,.0f} cycles/s, not {resnet["cycles_per_second"]:,.0f}: the others cost
{_cost(resnet["cycles_per_second"], unchecked)}."""


def _cost(checked: float, unchecked: float) -> str:
    share = 1 - checked / unchecked
    return f"{share:.0%} of the time" if share >= 0.1 else "less than runs differ by, some 10%"
