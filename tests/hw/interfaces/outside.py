"""An accelerator whose program comes from the memory of a system, by a reader of frames."""

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect, flipped

from threefold.hw.accelerator import Accelerator
from threefold.plan import Plan, lower
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim import golden
from threefold.sim.verification import StreamBench

from ...accelerators import random_images
from ...loadable_networks import network
from ...random_feeds import least_room

__all__ = ["EXPECTED", "IMAGES", "OutsideTop", "plan", "run"]

NETWORK = network(5, depth=3, filters=12)
IMAGES = random_images(np.random.default_rng(1), NETWORK, 3)
EXPECTED = golden.run(NETWORK, IMAGES).reshape(len(IMAGES), -1).tolist()


def plan(bits: int, latency: int) -> Plan:
    """A plan for a memory whose words come so many cycles after they are asked for."""
    # A frame is asked for in the cycle behind that in which it is taken.
    feed = Feed(bits, first=latency + 1).to_dict()
    unit = StreamedUnit(lower(NETWORK), 12, 6, pixels=3, feed=feed).made_loadable()
    return plan_of(NETWORK, (least_room(unit),))


class OutsideTop(wiring.Component):
    """An accelerator and a reader, whose member ``port`` is here as well.

    Parameters
    ----------
    made : Plan
    reader : Component
        With ``frames``, ``enable``, ``base`` and ``count``.
    port : str
        Its member towards the memory.
    base : int
        Where the program is.
    """

    def __init__(self, made: Plan, reader: wiring.Component, port: str, base: int):
        self.accelerator, self.reader = Accelerator(made), reader
        self.count, self.ports = made.streamed.program.frames, self.accelerator.ports
        self._port, self._base = port, base
        members = self.accelerator.signature.members
        super().__init__(
            {
                "i": members["i"],
                "o": members["o"],
                "loaded": Out(1),
                port: reader.signature.members[port],
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerator, m.submodules.reader = self.accelerator, self.reader
        connect(m, flipped(self.i), self.accelerator.i)
        connect(m, self.accelerator.o, flipped(self.o))
        connect(m, self.accelerator.frames, self.reader.frames)
        connect(m, getattr(self.reader, self._port), flipped(getattr(self, self._port)))
        m.d.comb += [
            self.loaded.eq(self.accelerator.loaded),
            self.reader.enable.eq(1),
            self.reader.base.eq(self._base),
            self.reader.count.eq(self.count),
        ]
        return m


def run(dut: OutsideTop, serve) -> tuple[list, list[int]]:
    """Values of all images, and the cycle of the last beat of each, while a memory serves."""
    beats = dut.ports.output.beats
    bench = StreamBench(dut, beside=[serve])
    traffic = bench.run(IMAGES.reshape(-1, len(dut.i.payload)), beats * len(IMAGES))
    values = np.array(traffic.beats).reshape(len(IMAGES), -1).tolist()
    return values, [at - traffic.entered[0] for at in traffic.left[::-beats][::-1]]
