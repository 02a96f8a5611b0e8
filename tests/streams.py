"""Beats through a stream component in Amaranth's simulator, with stalls on both sides."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from amaranth.hdl import ClockDomain, Fragment, Module
from amaranth.lib.wiring import Flow
from amaranth.sim import Simulator

from threefold.hw.stream import lane_count

__all__ = ["Bench", "Traffic", "elaborated", "lockstep", "pass_through", "streams_of"]


@dataclass
class Traffic:
    """What went through a component, and when."""

    beats: list[tuple[int, ...]] = field(default_factory=list)
    entered: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


class Bench:
    """A component with a stream ``i`` and a stream ``o``; each run starts from reset.

    While the input is idle its payload is noise, and after the last expected beat the
    component gets some more cycles, in which a repeated one would show. The component is that for
    ``family``, as far as it can be simulated.
    """

    def __init__(self, dut, *, family: str | None = None):
        self._dut = dut
        self._lanes = [dut.o.payload[lane] for lane in range(lane_count(dut.o))]
        self._sim = Simulator(Fragment.get(dut, SimpleNamespace(family=family)))
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


def streams_of(component, flow: Flow) -> dict:
    """The streams of a component in one direction, by name; those of an array as ``o__0``."""
    found = {}
    for name, member in component.signature.members.items():
        port = getattr(component, name)
        if member.flow != flow or not member.is_signature:
            continue
        if member.dimensions:
            found |= {f"{name}__{index}": each for index, each in enumerate(port)}
        else:
            found[name] = port
    return {name: port for name, port in found.items() if hasattr(port, "payload")}


def lockstep(dut, model, *, cycles: int, seed: int) -> tuple[dict, dict]:
    """Random beats through a component whose every handshake has to be the model's.

    Seed 0 stalls nowhere; with others each stream is idle for a share of the time, drawn once.

    Parameters
    ----------
    dut : wiring.Component
    model : object
        ``valid(i_valid)``, the valid of each output, ``ready(i_valid, o_ready)``, the ready of
        each input, and ``tick(i_valid, o_ready)``; lists in the order of the streams.

    Returns
    -------
    tuple of dict from str to list of tuple of int
        Beats that entered each input, and that left each output.
    """
    rng = random.Random(seed)
    inputs, outputs = streams_of(dut, Flow.In), streams_of(dut, Flow.Out)
    stalls = {name: rng.choice((0, 0.3, 0.8)) * (seed > 0) for name in [*inputs, *outputs]}
    entered = {name: [] for name in inputs}
    left = {name: [] for name in outputs}

    async def testbench(ctx):
        waiting = dict.fromkeys(inputs, False)
        for cycle in range(cycles):
            for name, port in inputs.items():
                if not waiting[name]:
                    payload = port.payload.as_value()
                    ctx.set(payload, rng.getrandbits(len(payload)))
                    ctx.set(port.valid, rng.random() >= stalls[name])
            for name, port in outputs.items():
                ctx.set(port.ready, rng.random() >= stalls[name])
            i_valid = [bool(ctx.get(port.valid)) for port in inputs.values()]
            i_ready = [bool(ctx.get(port.ready)) for port in inputs.values()]
            o_valid = [bool(ctx.get(port.valid)) for port in outputs.values()]
            o_ready = [bool(ctx.get(port.ready)) for port in outputs.values()]
            assert o_valid == list(model.valid(i_valid)), f"seed {seed}, cycle {cycle}"
            assert i_ready == list(model.ready(i_valid, o_ready)), f"seed {seed}, cycle {cycle}"
            model.tick(i_valid, o_ready)
            for ports, moved in ((inputs, entered), (outputs, left)):
                for name, port in ports.items():
                    if ctx.get(port.valid) and ctx.get(port.ready):
                        moved[name].append(tuple(ctx.get(lane) for lane in port.payload))
            for name, valid, ready in zip(inputs, i_valid, i_ready, strict=True):
                waiting[name] = valid and not ready
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()  # some components have no register
    top.submodules.dut = dut
    sim = Simulator(top)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()
    return entered, left
