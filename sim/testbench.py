"""Testbench for cocotb: the clock of a bench, and the progress of its run.

It runs inside the simulator. What happens in a cycle is in the bench itself, in Verilog, since a
visit of Python in every cycle would take far longer than the simulation of the cycle.
"""

import json
import time
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import Timer

__all__ = ["run_bench"]

_PERIOD = 2  # of the simulator's time units, of which Verilator needs two a cycle
_VISIT = 1000  # cycles between two looks at the bench


@cocotb.test()
async def run_bench(dut):
    folder = Path(str(cocotb.plusargs["job"]))
    Clock(dut.clk, _PERIOD, unit="step").start()
    began, used, told, done = time.perf_counter(), time.process_time(), 0, False
    while not done:
        await Timer(_VISIT * _PERIOD, unit="step")
        done = bool(dut.done.value)
        if int(dut.left.value) != told:
            told = int(dut.left.value)
            (folder / "progress").write_text(str(told))
    figures = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - used}
    (folder / "result.json").write_text(json.dumps(figures))
