"""The resource model of planning beside what Yosys and nextpnr make of the same accelerators.

    python benchmarks/resource_model.py [FAMILY ...] [--json FILE]

Dense networks of several widths and code widths, and convolutional ones of random shapes with
pools, groups and residuals, are folded at random, with requantizers in all forms. Each accelerator
is synthesised and packed whole. LUTs are LUT4s, on ECP5 with 2 for each CCU2C; logic cells are
those that nextpnr packs them into with flip-flops and carries. FILE keeps its rows of other
families.

Three constants of each family's ``ReaderCost`` are fitted to these accelerators, and printed.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from pe_area import kept
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold import fpga
from threefold.fpga import FAMILIES
from threefold.hw.accelerator import Accelerator
from threefold.network import (
    Add,
    ArgMax,
    Codes,
    Dense,
    Logits,
    MaxPool,
    Network,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.plan import Folding, Plan, Unit, fold, lower
from threefold.plan.layers import ConvLayer
from threefold.plan.requantize import forms_for
from threefold.plan.search.fold import plan_of
from threefold.plan.units.window_unit import WindowUnit
from threefold.references import Builder
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

MOST_LANES = 160
SEARCHES = forms_for(even=False)


@dataclass(frozen=True)
class Point:
    """A network and the seed of its weights and folding.

    Parameters
    ----------
    widths : tuple of int
        Inputs, and outputs of every layer.
    bits : int
        Width of the activations.
    seed : int
    """

    widths: tuple[int, ...]
    bits: int
    seed: int

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.widths))}, {self.bits} bit, seed {self.seed}"


@dataclass(frozen=True)
class MapPoint:
    """The seed of a convolutional network with two blocks and 5 classes, and of its folding.

    Parameters
    ----------
    seed : int
    """

    seed: int

    @property
    def name(self) -> str:
        return f"maps, seed {self.seed}"


POINTS = (
    *(Point((64, 64, 64, 10), 4, seed) for seed in range(3)),
    Point((64, 64, 10), 2, 0),
    *(Point((64, 32, 32, 10), 2, seed) for seed in (1, 2)),
    Point((32, 48, 16, 10), 1, 1),
    Point((36, 24, 24, 6), 3, 1),
    *(MapPoint(seed) for seed in range(11)),
)


@cache
def make_plan(point: Point | MapPoint) -> Plan:
    """Half of the weights are zeros; no layer has more than ``MOST_LANES`` lanes."""
    if isinstance(point, MapPoint):
        return _map_plan(point)
    rng = np.random.default_rng([point.seed, point.bits, *point.widths])
    codes = Codes.unsigned(point.bits)
    ops, layers = [], len(point.widths) - 1
    for number, (columns, rows) in enumerate(pairwise(point.widths), 1):
        dense = Dense(rng.choice([-1, 0, 0, 1], (rows, columns)))
        ops.append((f"fc{number}", dense))
        if number < layers:
            spread = 1 + int(codes.max_code * columns**0.5)
            thresholds = rng.integers(-spread, spread, (rows, codes.max_code))
            ops.append((f"act{number}", Threshold(np.sort(thresholds, axis=1))))
    ops += [("logits", Logits(rng.integers(-50, 50, rows))), ("classify", ArgMax())]
    network = Network.chain("sample", Tensor((1, 1, point.widths[0]), codes), ops)
    return fold(network, _foldings(rng, network))


def _foldings(rng: np.random.Generator, network: Network) -> dict[str, Folding]:
    foldings = {}
    for layer in lower(network):
        if isinstance(layer, ConvLayer):
            choices = [
                folding
                for pe in range(1, layer.rows + 1)
                for simd in range(1, layer.columns + 1)
                if layer.depth % simd == 0
                and pe * simd <= MOST_LANES
                and (folding := Folding(pe, simd)).divides(layer)
            ]
            foldings[layer.name] = choices[rng.integers(len(choices))]
    return foldings


def _map_plan(point: MapPoint) -> Plan:
    """A random convolutional network on random arrays, with requantizers of random forms."""
    rng = np.random.default_rng([point.seed, 77])
    bits = int(rng.choice([1, 2, 4, 8]))
    size, channels = int(rng.integers(6, 17)), int(rng.choice([1, 3, 4, 8, 16]))
    source = Tensor((size, size, channels), Codes.unsigned(int(rng.choice([bits, 8]))))
    builder = Builder("sample", source, point.seed)
    for number in (1, 2):
        codes = Codes.unsigned(int(rng.choice([1, 2, 4])))
        _block(rng, builder, str(number), codes)
    network = builder.classifier(5)
    plan = fold(network, _foldings(rng, network))
    return plan_of(network, tuple(_with_form(rng, unit) for unit in plan.units))


def _block(rng: np.random.Generator, builder: Builder, name: str, codes: Codes) -> None:
    kind = rng.choice(["plain", "pool", "sum", "depthwise", "residual"])
    kernel = int(rng.choice([1, 3, 5]))
    frame = {"padding": (kernel // 2,) * 4}
    filters = int(rng.choice([8, 12, 16, 32]))
    if kind == "plain":
        frame["stride"] = (int(rng.integers(1, 3)),) * 2
    builder.layer(f"conv{name}", filters, (kernel, kernel), codes, **frame)
    if kind == "pool":
        builder.add(f"pool{name}", MaxPool((2, 2), (2, 2)))
    elif kind == "sum":
        builder.add(f"pool{name}", SumPool((2, 2), (2, 2)))
        builder.threshold(f"codes{name}", codes)
    elif kind == "depthwise":
        frame = {"padding": (1, 1, 1, 1), "groups": filters}
        builder.layer(f"depth{name}", filters, (3, 3), codes, **frame)
    elif kind == "residual":
        start = builder.last
        branch = builder.layer(f"branch{name}", filters, (3, 3), codes, padding=(1, 1, 1, 1))
        builder.add(f"sum{name}", Add(), branch, start)
        builder.threshold(f"codes{name}", codes)


def _with_form(rng: np.random.Generator, unit: Unit) -> Unit:
    if unit.kind == "add":
        rng.choice(SEARCHES)  # drawn and not used when the figures on record were measured
    if "form" not in unit.decisions():
        return unit
    return replace(unit, form=str(rng.choice(SEARCHES)))


def measure(family: str, point: Point | MapPoint) -> dict:
    """Estimate, synthesis and packing of one accelerator, as a row of the table."""
    plan = make_plan(point)
    expected = plan.resources(fpga.get(family))
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(Accelerator(plan), fpga.get(family), folder, name="sample")
        packed = pack(fpga.get(family), folder, name="sample")
    readers = [unit for unit in plan.units if isinstance(unit, WindowUnit)]
    foldings = [str(fold).replace("×", "x") for fold in plan.foldings().values()]
    return {
        "family": family,
        "network": point.name,
        "foldings": " ".join(foldings),
        "lut_estimated": round(expected.lut, 2),
        "lut": cells.lut,
        "cells_estimated": round(expected.cells, 2),
        "cells": packed["lut"],
        "ff": cells.ff,
        "readers": len(readers),
        "beyond_bits": sum(unit.beyond_bits for unit in readers),
        "bram_estimated": expected.bram,
        "bram": cells.bram,
    }


def errors(rows: list[dict]) -> dict:
    """For each family how far the estimates are off, as shares, and in blocks for block RAM."""
    result = {}
    for family in _families(rows):
        mine = [row for row in rows if row["family"] == family]
        lut = [abs(row["lut_estimated"] / row["lut"] - 1) for row in mine]
        cells = [row["cells_estimated"] / row["cells"] - 1 for row in mine]
        bram = [abs(row["bram_estimated"] - row["bram"]) for row in mine]
        result[family] = {
            "lut_mean": round(float(np.mean(lut)), 3),
            "lut_worst": round(max(lut), 3),
            "cells_mean": round(float(np.mean(np.abs(cells))), 3),
            "cells_bias": round(float(np.mean(cells)), 3),
            "cells_worst": round(max(map(abs, cells)), 3),
            "bram_mean": round(float(np.mean(bram)), 3),
            "bram_worst": max(bram),
        }
    return result


def _families(rows: list[dict]) -> dict[str, None]:
    return dict.fromkeys(row["family"] for row in rows)


def fitted(rows: list[dict]) -> dict:
    """Constants of each family's window readers that bring the estimates of ``rows`` nearest.

    Squares of errors are least, as shares of the LUTs for ``each``, and of the logic cells for
    ``bare`` and ``bare_beyond``. The other constants are taken as they are.
    """
    result = {}
    for name in _families(rows):
        mine = [row for row in rows if row["family"] == name]
        lut, lut_estimated, cells, cells_estimated, readers, beyond = (
            np.array([row[key] for row in mine], float) for key in _FITTED
        )
        cost = fpga.get(name).reader
        (each,) = _least_squares([readers], lut - lut_estimated + cost.each * readers, lut)
        without_lut = cells - lut - (cells_estimated - lut_estimated)
        without_lut += cost.bare * readers + cost.bare_beyond * beyond
        bare, bare_beyond = _least_squares([readers, beyond], without_lut, cells)
        result[name] = {"each": each, "bare": bare, "bare_beyond": bare_beyond}
    return result


_FITTED = ("lut", "lut_estimated", "cells", "cells_estimated", "readers", "beyond_bits")


def _least_squares(features: list[np.ndarray], wanted: np.ndarray, whole: np.ndarray) -> list:
    """Factors of the features, to one decimal, for the least squares of shares of a whole."""
    found = np.linalg.lstsq(np.stack(features, axis=1) / whole[:, None], wanted / whole)[0]
    return [round(float(factor), 1) for factor in found]


def table(rows: list[dict]) -> Table:
    """Estimates beside syntheses."""
    out = Table("family", "network", "PE x SIMD", title="Estimated and real resources")
    for name in ("LUTs, about", "LUTs", "cells, about", "cells", "error", "BRAMs, about", "BRAMs"):
        out.add_column(name, justify="right")
    for row in rows:
        out.add_row(
            row["family"],
            row["network"],
            row["foldings"],
            f"{row['lut_estimated']:,.0f}",
            f"{row['lut']:,}",
            f"{row['cells_estimated']:,.0f}",
            f"{row['cells']:,}",
            f"{row['cells_estimated'] / row['cells'] - 1:+.0%}",
            str(row["bram_estimated"]),
            str(row["bram"]),
        )
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="all if none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    families = [fpga.get(name).name for name in arguments.families or FAMILIES]
    jobs = [(family, point) for family in families for point in POINTS]
    with Progress(console=Console(stderr=True)) as progress:
        rows = [measure(*job) for job in progress.track(jobs, description="Synthesis")]
    if arguments.json:
        rows = kept(arguments.json, rows)
    found, constants = errors(rows), fitted(rows)
    if arguments.json:
        document = {"errors": found, "fitted": constants, "rows": rows}
        document["tools"] = {name: find(name).version for name in _TOOLS}
        arguments.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    console = Console(width=120)
    console.print(table(rows))
    for family, error in found.items():
        console.print(
            f"{family}: LUTs {error['lut_mean']:.0%} off on average, {error['lut_worst']:.0%} at "
            f"worst; logic cells {error['cells_mean']:.0%} and {error['cells_worst']:.0%}; "
            f"block RAMs {error['bram_mean']:.1f} and {error['bram_worst']}"
        )
        figures = ", ".join(f"{key}={value}" for key, value in constants[family].items())
        console.print(f"{family}: ReaderCost fitted to these: {figures}")


_TOOLS = ("yosys", *(family.flow.nextpnr.name for family in FAMILIES.values()))


if __name__ == "__main__":
    main()
