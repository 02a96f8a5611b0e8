"""Seconds from a plan to a running simulation, and the speed of the simulation.

    python benchmarks/simulation_speed.py [NETWORK ...] [--json FILE]

Generation is from the plan to Verilog, compilation Verilator and the C++ compiler. Every beat of
every stream is compared while the speed is taken.
"""

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, Plan, fold
from threefold.sim.simulate import simulate
from threefold.tools.toolchain import find

__all__ = ["NETWORKS", "dense_chain", "measure"]


@dataclass(frozen=True)
class Case:
    """A plan, and how many images are simulated.

    Parameters
    ----------
    plan : callable
        Makes the plan.
    images : int
    """

    plan: Callable[[], Plan]
    images: int


def dense_chain(widths: tuple[int, ...], pe: int, simd: int) -> Plan:
    """Dense layers of 2-bit codes, half of whose weights are zeros, PE × SIMD each."""
    rng = np.random.default_rng(widths)
    codes = Codes.unsigned(2)
    ops, layers = [], len(widths) - 1
    for number, (columns, rows) in enumerate(pairwise(widths), 1):
        ops.append((f"fc{number}", Dense(rng.choice([-1, 0, 0, 1], (rows, columns)))))
        if number < layers:
            spread = 1 + int(codes.max_code * columns**0.5)
            thresholds = rng.integers(-spread, spread, (rows, codes.max_code))
            ops.append((f"act{number}", Threshold(np.sort(thresholds, axis=1))))
    ops += [("logits", Logits(rng.integers(-50, 50, widths[-1]))), ("classify", ArgMax())]
    network = Network.chain("sample", Tensor((1, 1, widths[0]), codes), ops)
    return fold(network, {f"fc{number}": Folding(pe, simd) for number in range(1, layers + 1)})


NETWORKS = {
    "dense3": Case(lambda: dense_chain((64, 64, 64, 16), 8, 8), 2000),
    "dense12": Case(lambda: dense_chain((*[256] * 12, 16), 16, 16), 400),
}


def measure(name: str) -> dict:
    """Figures of one network, as a row of the table."""
    case = NETWORKS[name]
    plan = case.plan()
    rng = np.random.default_rng(0)
    shape = (case.images, *plan.network.input.shape)
    images = rng.integers(0, plan.network.input.element.max_code + 1, shape)
    with tempfile.TemporaryDirectory(prefix="threefold-") as folder:
        rtl = Path(folder, "design.v")
        began = time.perf_counter()
        rtl.write_text(to_verilog(Accelerator(plan), plan.network.name))
        generated = time.perf_counter()
        built = []

        def progress(what: str, _: float) -> None:
            if what == "simulate" and not built:
                built.append(time.perf_counter())

        # The first run compiles; the second takes the speed, of which nothing is compiled.
        simulate(plan, rtl, images[:1], Path(folder, "sim"), progress=progress)
        result = simulate(plan, rtl, images, Path(folder, "sim"))
    return {
        "network": name,
        "engines": len(plan.schedules),
        "lanes": sum(each.lanes for each in plan.foldings().values()),
        "images": case.images,
        "beats_compared": result.beats,
        "generate_seconds": round(generated - began, 1),
        "compile_seconds": round(built[0] - generated, 1),
        "cycles_per_second": round(result.cycles_per_second, -2),
    }


def conditions() -> dict:
    """What the figures depend on besides the networks."""
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True)
    model = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "versions": {
            "g++": compiler.stdout.strip(),
            "python": platform.python_version(),
            "verilator": find("verilator").version,
            "yosys": find("yosys").version,
        },
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
        "processor": model[0].partition(":")[2].strip() if model else platform.machine(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def table(rows: list[dict]) -> Table:
    """The figures as text."""
    out = Table("network", title="Simulation in Verilator, every beat compared")
    for name in ("lanes", "beats", "generate s", "compile s", "cycles/s"):
        out.add_column(name, justify="right")
    for row in rows:
        out.add_row(
            row["network"],
            f"{row['lanes']:,}",
            f"{row['beats_compared']:,}",
            f"{row['generate_seconds']:.1f}",
            f"{row['compile_seconds']:.1f}",
            f"{row['cycles_per_second']:,.0f}",
        )
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.networks) - set(NETWORKS):
        parser.error(f"networks are {', '.join(NETWORKS)}, not {', '.join(sorted(unknown))}")
    names = arguments.networks or list(NETWORKS)
    found = conditions()  # of which the load is that of others
    with Progress(console=Console(stderr=True)) as progress:
        rows = [measure(name) for name in progress.track(names, description="Simulation")]
    if arguments.json:
        document = {"conditions": found, "rows": rows}
        arguments.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    Console(width=120).print(table(rows))


if __name__ == "__main__":
    main()
