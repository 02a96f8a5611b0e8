"""The same tasks as published generators of accelerators: cycles and area beside theirs.

    python benchmarks/peers.py [--json FILE] [--plot FILE]
    python benchmarks/peers.py --recorded FILE --plot FILE

TinyConv on an ECP5-25F, against rlx-fpga: planned by ``fit``, simulated in Verilator, placed and
routed. A ternary convolution in every folding, against NNgen: synthesised by Yosys, and a few
foldings simulated, too. Cells are LUT4s, 2 for each CCU2C and 4 for each TRELLIS_DPR16X4. The plot
is of that convolution.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

from matplotlib.axes import Axes
from plots import BLUE, INK, ORANGE, PALE, drawn, headed
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import threefold
from threefold.fpga.ecp5 import ECP5
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import Codes, Network, Tensor
from threefold.plan import Cycles, Folding, Plan, fold
from threefold.references import Builder, random_images, tiny_conv
from threefold.sim.simulate import simulate
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

__all__ = ["FOLDINGS", "RLX", "convolution", "front", "gain", "measure", "plan_of", "plot"]

RLX = {"cycles": 672_533, "clock_mhz": 25, "multipliers": 27}
"""What rlx-fpga takes for an inference of its TinyConv on an ECP5-25F."""

INTERVALS = {"fastest": None}
"""Cycles between images that TinyConv is planned for; None for as few as there can be."""

NNGEN = ({"cycles": 8_794, "cells": 21_600}, {"cycles": 1_122, "cells": 44_500})
"""What NNgen takes for the convolution, in two of its foldings."""

FOLDINGS = tuple((pe, simd) for pe in (1, 2, 4, 8, 16) for simd in (1, 2, 4, 8))
WIDE = ((1, 1), (4, 8), (16, 8))
"""Foldings measured with activations of 8 bits as well."""

SIMULATED = ((1, 1), (1, 8), (4, 2), (8, 4), (16, 1), (16, 8))
IMAGES = 8
CLOCK_MHZ = 100


def tiny(name: str, interval: int | None) -> dict:
    """Figures of TinyConv on a ULX3S with an ECP5-25F."""
    network = tiny_conv()
    with tempfile.TemporaryDirectory() as folder:
        speed = {"fastest": True} if interval is None else {"interval": interval}
        project = threefold.Project.create(
            network, Path(folder, "tiny"), board="ulx3s_25f", **speed
        )
        simulated = project.simulate(random_images(network.input, IMAGES, seed=1))
        built = project.build(clock_mhz=CLOCK_MHZ, seeds=3, timing_allow_fail=True)
    foldings = project.plan.foldings()
    return {
        "name": name,
        "device": project.board.device.name,
        "clock_mhz": built.clock_mhz,
        "fmax_mhz": round(built.fmax_mhz, 2),
        "seed": built.seed,
        "cycles": _cycles(simulated.cycles),
        "predicted_cycles": _cycles(project.plan.cycles),
        "utilization": built.utilization,
        "tools": built.tools | {"verilator": find("verilator").version},
        "foldings": {layer: str(f).replace("×", "x") for layer, f in foldings.items()},
        "lanes": sum(f.lanes for f in foldings.values()),
        "beats_compared": simulated.beats,
    }


def _cycles(cycles: Cycles) -> dict:
    return {"latency": cycles.latency, "interval": cycles.interval}


def convolution(bits: int = 4) -> Network:
    """16 filters of 3×3 over maps of 8×8×8, stride 1, padding 1, and their thresholds."""
    codes = Codes.unsigned(bits)
    builder = Builder("conv", Tensor((8, 8, 8), codes), 0)
    builder.layer("conv", 16, (3, 3), codes, padding=(1, 1, 1, 1))
    return builder.network()


def plan_of(pe: int, simd: int, bits: int = 4) -> Plan:
    """The convolution on PE × SIMD lanes."""
    return fold(convolution(bits), {"conv": Folding(pe, simd)})


def measure(pe: int, simd: int, bits: int = 4, *, simulated: bool = False) -> dict:
    """Predicted cycles and synthesised area of a folding, as a row of the table."""
    plan = plan_of(pe, simd, bits)
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(Accelerator(plan), ECP5, folder)
        measured = run(plan, Path(folder)) if simulated else None
    return {
        "pe": pe,
        "simd": simd,
        "bits": bits,
        "latency": plan.cycles.latency,
        "interval": plan.cycles.interval,
        "cells": cells.lut,
        "ff": cells.ff,
        "bram": cells.bram,
        "dsp": cells.dsp,
        "simulated": measured,
    }


def run(plan: Plan, folder: Path) -> dict:
    """Latency and interval in Verilator, every beat compared with the golden model."""
    rtl = folder / "conv.v"
    rtl.write_text(to_verilog(Accelerator(plan), plan.network.name))
    images = random_images(plan.network.input, max(IMAGES, plan.cycles.images), seed=1)
    result = simulate(plan, rtl, images, folder / "sim")
    return {
        "latency": result.cycles.latency,
        "interval": result.cycles.interval,
        "beats_compared": result.beats,
        "images": result.images,
    }


def front(rows: Iterable[dict]) -> list[dict]:
    """Those that no other is at least as fast and as small as, fastest first."""
    kept = []
    for row in sorted(rows, key=lambda row: (row["latency"], row["cells"])):
        if not kept or row["cells"] < kept[-1]["cells"]:
            kept.append(row)
    return kept


def gain(rows: Iterable[dict], point: dict) -> dict:
    """The smallest folding that is faster than a point of NNgen."""
    faster = [row for row in rows if row["latency"] < point["cycles"]]
    return min(faster, key=lambda row: row["cells"])


def plot(rows: Iterable[dict], file: Path) -> None:
    """Draw cells over latency of all foldings, their Pareto front, and NNgen's two points."""
    rows = [row for row in rows if row["bits"] == 4]
    with drawn(file, 9.6, 5.6) as figure:
        axes = figure.add_axes((0.085, 0.115, 0.895, 0.755))
        _scales(axes)
        _draw_peer(axes)
        _draw_foldings(axes, rows)
        headed(
            figure,
            "3×3 ternary convolution, 8×8×8 → 8×8×16: every folding, and NNgen",
            "ECP5 cells (LUT4 + 2 per CCU2C) over latency; points are labelled PE × SIMD",
            (0.955, 0.905),
        )


