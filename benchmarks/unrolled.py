"""Unrolled ternary layers beside the adder graphs of da4ml: cells, latency and frequency.

    python benchmarks/unrolled.py [--da4ml PYTHON] [--route] [--only TASK ...] [--json FILE]

A vector enters in each cycle. Weights are random, half of them zeros; a code is the sum divided by
a power of two, between 0 and 15. Both designs go through the same Yosys; with ``--route``, which
takes long, they are placed and routed on an ECP5, between two shift registers, once for each of
eight seeds; without it, frequencies stay as FILE has them. Ours is compared with the golden model
beat by beat, da4ml's outputs with those of the golden model.

PYTHON is the interpreter of an environment with da4ml, such as ``pip install da4ml==0.6.0`` makes;
without it, da4ml's figures stay as FILE has them.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from measured import simulated
from rich.console import Console
from rich.table import Table

from threefold.fpga import ECP5, ICE40, Family
from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_rtlil
from threefold.network import Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Plan, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.units.unrolled import UnrolledUnit
from threefold.references import random_images
from threefold.sim import golden
from threefold.tools.process import child
from threefold.tools.synthesis import PREPARE, Cells, synthesise
from threefold.tools.toolchain import find, run

__all__ = ["TASKS", "Task", "measure", "measure_da4ml", "network_of", "plan_for"]

CODE_BITS = 4
ROUNDS = 100_000
"""Rounds of the search for sums that rows share."""
DEVICE = ("--45k", "--package", "CABGA381", "--speed", "6")
CLOCK_MHZ, VECTORS = 250, 300
SEEDS = range(1, 9)
PLACEMENT = ("--placer", "static", "--router", "router1")
"""Options of nextpnr, the same for both."""
HERE = Path(__file__).parent


class Task(NamedTuple):
    """Layers of random ternary matrices.

    Attributes
    ----------
    title : str
    bits : int
        Width of what enters.
    sizes : tuple of int
        Elements of what enters and of what each layer gives.
    shifts : tuple of int or None
        A power of two that each layer divides by, for codes of 4 bits; None for sums.
    """

    title: str
    bits: int
    sizes: tuple[int, ...]
    shifts: tuple[int | None, ...]

    @property
    def matrices(self) -> list[np.ndarray]:
        """Weights, the same each time: int8, shape (rows, columns)."""
        rng, shapes = np.random.default_rng(0), zip(self.sizes[1:], self.sizes, strict=False)
        return [rng.choice([-1, 0, 0, 1], shape).astype(np.int8) for shape in shapes]


TASKS = {
    "sums": Task("64 × 32, 8 bits in, sums out", 8, (64, 32), (None,)),
    "codes": Task("64 × 32, 8 bits in, 4-bit codes out", 8, (64, 32), (6,)),
    "chain": Task("16-64-32-32-5, 4 bits, sums out", 4, (16, 64, 32, 32, 5), (2, 3, 3, None)),
}


def network_of(task: Task) -> Network:
    """The network of a task."""
    ops = []
    for number, (matrix, shift) in enumerate(zip(task.matrices, task.shifts, strict=True), 1):
        ops.append((f"fc{number}", Dense(matrix)))
        if shift is None:
            ops.append(("out", Logits(np.zeros(len(matrix), np.int64))))
        else:
            steps = np.arange(1, 2**CODE_BITS) << shift
            ops.append((f"codes{number}", Threshold(np.tile(steps, (len(matrix), 1)))))
    shape = (1, 1, task.sizes[0])
    return Network.chain("unrolled", Tensor(shape, Codes.unsigned(task.bits)), ops)


def plan_for(task: Task) -> Plan:
    """All layers of a task unrolled."""
    network = network_of(task)
    return plan_of(network, tuple(UnrolledUnit((each,), rounds=ROUNDS) for each in lower(network)))


class Design(NamedTuple):
    """Files of a design, and how its ports are called.

    Attributes
    ----------
    read : str
        Commands of Yosys that read it.
    ports : str
        Its ports, connected to ``clk``, ``i`` and ``o``.
    i_bits, o_bits : int
    """

    read: str
    ports: str
    i_bits: int
    o_bits: int


def measure(task: Task, *, route: bool = False) -> dict:
    """Figures of ours."""
    start = time.monotonic()
    plan = plan_for(task)
    units = [unit for unit in plan.units if unit.kind == "unrolled"]
    adders = sum(len(unit.graph.adders) for unit in units)
    found = {"adders": adders, "seconds": round(time.monotonic() - start, 1)}
    images = random_images(plan.network.input, VECTORS, seed=1)
    simulation = simulated(plan, images, simulator="icarus")
    found |= {"latency": simulation.cycles.latency, "interval": simulation.cycles.interval}
    found["compared"] = simulation.images
    i_bits, o_bits = task.bits * task.sizes[0], units[-1].outputs[0].bits * task.sizes[-1]
    ports = (
        ".clk(clk), .rst(1'b0), .i__valid(1'b1), .i__payload(i), .o__ready(1'b1), .o__payload(o)"
    )
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for family in (ICE40, ECP5):
            start = time.monotonic()
            cells = synthesise(Accelerator(plan), family, folder / family.name)
            found[family.name] = _figures(cells, start)
        if route:
            text = to_rtlil(Accelerator(plan), "top", platform=SimpleNamespace(family=ECP5))
            (folder / "top.il").write_text(text)
            design = Design(f"read_rtlil top.il\n{PREPARE}", ports, i_bits, o_bits)
            found["fmax_mhz"] = routed(design, folder)
    return found


def measure_da4ml(task: Task, python: str, *, route: bool = False) -> dict:
    """Figures of what da4ml makes of a task."""
    layers = [
        {"matrix": matrix.tolist(), "shift": shift}
        for matrix, shift in zip(task.matrices, task.shifts, strict=True)
    ]
    described = {"bits": task.bits, "code_bits": CODE_BITS, "layers": layers}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "task.json").write_text(json.dumps(described))
        command = [python, str(HERE / "da4ml_designs.py"), "task.json", "."]
        with child(command, cwd=folder, env={}, log=folder / "log") as process:
            if process.wait():
                raise SystemExit((folder / "log").read_text())
        found = json.loads((folder / "figures.json").read_text())
        o_bits, source = found.pop("o_bits"), folder / "design" / "src"
        sources = sorted(source.glob("top*.v")) + sorted((source / "static").glob("*.v"))
        sources = [path for path in sources if path.name not in _UNUSED]
        found["compared"] = compare(task, sources, o_bits, found["latency"], folder)
        files = " ".join(str(path.relative_to(folder)) for path in sources)
        for family in (ICE40, ECP5):
            start = time.monotonic()
            cells = _synthesise(f"read_verilog {files}\nhierarchy -top top", family, folder, "top")
            found[family.name] = _figures(cells, start)
        if route:
            ports, i_bits = ".clk(clk), .model_inp(i), .model_out(o)", task.bits * task.sizes[0]
            design = Design(f"read_verilog {files}", ports, i_bits, sum(o_bits))
            found["fmax_mhz"] = routed(design, folder)
    return found


_UNUSED = ("lookup_table.v", "multiplier.v", "top_wrapper.v")


def compare(task: Task, sources: list[Path], widths: list[int], latency: int, folder: Path) -> int:
    """Outputs of da4ml's Verilog that equal those of the golden model.

    Raises
    ------
    SystemExit
        If one differs.
    """
    network = network_of(task)
    vectors = random_images(network.input, VECTORS, seed=1)
    expected = golden.run(network, vectors).reshape(VECTORS, -1)
    lines = [_packed(each.ravel(), [task.bits] * task.sizes[0]) for each in vectors]
    (folder / "vectors.hex").write_text("\n".join(lines) + "\n")
    i_bits, o_bits = task.bits * task.sizes[0], sum(widths)
    (folder / "bench.v").write_text(
        f"""\
