"""Lockstep: a component's handshakes compared with a cycle model in every cycle."""

import random
from collections.abc import Sequence
from typing import Protocol

from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow
from amaranth.sim import Simulator

from threefold.errors import MismatchError

from .ports import streams_of, unpacked

__all__ = ["CycleModel", "lockstep"]

_STALLS = (0, 0.3, 0.8)


class CycleModel(Protocol):
    """Flow control of a component; lists are in the order of its streams."""

    def valid(self, i_valid: list[bool], /) -> Sequence[bool]:
        """Valid of each output in this cycle, given the valid of each input."""
        ...

    def ready(self, i_valid: list[bool], o_ready: list[bool], /) -> Sequence[bool]:
        """Ready of each input in this cycle, given also the ready of each output."""
        ...

    def tick(self, i_valid: list[bool], o_ready: list[bool], /) -> object:
        """Go to the next cycle."""
        ...


def lockstep(
    dut: wiring.Component, model: CycleModel, *, cycles: int, seed: int
) -> tuple[dict[str, list[tuple[int, ...]]], dict[str, list[tuple[int, ...]]]]:
    """Send random beats through a component and compare every handshake with a model.

    Parameters
    ----------
    dut : wiring.Component
        With any number of streams of lanes, in the clock domain ``sync``.
    model : CycleModel
    cycles : int
    seed : int
        Seed of payloads and stalls. Seed 0 stalls nowhere; with others each stream is idle for a
        share of the time, 0, 0.3 or 0.8, drawn once.

    Returns
    -------
    entered, left : dict of str to list of tuple of int
        Lanes of the beats that entered each input, and of those that left each output.

    Raises
    ------
    MismatchError
        At the first valid or ready that is not the model's.

    Examples
    --------
    >>> from threefold.hw.skid_buffer import SkidBuffer
    >>> class Model:
    ...     full = False
    ...     def valid(self, i_valid):
    ...         return [self.full or i_valid[0]]
    ...     def ready(self, i_valid, o_ready):
    ...         return [not self.full]
    ...     def tick(self, i_valid, o_ready):
    ...         self.full = self.valid(i_valid)[0] and not o_ready[0]
    >>> entered, left = lockstep(SkidBuffer(4, lanes=2), Model(), cycles=100, seed=1)
    >>> left["o"] == entered["i"][:len(left["o"])]
    True
    """
    rng = random.Random(seed)
    inputs, outputs = streams_of(dut, Flow.In), streams_of(dut, Flow.Out)
    stalls = {name: rng.choice(_STALLS) * (seed > 0) for name in [*inputs, *outputs]}
    entered, left = {name: [] for name in inputs}, {name: [] for name in outputs}

    def require(what: str, found: list[bool], expected: Sequence[bool], cycle: int) -> None:
        if found != list(expected):
            raise MismatchError(
                f"{what} differs from the cycle model: seed {seed}, cycle {cycle}: it is "
                f"{found}, not {list(expected)}"
            )

    async def testbench(ctx):
        waiting, given = dict.fromkeys(inputs, False), {}

        def give(name, signal, value):
            if given.get(name) != value:  # each time all logic settles
                given[name] = value
                ctx.set(signal, value)

        payloads = {name: port.payload.as_value() for name, port in (inputs | outputs).items()}
        for cycle in range(cycles):
            for name, port in inputs.items():
                if not waiting[name]:
                    ctx.set(payloads[name], rng.getrandbits(len(payloads[name])))
                    give(name, port.valid, rng.random() >= stalls[name])
            for name, port in outputs.items():
                give(name, port.ready, rng.random() >= stalls[name])
            i_valid = [bool(ctx.get(port.valid)) for port in inputs.values()]
            i_ready = [bool(ctx.get(port.ready)) for port in inputs.values()]
            o_valid = [bool(ctx.get(port.valid)) for port in outputs.values()]
            o_ready = [bool(ctx.get(port.ready)) for port in outputs.values()]
            require("valid", o_valid, model.valid(i_valid), cycle)
            require("ready", i_ready, model.ready(i_valid, o_ready), cycle)
            model.tick(i_valid, o_ready)
            for ports, moved, moves in (
                (inputs, entered, map(all, zip(i_valid, i_ready, strict=True))),
                (outputs, left, map(all, zip(o_valid, o_ready, strict=True))),
            ):
                for name, passes in zip(ports, moves, strict=True):
                    if passes:
                        moved[name].append(unpacked(ctx.get(payloads[name]), ports[name]))
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
