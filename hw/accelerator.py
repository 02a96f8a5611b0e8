"""A whole network in hardware: engines chained by streams, all of them working at once."""

from math import gcd

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from ..plan.plan import Plan
from .argmax import ArgMax
from .engine import Engine
from .resizer import Deserializer, Serializer
from .stream import lane_count, lane_shape, lane_stream

__all__ = ["Accelerator"]


class Accelerator(wiring.Component):
    """Images in as codes, logits or classes out.

    Parameters
    ----------
    plan : Plan

    Members
    -------
    i : In(lane_stream(code bits, SIMD of the first engine))
        Codes of an image in the order height, width, channel; image after image.
    o : Out(lane_stream)
        Signed logits, as many at once as the plan says, or one class index for each image.
    """

    def __init__(self, plan: Plan):
        self._plan = plan
        self._engines = {engine.layer.name: Engine(engine) for engine in plan.engines}
        first, *_, last = [*self._engines.values()] * 2
        self._argmax = None
        if plan.argmax:
            layer = plan.engines[-1].layer
            self._argmax = ArgMax(channels=layer.rows, bits=layer.logit_bits)
        super().__init__(
            {
                "i": In(lane_stream(lane_shape(first.i), lane_count(first.i))),
                "o": (self._argmax or last).signature.members["o"],
            }
        )

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def i_beats(self) -> int:
        """Beats in which an image enters."""
        return self._plan.network.input.size // lane_count(self.i)

    @property
    def o_beats(self) -> int:
        """Beats in which an image's outputs leave."""
        return 1 if self._plan.argmax else self._plan.engines[-1].layer.rows // lane_count(self.o)

    def elaborate(self, platform):
        m = Module()

        source = flipped(self.i)
        for name, engine in self._engines.items():
            m.submodules[f"engine_{name}"] = engine
            source = _resized(m, source, engine.i, before=f"engine_{name}")
            connect(m, source, engine.i)
            source = engine.o
            _tap(m, name, source)
        if self._argmax is not None:
            m.submodules.argmax = self._argmax
            source = _resized(m, source, self._argmax.i, before="argmax")
            connect(m, source, self._argmax.i)
            source = self._argmax.o
        connect(m, source, flipped(self.o))

        return m


def _tap(m: Module, name: str, port):
    """Copies of a stream's signals under names that stay, for testbenches and waveforms.

    Nothing reads them, so they cost nothing in hardware.
    """
    for member in ("valid", "ready", "payload"):
        value = Value.cast(getattr(port, member))
        signal = Signal(len(value), name=f"tap_{name}__{member}")
        m.d.comb += signal.eq(value)


def _resized(m: Module, source, target, *, before: str):
    """``source`` with as many lanes as ``target``, by way of their greatest common divisor.

    The submodule ``before`` follows. No layer's name makes two submodules share theirs: each of
    the prefixes ``engine_``, ``split_`` and ``join_`` is one kind's own.
    """
    shape, lanes, wanted = lane_shape(target), lane_count(source), lane_count(target)
    common = gcd(lanes, wanted)
    if lanes != common:
        split = m.submodules[f"split_{before}"] = Serializer(shape, i_lanes=lanes, o_lanes=common)
        connect(m, source, split.i)
        source = split.o
    if wanted != common:
        join = m.submodules[f"join_{before}"] = Deserializer(shape, i_lanes=common, o_lanes=wanted)
        connect(m, source, join.i)
        source = join.o
    return source