def _scales(axes: Axes):
    axes.set(xscale="log", yscale="log", xlim=(390, 60_000), ylim=(190, 90_000))
    axes.set_xlabel("latency of an image, clock cycles")
    for axis, ticks in (
        (axes.xaxis, (500, 1000, 2000, 5000, 10_000, 20_000, 50_000)),
        (axes.yaxis, (200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)),
    ):
        axis.set_ticks(ticks, [f"{tick:,}" for tick in ticks])
        axis.set_ticks((), minor=True)
        axis.grid(color="#e3e7eb", linewidth=0.8)
    axes.set_axisbelow(True)


def _draw_peer(axes: Axes):
    for point in NNGEN:
        x, y = point["cycles"], point["cells"]
        axes.fill_between([axes.get_xlim()[0], x], 1, y, color=ORANGE, alpha=0.06, linewidth=0)
        axes.plot(x, y, "D", color=ORANGE, markersize=9, zorder=4)
        axes.annotate(
            f"NNgen\n{x:,} cycles, {y / 1000:.1f} k LUTs",
            (x, y),
            xytext=(12, 0),
            textcoords="offset points",
            va="center",
            color=ORANGE,
            linespacing=1.35,
        )
    axes.annotate(
        "shaded: fewer cycles and fewer LUTs than NNgen",
        (0, 0),
        xycoords="axes fraction",
        xytext=(10, 12),
        textcoords="offset points",
        color=ORANGE,
        fontsize=11,
    )


def _draw_foldings(axes: Axes, rows: list[dict]):
    best = front(rows)
    others = [row for row in rows if row not in best]
    line = [[row[key] for row in best] for key in ("latency", "cells")]
    axes.step(*line, where="post", color=BLUE, linewidth=1.6, alpha=0.75, zorder=2)
    for some, color, size in ((others, PALE, 6), (best, BLUE, 8)):
        x, y = ([row[key] for row in some] for key in ("latency", "cells"))
        axes.plot(x, y, "o", color=color, markersize=size, markeredgecolor="white", zorder=3)
    for row in best:
        axes.annotate(
            f"{row['pe']}×{row['simd']}",
            (row["latency"], row["cells"]),
            xytext=(-6, -7),
            textcoords="offset points",
            ha="right",
            va="top",
            color=BLUE,
            fontweight="bold",
        )
    for point in NNGEN:
        _draw_gain(axes, point, gain(rows, point))


def _draw_gain(axes: Axes, point: dict, ours: dict):
    axes.annotate(
        "",
        (ours["latency"], ours["cells"]),
        (point["cycles"], point["cells"]),
        arrowprops={
            "arrowstyle": "-|>",
            "color": "#7b8792",
            "linestyle": (0, (4, 3)),
            "shrinkA": 8,
            "shrinkB": 7,
        },
    )
    axes.text(
        (point["cycles"] * ours["latency"]) ** 0.5 * 1.15,
        (point["cells"] * ours["cells"]) ** 0.5,
        f"{point['cells'] / ours['cells']:.0f}× fewer LUTs,\n"
        f"{point['cycles'] / ours['latency']:.1f}× fewer cycles",
        color=INK,
        va="center",
        linespacing=1.35,
    )


def table(record: dict) -> Table:
    """The foldings as text."""
    out = Table("PE x SIMD", "bits", title="8x8x8 to 16 channels, 3x3, ternary")
    for name in ("latency", "interval", "cells", "block RAM", "simulated"):
        out.add_column(name, justify="right")
    for row in record["convolution"]:
        figures = (f"{row[key]:,.0f}" for key in ("latency", "interval", "cells", "bram"))
        out.add_row(
            f"{row['pe']}x{row['simd']}",
            str(row["bits"]),
            *figures,
            "yes" if row["simulated"] else "",
        )
    return out


def record_all(progress: Progress) -> dict:
    """Every figure of the page."""
    jobs = [(pe, simd, 4, (pe, simd) in SIMULATED) for pe, simd in FOLDINGS]
    jobs += [(pe, simd, 8, False) for pe, simd in WIDE]
    rows = [
        measure(pe, simd, bits, simulated=simulated)
        for pe, simd, bits, simulated in progress.track(jobs, description="Convolution")
    ]
    planned = progress.track(INTERVALS.items(), description="TinyConv")
    return {
        "convolution": rows,
        "nngen": list(NNGEN),
        "rlx": RLX,
        "tiny_conv": [tiny(*case) for case in planned],
        "yosys": find("yosys").version,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the foldings (SVG or PNG)")
    parser.add_argument("--recorded", type=Path, metavar="FILE", help="measure nothing, read these")
    arguments = parser.parse_args()
    if arguments.recorded:
        record = json.loads(arguments.recorded.read_text())
    else:
        with Progress(console=Console(stderr=True)) as progress:
            record = record_all(progress)
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    if arguments.plot:
        plot(record["convolution"], arguments.plot)
    Console(width=120).print(table(record))


if __name__ == "__main__":
    main()
