"""Text of what ``peers.py`` measured."""

from page_table import table, versions

__all__ = ["convolution", "tiny_conv"]


def tiny_conv(record: dict) -> str:
    """The section of docs/benchmarks.md on a small network, from what ``peers.py`` recorded."""
    peer, rows = record["rlx"], []
    rows.append(
        (
            "rlx-fpga, published",
            f"{peer['multipliers']} multipliers",
            f"{peer['cycles']:,}",
            "–",
            f"{peer['clock_mhz']}",
            f"{peer['cycles'] / peer['clock_mhz']:,.0f}",
            *("–",) * 4,
        )
    )
    for run in record["tiny_conv"]:
        cycles, used = run["cycles"], run["utilization"]
        clock = min(run["fmax_mhz"], run["clock_mhz"])
        rows.append(
            (
                f"ours, {run['name']}",
                f"{run['lanes']} lanes",
                f"**{cycles['latency']:,}**",
                f"{cycles['interval']:,.0f}",
                f"{clock:.1f}",
                f"{cycles['latency'] / clock:,.0f}",
                *(f"{used[key]['used']:,}" for key in ("lut", "ff", "bram", "dsp")),
            )
        )
    head = ("", "arithmetic", "latency, cycles", "interval", "clock MHz", "latency µs")
    head += ("logic cells", "FF", "block RAM", "DSP")
    folded = "; ".join(
        f"{run['name']} " + ", ".join(f"{name} {size}" for name, size in run["foldings"].items())
        for run in record["tiny_conv"]
    )
    tools = versions(run["tools"] for run in record["tiny_conv"])
    fmax = ", ".join(f"{run['fmax_mhz']:.1f} MHz" for run in record["tiny_conv"])
    ratio = peer["cycles"] / record["tiny_conv"][0]["cycles"]["latency"]
    return f"""## TinyConv on an ECP5-25F, beside rlx-fpga
`benchmarks/peers.py`, {tools}. Two 3 × 3
convolutions of 8 and 16 filters, each with a pool, and 10 classes of 28 × 28 pixels of 8 bits.
Theirs has weights and activations of 8 bits; ours ternary weights, random here, and activations
of 4 bits. Planned by `fit` for the ULX3S, simulated in Verilator without a mismatch and in as
many cycles as predicted, placed and routed with the board's serial line for
{record["tiny_conv"][0]["clock_mhz"]:g} MHz, and routed it holds {fmax}.
An image takes {ratio:.0f} times fewer cycles. PE × SIMD: {folded}.

{table(head, rows)}
"""


def convolution(record: dict) -> str:
    """The section of docs/benchmarks.md on one layer, from what ``peers.py`` recorded."""
    all_rows = record["convolution"]
    narrow = [row for row in all_rows if row["bits"] == 4]
    rows = []
    for peer in record["nngen"]:
        figures = (f"{peer['cycles']:,}", "–", f"{peer['cells']:,}", "–", "–")
        rows.append(("NNgen", *figures))
    for row in sorted(narrow, key=lambda row: row["latency"]):
        figures = (f"{row[key]:,.0f}" for key in ("latency", "interval", "cells", "bram"))
        simulated = "yes" if row["simulated"] else ""
        rows.append((f"{row['pe']} × {row['simd']}", *figures, simulated))
    gains = []
    for peer in record["nngen"]:
        fewer = [row for row in narrow if row["latency"] < peer["cycles"]]
        best = min(fewer, key=lambda row: row["cells"])
        gains.append(
            f"{best['pe']} × {best['simd']} takes {best['latency']:,} cycles and "
            f"{best['cells']:,} cells against {peer['cycles']:,} and {peer['cells']:,}, "
            f"{peer['cells'] / best['cells']:.0f} times less area"
        )
    wide = ", ".join(
        f"{row['pe']} × {row['simd']} {row['latency']:,} cycles and {row['cells']:,} cells"
        for row in all_rows
        if row["bits"] == 8
    )
    head = ("PE × SIMD", "latency, cycles", "interval", "cells", "block RAM", "simulated")
    return f"""## A ternary convolution in every folding, beside NNgen
`benchmarks/peers.py`, Yosys {record["yosys"]}, `synth_ecp5`. Maps of 8 × 8 × 8,
16 filters of 3 × 3, stride 1, padding 1, codes of 4 bits in and out, half of the weights zeros;
a tile of nothing but zeros is skipped, which is why 1 × 1 takes half of its 73,728 cycles.
Cells are LUT4s, 2 for each CCU2C and 4 for each TRELLIS_DPR16X4; nothing is placed, and there is no
multiplier. NNgen's area is in LUTs, and its code widths are not known to us; with codes of 8 bits
ours are: {wide}.
Cycles are predicted; those of foldings marked as simulated were measured in Verilator and are
equal, with every beat compared.

{gains[0]}; {gains[1]}.

![Cells over latency of every folding, with NNgen's two points far above](foldings.svg)

{table(head, rows)}
"""
