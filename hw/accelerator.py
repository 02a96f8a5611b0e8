"""A whole network in hardware: components chained by streams, all of them working at once."""

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from threefold.plan.dataflow import Edge, Part
from threefold.plan.plan import Plan

from .argmax import ArgMax
from .concat import Concat
from .engine import Engine
from .fifo import Fifo
from .fork import Fork
from .pad_channels import PadChannels
from .pool import PoolEngine
from .requantizer import Requantizer
from .resizer import Deserializer, Serializer
from .stream import lane_count, lane_shape, lane_stream
from .stream_adder import StreamAdder

__all__ = ["Accelerator"]


class Accelerator(wiring.Component):
    """Images in as codes, logits, codes or classes out.

    Parameters
    ----------
    plan : Plan

    Members
    -------
    i : In(lane_stream(code bits, lanes of the plan's input))
        Codes of an image in the order height, width, channel; image after image.
    o : Out(lane_stream)
        Signed logits or codes, as many at once as the plan says, or one class index for each
        pixel of the output.
    """

    def __init__(self, plan: Plan):
        self._plan = plan
        parts, lanes = plan.dataflow
        self._components = [_component(part) for part in parts]
        bits = plan.network.input.element.bits
        super().__init__(
            {
                "i": In(lane_stream(bits, lanes)),
                "o": self._components[-1].signature.members["o"],
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
        return self._plan.o_beats

    def elaborate(self, platform):
        m = Module()

        parts, _ = self._plan.dataflow
        for part, component in zip(parts, self._components, strict=True):
            m.submodules[part.name] = component
            for edge, port in zip(part.inputs, _inputs(part, component), strict=True):
                _connect(m, self._stream(edge), port)
            if part.plan is not None:
                _tap(m, part.plan.name, component.o)
        connect(m, self._components[-1].o, flipped(self.o))

        return m

    def _stream(self, edge: Edge):
        """The port that an edge leaves."""
        if edge.part < 0:
            return flipped(self.i)
        parts, _ = self._plan.dataflow
        port = self._components[edge.part].o
        return port[edge.output] if parts[edge.part].kind == "fork" else port


def _component(part: Part) -> wiring.Component:
    first = part.inputs[0]
    shape = signed(first.bits) if first.signed else first.bits
    match part.kind:
        case "engine":
            return Engine(part.plan)
        case "pool":
            return PoolEngine(part.plan)
        case "threshold":
            step, form = part.plan.step, part.plan.form
            return Requantizer(step.levels, total_bits=step.total_bits, lanes=part.lanes, form=form)
        case "add":
            a_max, b_max = (codes.max_code for codes in part.plan.step.codes)
            return StreamAdder(a_max, b_max, lanes=part.lanes)
        case "concat":
            beats = tuple(shape[2] // part.lanes for shape in part.plan.step.in_shapes)
            return Concat(shape, lanes=part.lanes, beats=beats)
        case "pad_channels":
            step, lanes = part.plan.step, part.lanes
            return PadChannels(
                shape,
                lanes=lanes,
                before=step.before // lanes,
                beats=step.in_shape[2] // lanes,
                after=step.after // lanes,
                code=step.out_codes.zero_code,
            )
        case "fork":
            return Fork(shape, lanes=part.lanes, outputs=part.number)
        case "fifo":
            return Fifo(shape, lanes=part.lanes, depth=part.number)
        case "split":
            return Serializer(shape, i_lanes=first.lanes, o_lanes=part.lanes)
        case "join":
            return Deserializer(shape, i_lanes=first.lanes, o_lanes=part.lanes)
        case "argmax":
            return ArgMax(channels=part.number, bits=first.bits)


def _inputs(part: Part, component: wiring.Component) -> tuple:
    if part.kind in ("add", "concat"):
        return component.a, component.b
    return (component.i,)


def _connect(m: Module, source, target):
    """Connect streams; a requantizer's lanes have room for the level that means "never"."""
    if lane_shape(source) == lane_shape(target):
        connect(m, source, target)
        return
    m.d.comb += [target.valid.eq(source.valid), source.ready.eq(target.ready)]
    for lane in range(lane_count(target)):
        m.d.comb += target.payload[lane].eq(source.payload[lane])


def _tap(m: Module, name: str, port):
    """Copies of a stream's signals under names that stay, for testbenches and waveforms.

    Nothing reads them, so they cost nothing in hardware.
    """
    for member in ("valid", "ready", "payload"):
        value = Value.cast(getattr(port, member))
        signal = Signal(len(value), name=f"tap_{name}__{member}")
        m.d.comb += signal.eq(value)
