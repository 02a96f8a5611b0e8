"""Area of each form of a requantizer, and what planning expects of it.

    python benchmarks/requantizers.py [--json FILE]

``cells`` are LUTs, and on iCE40 what nextpnr packs: logic cells with a LUT or without.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold import fpga
from threefold.fpga import ECP5, ICE40
from threefold.hw.requantizer import Requantizer
from threefold.plan.even import EvenThresholds, even_thresholds
from threefold.plan.requantize import FORMS
from threefold.plan.requantizer_area import requantizer_resources
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find, run

FAMILIES = (ICE40.name, ECP5.name)  # those that the estimate is calibrated with


@dataclass(frozen=True)
class Point:
    """Size of a requantizer."""

    channels: int
    bits: int
    accumulator_bits: int
    lanes: int

    @property
    def name(self) -> str:
        bits = f"{self.bits} bit of {self.accumulator_bits}"
        return f"{self.channels} channels, {bits}, {self.lanes} lanes"


POINTS = (
    Point(64, 1, 12, 1),
    Point(64, 2, 12, 1),
    Point(64, 4, 12, 1),
    Point(1, 4, 12, 1),
    Point(16, 2, 12, 1),
    Point(64, 4, 12, 4),
    Point(256, 4, 16, 2),
    Point(64, 2, 8, 8),
)


def uneven(point: Point) -> np.ndarray:
    """Random thresholds."""
    rng = np.random.default_rng(point.bits)
    size = (point.channels, 2**point.bits - 1)
    return np.sort(rng.integers(0, 2**point.accumulator_bits - 1, size), axis=1)


def even(point: Point) -> np.ndarray:
    """Thresholds from a random start on, at a random distance."""
    rng = np.random.default_rng(point.bits)
    values, codes = 2**point.accumulator_bits - 1, 2**point.bits
    starts = rng.uniform(0, values / 2, (point.channels, 1))
    distances = rng.uniform(0.2, 0.5, (point.channels, 1)) * values / codes
    return np.ceil(starts + distances * np.arange(codes - 1)).astype(int)


def lines(point: Point) -> EvenThresholds:
    """What :func:`even` lies on."""
    largest = np.full(point.channels, 2**point.accumulator_bits - 2)
    found = even_thresholds(even(point), largest)
    assert found is not None
    return found


def measure(family: str, form: str, point: Point) -> dict:
    """Estimate and synthesis of one requantizer, as a row of the table."""
    component = Requantizer(
        even(point) if form == "divider" else uneven(point),
        accumulator_bits=point.accumulator_bits,
        lanes=point.lanes,
        form=form,
        even=lines(point) if form == "divider" else None,
    )
    expected = estimate(family, form, point)
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(component, fpga.get(family), folder)
        bare = fpga.get(family).counts_bare_cells
        packed = _packed(Path(folder)) if bare else cells.lut
    return {
        "family": family,
        "form": form,
        "point": point.name,
        "lut_estimated": round(expected.lut),
        "lut": cells.lut,
        "cells_estimated": round(expected.cells if bare else expected.lut),
        "cells": packed,
        "bram_estimated": expected.bram,
        "bram": cells.bram,
        "ff": cells.ff,
    }


def estimate(family: str, form: str, point: Point):
    """What planning expects."""
    line = lines(point) if form == "divider" else None
    return requantizer_resources(
        form,
        channels=point.channels,
        bits=point.bits,
        accumulator_bits=point.accumulator_bits,
        lanes=point.lanes,
        family=fpga.get(family),
        word_bits=line and line.word_bits,
        stored_bits=line and line.stored_bits,
    )


def _packed(folder: Path) -> int:
    options = ["--hx8k", "--package", "ct256", "--json", "top.json", "--pack-only"]
    run("nextpnr-ice40", [*options, "--report", "r.json"], cwd=folder, log=folder / "pack.log")
    return json.loads((folder / "r.json").read_text())["utilization"]["ICESTORM_LC"]["used"]


def errors(rows: list[dict]) -> dict:
    """For each family the mean and the worst error of LUTs and of cells, as shares."""
    result = {}
    for family in FAMILIES:
        mine = [row for row in rows if row["family"] == family]
        for figure in ("lut", "cells"):
            off = [abs(row[f"{figure}_estimated"] / row[figure] - 1) for row in mine]
            result.setdefault(family, {})[f"{figure}_mean"] = round(float(np.mean(off)), 3)
            result[family][f"{figure}_worst"] = round(max(off), 3)
    return result


def table(rows: list[dict]) -> Table:
    """Estimates beside syntheses."""
    out = Table("family", "form", "requantizer", title="Requantizers")
    for name in ("LUTs, about", "LUTs", "cells, about", "cells", "BRAMs, about", "BRAMs", "FFs"):
        out.add_column(name, justify="right")
    for row in rows:
        out.add_row(*(str(value) for value in row.values()))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    jobs = [(family, form, point) for family in FAMILIES for form in FORMS for point in POINTS]
    with Progress(console=Console(stderr=True)) as progress:
        rows = [measure(*job) for job in progress.track(jobs, description="Synthesis")]
    if arguments.json:
        document = {"errors": errors(rows), "rows": rows, "yosys": find("yosys").version}
        arguments.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    Console(width=130).print(table(rows))


if __name__ == "__main__":
    main()
