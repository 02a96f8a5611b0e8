"""Designs of da4ml as Verilog, for ``unrolled.py``; runs in an environment that has da4ml.

    PYTHON benchmarks/da4ml_designs.py TASK FOLDER

TASK is a file of JSON: widths of what enters and of codes, and layers, each a matrix and a shift or
null. FOLDER takes the Verilog and ``figures.json``.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from da4ml.codegen import VerilogModel
from da4ml.trace import FixedVariableArray, HWConfig, comb_trace
from da4ml.trace.ops import quantize
from da4ml.types import minimal_kif

ADDER = HWConfig(1, -1, -1)
"""Each adder takes one unit of latency, whatever its width."""


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2])
    start = time.monotonic()
    columns = len(task["layers"][0]["matrix"][0])
    bits = np.full(columns, task["bits"], np.int8)
    nothing = np.zeros(columns, np.int8)
    entering = FixedVariableArray.from_kif(nothing, bits, nothing, hwconf=ADDER)
    leaving = entering
    for layer in task["layers"]:
        leaving = leaving @ np.array(layer["matrix"], np.float32).T
        if layer["shift"] is not None:
            scaled = leaving / 2.0 ** layer["shift"]
            modes = {"overflow_mode": "SAT", "round_mode": "TRN"}
            leaving = quantize(scaled, 0, task["code_bits"], 0, **modes)
    solution = comb_trace(entering, leaving)
    design = VerilogModel(solution, "top", folder / "design", latency_cutoff=1)
    design.write()
    seconds = time.monotonic() - start
    figures = {
        "adders": sum(op.opcode in (0, 1) for op in solution.ops),
        "da4ml": version("da4ml"),
        "latency": len(design._pipe.solutions) + 1,  # a register in front of all stages
        # Sign, integer and fractional bits of what leaves.
        "o_bits": [sum(map(int, minimal_kif(each))) for each in solution.out_qint],
        "seconds": round(seconds, 1),
    }
    (folder / "figures.json").write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
