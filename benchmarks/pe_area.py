"""Area of one processing element with a 16-bit accumulator, beside the textbook form of it.

    python benchmarks/pe_area.py [FAMILY ...] [--json FILE]

``cells`` counts what Yosys maps to: LUT4s, on ECP5 with 2 for each CCU2C, on Gowin and GateMate
with 1 for each bit of a sum. ``packed`` is what nextpnr makes of that: LUT, carry and flip-flop
share a logic cell on iCE40 if they can, and an adder's carry-out takes one more. "Digits" is the
element whose accumulator doubles, for weights of several digits. FILE keeps its rows of other
families.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold import fpga
from threefold.fpga import FAMILIES
from threefold.fpga.ecp5 import ECP5
from threefold.fpga.gatemate import GATEMATE
from threefold.fpga.ice40 import ICE40
from threefold.hw.pe import PE, Weight
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise
from threefold.tools.toolchain import find

SUM_BITS = 16
POINTS = [(simd, bits) for simd in (1, 8, 32) for bits in (1, 2, 4, 8)]
FORMS = ("pe", "digits", "form_c")
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
# The largest device, in a package that has pins for every port of a PE, where ports are pins.
_DEVICES = {
    ICE40.name: ("--hx8k", "--package", "ct256"),
    ECP5.name: ("--85k", "--package", "CABGA756"),
}
# Where the largest device has too few, a PE has no pins; a block RAM would need them.
_WITHOUT_PINS = {
    GATEMATE.name: {
        "component_options": "-noiopad -noclkbuf",
        "component_script": "delete -port w:*",
    }
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


_COMPONENTS = {"pe": PE, "digits": partial(PE, doubles=True), "form_c": FormC}


def measure(family: str, form: str, simd: int, bits: int) -> dict:
    """Area of one form at one point, as a row of the table."""
    component = _COMPONENTS[form](bits=bits, simd=simd, sum_bits=SUM_BITS)
    built_for = fpga.get(family)
    flow = replace(built_for.flow, **_WITHOUT_PINS.get(family, {}))
    built_for = replace(built_for, tools=flow)
    with tempfile.TemporaryDirectory() as folder:
        cells = synthesise(component, built_for, folder)
        packed = pack(built_for, folder, device=_DEVICES.get(family))
    return {
        "family": family,
        "form": form,
        "simd": simd,
        "bits": bits,
        "cells": cells.lut,
        "flip_flops": cells.ff,
        "packed": packed["lut"],
    }


def table(rows: list[dict]) -> Table:
    """The forms of a point beside each other."""
    found = {(r["family"], r["form"], r["simd"], r["bits"]): r for r in rows}
    out = Table("family", "lanes", "bits", title="One PE, 16-bit accumulator")
    forms = ("digits", "form C")
    for name in ("cells", *forms, "published", "packed", *forms, "FFs", "form C"):
        out.add_column(name, justify="right")
    for family in dict.fromkeys(row["family"] for row in rows):
        for simd, bits in POINTS:
            ours, digits, form_c = (found[family, form, simd, bits] for form in FORMS)
            figures = [
                ours["cells"],
                digits["cells"],
                form_c["cells"],
                PUBLISHED.get((family, simd, bits), "–"),
                ours["packed"],
                digits["packed"],
                form_c["packed"],
                ours["flip_flops"],
                form_c["flip_flops"],
            ]
            out.add_row(family, str(simd), str(bits), *map(str, figures))
        out.add_section()
    return out


def kept(path: Path, rows: list[dict]) -> list[dict]:
    """``rows``, and those of other families from a file that may hold some, by family."""
    others = json.loads(path.read_text())["rows"] if path.exists() else []
    measured = {row["family"] for row in rows}
    rows = [*rows, *(row for row in others if row["family"] not in measured)]
    order = list(FAMILIES)
    return sorted(rows, key=lambda row: order.index(row["family"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help="all if none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    jobs = [
        (fpga.get(family).name, form, simd, bits)
        for family in arguments.families or FAMILIES
        for simd, bits in POINTS
        for form in FORMS
    ]
    with Progress(console=Console(stderr=True)) as progress:
        rows = [measure(*job) for job in progress.track(jobs, description="Synthesis")]
    if arguments.json:
        published = [[*point, cells] for point, cells in PUBLISHED.items()]
        document = {
            "sum_bits": SUM_BITS,
            "yosys": f"Yosys {find('yosys').version}",
            "rows": kept(arguments.json, rows),
        }
        document["published"] = published
        arguments.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    Console(width=100).print(table(rows))


if __name__ == "__main__":
    main()
