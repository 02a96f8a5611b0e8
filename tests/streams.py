"""Beats through a stream component in Amaranth's simulator, with stalls on both sides."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from amaranth.hdl import Fragment
from amaranth.sim import Simulator
from threefold.hw.stream import lane_count

__all__ = ["Bench", "Traffic", "elaborated", "pass_through"]


@dataclass
class Traffic:
    """What went through a component, and when."""

    beats: list[tuple[int, ...]] = field(default_factory=list)
    entered: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


class Bench:
    """A component with a stream ``i`` and a stream ``o``; each run starts from reset.

    While the input is idle its payload is noise, and after the last expected beat the
    component gets some more cycles, in which a repeated one would show.
    """

    def __init__(self, dut):
        self._dut = dut
        self._lanes = [dut.o.payload[lane] for lane in range(lane_count(dut.o))]
        self._sim = Simulator(dut)
        self._sim.add_clock(1e-6)
        self._sim.add_testbench(self._feed, background=True)
        self._sim.add_testbench(self._drain)
        self._fresh = True

    def run(
        self, beats: Sequence[Sequence[int]], count: int, *, stalls: float = 0.0, seed: int = 0
    ) -> Traffic:
        """Feed ``beats`` and collect at least ``count``, each side idle ``stalls`` of the time."""
        self._beats, self._count, self._stalls, self._seed = beats, count, stalls, seed
        self._traffic = Traffic()
        if not self._fresh:
            self._sim.reset()
        self._fresh = False
        self._sim.run()
        return self._traffic

    async def _feed(self, ctx):
        rng = random.Random(self._seed)
        i = self._dut.i
        for beat in self._beats:
            while rng.random() < self._stalls:
                ctx.set(i.payload.as_value(), rng.getrandbits(len(i.payload.as_value())))
                await ctx.tick()
            ctx.set(i.payload, [int(lane) for lane in beat])
            ctx.set(i.valid, 1)
            await ctx.tick().until(i.ready)
            ctx.set(i.valid, 0)

    async def _drain(self, ctx):
        rng = random.Random(~self._seed)
        i, o, traffic = self._dut.i, self._dut.o, self._traffic
        cycle, idle = 0, 0
        while len(traffic.left) < self._count + 50:
            if idle == (50 if len(traffic.left) >= self._count else 5000):
                break
            ctx.set(o.ready, rng.random() >= self._stalls)
            _, _, enters, leaves, *beat = await ctx.tick().sample(
                i.valid & i.ready, o.valid & o.ready, *self._lanes
            )
            idle = 0 if enters or leaves else idle + 1
            if enters:
                traffic.entered.append(cycle)
            if leaves:
                traffic.left.append(cycle)
                traffic.beats.append(tuple(beat))
            cycle += 1


def pass_through(dut, beats, count: int, *, stalls: float = 0.0, seed: int = 0) -> Traffic:
    """One run of a :class:`Bench`."""
    return Bench(dut).run(beats, count, stalls=stalls, seed=seed)


def elaborated(component):
    """The component itself, for tests that only look at it; Amaranth warns of unused parts."""
    Fragment.get(component, platform=None)
    return component
