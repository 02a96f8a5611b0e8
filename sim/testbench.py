"""The cocotb testbench: feeds an accelerator and checks every stream, beat by beat.

It runs inside the simulator, driven by the job that :mod:`threefold.sim.simulate` wrote.
"""

import json
import random
import time
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

__all__ = ["check_streams"]

_PERIOD_NS = 10
_AFTERWARDS = 64  # cycles after the last image in which nothing more may leave


class _Port:
    """The signals of one stream and the beats expected on it."""

    def __init__(self, dut, index: int, entry: dict, beats: np.ndarray):
        prefix = entry["prefix"]
        self.index = index
        self.entry = entry
        self.valid = getattr(dut, f"{prefix}__valid")
        self.ready = getattr(dut, f"{prefix}__ready")
        self.payload = getattr(dut, f"{prefix}__payload")
        self.beats = [int.from_bytes(row.tobytes(), "little") for row in beats]
        self.count = 0
        self.seen: list[int] = []

    def transferred(self) -> bool:
        return bool(self.valid.value) and bool(self.ready.value)

    def take(self) -> dict | None:
        """Compare the beat that is passing; a description of the first difference."""
        payload = int(self.payload.value)
        beat, self.count = self.count, self.count + 1
        self.seen.append(payload)
        if beat < len(self.beats) and payload == self.beats[beat]:
            return None
        expected = self.beats[beat] if beat < len(self.beats) else None
        return {"stream": self.index, "beat": beat, "payload": payload, "expected": expected}


@cocotb.test()
async def check_streams(dut):
    folder = Path(cocotb.plusargs["job"])
    job = json.loads((folder / "job.json").read_text())
    with np.load(folder / "beats.npz", allow_pickle=False) as beats:
        ports = [
            _Port(dut, index, entry, beats[str(index)])
            for index, entry in enumerate(job["streams"])
        ]
    bench = _Bench(dut, job, ports, folder)
    await bench.reset()
    began = time.perf_counter()
    await bench.run()
    bench.report(time.perf_counter() - began)


class _Bench:
    def __init__(self, dut, job: dict, ports: list[_Port], folder: Path):
        self.dut, self.job, self.ports, self.folder = dut, job, ports, folder
        self.source, self.monitors, self.sink = ports[0], ports[1:], ports[-1]
        self.random = random.Random(job["seed"])
        self.entered: list[int] = []
        self.left: list[int] = []
        self.mismatch = None
        self.cycle = 0

    async def reset(self):
        dut = self.dut
        dut.rst.value = 1
        self.source.valid.value = 0
        self.sink.ready.value = 0
        Clock(dut.clk, _PERIOD_NS, unit="ns").start()
        for _ in range(4):
            await FallingEdge(dut.clk)
        dut.rst.value = 0

    async def run(self):
        """One pass a clock cycle: drive at the falling edge, then look at what will transfer."""
        source, sink, stalls = self.source, self.sink, self.job["stalls"]
        source_entry, sink_entry = source.entry, sink.entry
        images, falling, settled = self.job["images"], FallingEdge(self.dut.clk), ReadOnly()
        offered, quiet, valid, ready = -1, 0, None, None
        afterwards = _AFTERWARDS
        while afterwards and self.mismatch is None:
            if source.count < len(source.beats):
                want_valid = valid and offered == source.count
                want_valid = want_valid or not stalls or self.random.random() >= stalls
            else:
                want_valid = False
            if want_valid != valid:
                source.valid.value = int(want_valid)
                valid = want_valid
            if valid and offered != source.count:
                source.payload.value = source.beats[source.count]
                offered = source.count
            want_ready = not stalls or self.random.random() >= stalls
            if want_ready != ready:
                sink.ready.value = int(want_ready)
                ready = want_ready
            await settled
            moved = False
            if valid and source.ready.value:
                if source.count % source_entry["per_image"] == 0:
                    self.entered.append(self.cycle)
                source.count += 1
                moved = True
            for port in self.monitors:
                if port.transferred():
                    moved = True
                    self.mismatch = self.mismatch or port.take()
                    if port is sink and port.count % sink_entry["per_image"] == 0:
                        self.left.append(self.cycle)
                        self._progress()
            if len(self.left) >= images:
                afterwards -= 1
            quiet = 0 if moved else quiet + 1
            if quiet > self.job["patience"]:
                self.mismatch = {"stuck": self.cycle}
            await falling
            self.cycle += 1

    def _progress(self):
        if len(self.left) % 16 == 0:
            (self.folder / "progress").write_text(str(len(self.left)))

    def report(self, seconds: float):
        """Leave the result for the process that started the simulator."""
        result = {
            "entered": self.entered,
            "left": self.left,
            "mismatch": self.mismatch,
            "beats": [port.count for port in self.ports],
            "cycles": self.cycle,
            "outputs": [f"{payload:x}" for payload in self.sink.seen],
            "seconds": seconds,
        }
        (self.folder / "result.json").write_text(json.dumps(result))