module bench;
    reg clk = 0;
    reg [{i_bits - 1}:0] vectors [0:{VECTORS - 1}];
    reg [{i_bits - 1}:0] i;
    wire [{o_bits - 1}:0] o;
    integer n;
    top top(.clk(clk), .model_inp(i), .model_out(o));
    initial begin
        $readmemh("vectors.hex", vectors);
        for (n = 0; n < {VECTORS + latency}; n = n + 1) begin
            i = vectors[n < {VECTORS} ? n : 0];
            #1 clk = 1;
            #1 clk = 0;
            if (n >= {latency - 1}) $display("%h", o);
        end
    end
endmodule
"""
    )
    run("iverilog", ["-g2005-sv", "-o", "bench.vvp", "bench.v", *map(str, sources)], cwd=folder)
    run("vvp", ["bench.vvp"], cwd=folder, log=folder / "outputs")
    found = (folder / "outputs").read_text().split()[:VECTORS]
    for line, row in zip(found, expected, strict=True):
        if line != _packed(row, widths):
            raise SystemExit(f"da4ml gives {line} where golden has {row.tolist()}")
    return VECTORS


def _packed(elements: Sequence[int], widths: Sequence[int]) -> str:
    """Elements of these widths as a number in hexadecimal, the first in the lowest bits."""
    value, place = 0, 0
    for element, width in zip(elements, widths, strict=True):
        value |= (int(element) & ((1 << width) - 1)) << place
        place += width
    return f"{value:0{-(-place // 4)}x}"


def _figures(cells: Cells, start: float) -> dict:
    seconds = round(time.monotonic() - start, 1)
    return {"lut": cells.lut, "ff": cells.ff, "yosys_seconds": seconds}


def _synthesise(read: str, family: Family, folder: Path, name: str) -> Cells:
    """Cells of a design that Yosys reads, and its netlist, ``<name>.json``."""
    script = f"""\
{read}
{family.flow.script(name)}
tee -q -o {name}.stat.json stat -json
write_json {name}.json
"""
    (folder / f"{name}.ys").write_text(script)
    for file, content in family.flow.files.items():
        (folder / file).write_text(content)
    run("yosys", ["-q", f"{name}.ys"], cwd=folder)
    return Cells.read(family, folder / f"{name}.stat.json")


def routed(design: Design, folder: Path) -> list[float]:
    """Frequencies in MHz on an ECP5 of speed grade 6, between two shift registers, by seed."""
    (folder / "placed.v").write_text(
        f"""\
