"""Streams of a simulated component, driven and read with random pauses."""

import random

from amaranth.hdl import Module
from amaranth.sim import Simulator

__all__ = ["Driver"]

_TAIL = 8  # steps in which what is counted may still be late
_PAUSES = ((0,), (0, 0, 1, 3), (0, 0, 0, 40))


class Driver:
    """A simulation of a component whose streams pause at random, drawn from a seed."""

    def __init__(self, dut, seed):
        self._random = random.Random(seed)
        top = Module()
        top.submodules.dut = self._dut = dut
        self._simulator = Simulator(top)
        self._simulator.add_clock(1e-6)

    def add(self, process):
        """Run ``process(ctx)``, and the simulation until it ends."""
        self._simulator.add_testbench(process)

    def put(self, port, payloads, *, background=False):
        """Offer each payload until it is taken; in the background nothing waits for that."""
        pauses = self._random.choice(_PAUSES)
        pause = random.Random(self._random.random())

        async def source(ctx):
            for payload in payloads:
                for _ in range(pause.choice(pauses)):
                    await ctx.tick()
                ctx.set(port.payload, payload)
                ctx.set(port.valid, 1)
                ready = 0
                while not ready:  # not `until`, which warns if it is collected while it waits
                    *_, ready = await ctx.tick().sample(port.ready)
                ctx.set(port.valid, 0)

        self._simulator.add_testbench(source, background=background)

    def get(self, port, count):
        """Payloads that leave, filled in as they do; the simulation waits for ``count``."""
        pauses = self._random.choice(_PAUSES)
        pause = random.Random(self._random.random())
        taken = []

        async def sink(ctx):
            while len(taken) < count:
                for _ in range(pause.choice(pauses)):
                    await ctx.tick()
                ctx.set(port.ready, 1)
                *_, valid, payload = await ctx.tick().sample(port.valid, port.payload)
                ctx.set(port.ready, 0)
                if valid:
                    taken.append(payload)

        self.add(sink)
        return taken

    def count(self, signal):
        """Cycles in which a signal is high, as a list of one element."""
        cycles = [0]

        async def watch(ctx):
            while True:
                *_, high = await ctx.tick().sample(signal)
                cycles[0] += high

        self._simulator.add_testbench(watch, background=True)
        return cycles

    def run(self, cycles):
        """Run until all processes have ended, ``cycles`` at most."""
        for _ in range(4 * cycles):
            if not self._simulator.advance():
                for _ in range(_TAIL):
                    self._simulator.advance()
                return
        raise AssertionError(f"the simulation does not end within {cycles} cycles")
