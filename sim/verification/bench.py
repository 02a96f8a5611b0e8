"""Stream bench: beats through a component in Amaranth's simulator, with stalls on both sides."""

import random
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from amaranth.hdl import Fragment
from amaranth.lib import wiring
from amaranth.lib.wiring import Flow
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.fpga import Family
from threefold.hw.family import family_of

from .ports import packed, streams_of, unpacked

__all__ = ["StreamBench", "Traffic", "pass_through"]

_PERIOD = 1e-6  # of a simulated cycle, in seconds
_TAIL = 50  # idle cycles after the last expected beat, or surplus beats, that end a run
_STUCK = 5000  # idle cycles that end a run before it


@dataclass
class Traffic:
    """Beats of one run, and when they passed.

    Attributes
    ----------
    beats : list of tuple of int
        Lanes of each beat that left, in order.
    entered : list of int
        Cycles of the handshakes at the input, counted from the start of the run.
    left : list of int
        Cycles of the handshakes at the output.
    offered, accepted : list of bool
        Whether the input is valid in each cycle, and whether the sink is ready.
    """

    beats: list[tuple[int, ...]] = field(default_factory=list)
    entered: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    offered: list[bool] = field(default_factory=list)
    accepted: list[bool] = field(default_factory=list)


class StreamBench:
    """A simulated component with one stream in and one out; each run starts from reset.

    The payload is random while the input is not valid, and the component runs on for 50 cycles
    after the last expected beat, in which a repeated one would show.

    Parameters
    ----------
    dut : wiring.Component
        With streams ``i`` and ``o`` of lanes, as :func:`threefold.hw.stream.lane_stream` makes
        them, in the clock domain ``sync``.
    family : Family or str, optional
        FPGA family, or its name, whose form of the component is elaborated.
    image : bytes
        What is loaded first, for a component with a stream ``load`` and an output ``loaded``; a run
        begins when that is high.
    beside : sequence of coroutine function
        Further testbenches of the simulator, which run in the background.
    domains : mapping of str to int
        Further clock domains, each with how often its edges come in a cycle of ``sync``.

    Raises
    ------
    PlanError
        If the component has other streams, or there is no such family.

    Examples
    --------
    >>> from threefold.hw.fifo import Fifo
    >>> bench = StreamBench(Fifo(4, lanes=2, depth=3))
    >>> beats = [(1, 2), (3, 4), (5, 6)]
    >>> bench.run(beats, len(beats), stalls=0.5, seed=1).beats == beats
    True
    >>> bench.run(beats, len(beats)).entered
    [0, 1, 2]
    """

    def __init__(
        self,
        dut: wiring.Component,
        *,
        family: Family | str | None = None,
        image: bytes = b"",
        beside: Sequence[Callable[[Any], Coroutine]] = (),
        domains: Mapping[str, int] | None = None,
    ):
        inputs, outputs = streams_of(dut, Flow.In), streams_of(dut, Flow.Out)
        self._load, self._image = inputs.pop("load", None), image
        if [*inputs, *outputs] != ["i", "o"]:
            raise PlanError(
                f"a stream bench takes a component with the streams i and o, not "
                f"{', '.join([*inputs, *outputs]) or 'none'}"
            )
        self._dut, self._i, self._o = dut, inputs["i"], outputs["o"]
        platform = SimpleNamespace(family=family)
        family_of(platform)  # raises if there is no such family
        with _long_numbers():
            self._sim = Simulator(Fragment.get(dut, platform))
        self._sim.add_clock(_PERIOD)
        for domain, often in (domains or {}).items():
            self._sim.add_clock(_PERIOD / often, phase=_PERIOD / 2, domain=domain)
        if self._load is not None:
            self._sim.add_testbench(self._load_image, background=True)
        for each in beside:
            self._sim.add_testbench(each, background=True)
        self._sim.add_testbench(self._feed, background=True)
        self._sim.add_testbench(self._drain)
        self._fresh = True

    def run(
        self,
        beats: Sequence[Sequence[int]] | np.ndarray,
        count: int,
        *,
        stalls: float = 0.0,
        seed: int = 0,
        patience: int = _STUCK,
        beside: Mapping[str, Sequence[int]] | None = None,
    ) -> Traffic:
        """Feed ``beats`` and collect what leaves.

        Parameters
        ----------
        beats : sequence of sequence of int, or array of int, shape (beats, lanes)
            Lanes of each beat.
        count : int
            Beats that are expected. Fewer are returned if nothing passes either side for
            ``patience`` cycles, more if they come.
        stalls : float
            Probability, in each cycle, that the source does not begin a beat, and that the sink
            is not ready.
        seed : int
            Seed of the stalls and of the payload while the input is not valid.
        patience : int
            Cycles without a beat that end a run.
        beside : mapping of str to sequence of int
            Values of further inputs of the component with each beat; random while there is none.
        """
        self._patience = patience
        self._beside = beside or {}
        self._beats, self._count, self._stalls, self._seed = beats, count, stalls, seed
        self._traffic = Traffic()
        if not self._fresh:
            self._sim.reset()
        self._fresh = False
        self._sim.run()
        return self._traffic

    async def _load_image(self, ctx):
        load = self._load
        assert load is not None
        ctx.set(load.valid, 1)
        for byte in self._image:
            ctx.set(load.payload, byte)
            taken = 0
            while not taken:
                *_, taken = await ctx.tick().sample(load.ready)
        ctx.set(load.valid, 0)

    async def _loaded(self, ctx):
        """Wait until contents are there, if they come from outside."""
        told = getattr(self._dut, "loaded", None)
        loaded = told is None
        while not loaded:
            *_, loaded = await ctx.tick().sample(told)

    # Both wait for each cycle by one trigger, since making one takes longer than simulating it, and
    # set signals only where they change, since each time all logic settles.
    async def _feed(self, ctx):
        await self._loaded(ctx)
        rng = random.Random(self._seed)
        valid, payload = self._i.valid, self._i.payload.as_value()
        others = [(getattr(self._dut, name), values) for name, values in self._beside.items()]
        ticks = aiter(ctx.tick().sample(self._i.ready))
        offers = False
        for place, beat in enumerate(self._beats):
            while rng.random() < self._stalls:
                if offers:
                    ctx.set(valid, 0)
                    offers = False
                for value in (payload, *(signal for signal, _ in others)):
                    ctx.set(value, rng.getrandbits(len(value)))
                await anext(ticks)
            ctx.set(payload, packed(beat, self._i))
            for signal, values in others:
                ctx.set(signal, int(values[place]))
            if not offers:
                ctx.set(valid, 1)
                offers = True
            taken = 0
            while not taken:  # not `until`, which warns if it is collected while it waits
                *_, taken = await anext(ticks)
        ctx.set(valid, 0)

    async def _drain(self, ctx):
        await self._loaded(ctx)
        rng = random.Random(~self._seed)
        i, o, traffic = self._i, self._o, self._traffic
        ready = o.ready
        ticks = aiter(ctx.tick().sample(i.valid, i.ready, o.valid, o.payload.as_value()))
        accepts, cycle, idle = None, 0, 0
        while len(traffic.left) < self._count + _TAIL:
            if idle == (_TAIL if len(traffic.left) >= self._count else self._patience):
                break
            before, accepts = accepts, rng.random() >= self._stalls
            if accepts != before:
                ctx.set(ready, accepts)
            _, _, offers, takes, gives, payload = await anext(ticks)
            enters, leaves = offers and takes, gives and accepts
            traffic.offered.append(bool(offers))
            traffic.accepted.append(accepts)
            idle = 0 if enters or leaves else idle + 1
            if enters:
                traffic.entered.append(cycle)
            if leaves:
                traffic.left.append(cycle)
                traffic.beats.append(unpacked(payload, o))
            cycle += 1


def pass_through(
    dut: wiring.Component,
    beats: Sequence[Sequence[int]] | np.ndarray,
    count: int,
    *,
    stalls: float = 0.0,
    seed: int = 0,
) -> Traffic:
    """Run a :class:`StreamBench` once; parameters are those of :meth:`StreamBench.run`."""
    return StreamBench(dut).run(beats, count, stalls=stalls, seed=seed)


@contextmanager
def _long_numbers() -> Iterator[None]:
    """Python takes numbers of any length; Amaranth compiles masks of signals as decimal numbers."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)