module placed(input clk, input d, input load, output q);
    reg [{design.i_bits - 1}:0] i;
    reg [{design.o_bits - 1}:0] s;
    wire [{design.o_bits - 1}:0] o;
    top top({design.ports});
    assign q = s[0];
    always @(posedge clk) begin
        i <= {{i, d}};
        s <= load ? o : s >> 1;
    end
endmodule
"""
    )
    _synthesise(f"{design.read}\nread_verilog placed.v", ECP5, folder, "placed")
    return [_routed(seed, folder) for seed in SEEDS]


def _routed(seed: int, folder: Path) -> float:
    options = [*DEVICE, "--json", "placed.json", "--freq", str(CLOCK_MHZ), "--seed", str(seed)]
    options += [*PLACEMENT, "--report", "report.json", "--timing-allow-fail"]
    run("nextpnr-ecp5", options, cwd=folder, log=folder / "nextpnr.log")
    (clock,) = json.loads((folder / "report.json").read_text())["fmax"].values()
    return round(clock["achieved"], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--da4ml", metavar="PYTHON", help="interpreter that imports da4ml")
    parser.add_argument("--route", action="store_true", help="place and route on ECP5 as well")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS), metavar="TASK")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as data")
    args = parser.parse_args()
    rows, tools = {}, {}
    if args.json and args.json.exists():
        recorded = json.loads(args.json.read_text())
        rows, tools = recorded["rows"], recorded["tools"]
    for name in args.only:
        before = rows.get(name, {})
        rows[name] = {"threefold": measure(TASKS[name], route=args.route)}
        if args.da4ml:
            rows[name]["da4ml"] = measure_da4ml(TASKS[name], args.da4ml, route=args.route)
        elif "da4ml" in before:
            rows[name]["da4ml"] = before["da4ml"]
        for whose, row in rows[name].items():
            if "fmax_mhz" in before.get(whose, {}):
                row.setdefault("fmax_mhz", before[whose]["fmax_mhz"])
        if args.json:
            tools |= {
                tool: find(tool).version for tool in ("yosys", "nextpnr-ecp5")[: 1 + args.route]
            }
            content = {"rounds": ROUNDS, "rows": rows, "tools": tools}
            args.json.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    Console().print(_table(rows))


def _table(rows: dict) -> Table:
    titles = (family.title for family in (ICE40, ECP5))
    table = Table("task", "of", "adders", *titles, "MHz", "latency", "Yosys, s")
    for name, pair in rows.items():
        for whose, row in pair.items():
            cells = (f"{row[family.name]['lut']:,}" for family in (ICE40, ECP5))
            seconds = " + ".join(str(row[family.name]["yosys_seconds"]) for family in (ICE40, ECP5))
            fastest = max(row["fmax_mhz"]) if "fmax_mhz" in row else "–"
            rest = (str(fastest), str(row["latency"]), seconds)
            table.add_row(name, whose, str(row["adders"]), *cells, *rest)
    return table


if __name__ == "__main__":
    main()
