"""Accelerator: a whole network in hardware, blocks chained by streams, all working at once."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.html import html_table
from threefold.plan import Plan, Ports
from threefold.plan.image import fingerprint
from threefold.plan.netlist import Instance, Wire
from threefold.plan.units import Unit
from threefold.plan.units.block import StreamType

# The hardware of each kind of block; importing a module makes it known to `component`.
from . import (  # noqa: F401
    argmax,
    concat,
    engine,
    fifo,
    fork,
    pad_channels,
    pool,
    resizer,
    sequential,
    stream_adder,
    threshold,
)
from .component import component
from .serial import layer as serial_layer  # noqa: F401
from .stationary import layer as stationary_layer  # noqa: F401
from .stream import lane_count, lane_shape, lane_stream
from .unrolled import layer as unrolled_layer  # noqa: F401
from .width_entry import WidthTap

__all__ = ["Accelerator"]


_LOADING = {"load": In(stream.Signature(8)), "loaded": Out(1), "refused": Out(1)}


class Accelerator(wiring.Component):
    """Accelerator of a planned network: codes of images in; logits, codes or classes out.

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
    load : In(stream.Signature(8))
        Bytes of :func:`~threefold.plan.image_of`, if the plan is loadable. What begins while an
        image is in the loadable unit waits until it has left.
    loaded : Out(1)
        Contents are there and right, if the plan is loadable. Nothing enters the loadable unit
        before.
    refused : Out(1)
        High for a cycle for each wrong one, if the plan is loadable.
    frames : Out(FrameSignature), loaded : Out(1), wrong : Out(1)
        Those of :class:`~threefold.hw.sequential.StreamedEngine`, if the plan has a streamed unit.
    width : In(range(widths))
        With the first beat of an image: the width at which it is computed, 0 for the whole network.
        Only where the plan has several.
    """

    def __init__(self, plan: Plan):
        self._plan = plan
        self._components = [component(each.block) for each in plan.netlist.instances]
        entering = plan.ports.input.type
        widths = plan.netlist.widths
        super().__init__(
            {
                "i": In(lane_stream(entering.bits, entering.lanes)),
                "o": self._components[-1].signature.members["o"],
            }
            | (_LOADING if plan.loadable else {})
            | self._frame_members()
            | ({"width": In(range(widths))} if widths > 1 else {})
        )

    @property
    def plan(self) -> Plan:
        return self._plan

    @property
    def ports(self) -> Ports:
        """Ports: the streams in and out."""
        return self._plan.ports

    def __repr__(self):
        return f"<Accelerator {self._summary}>"

    def _repr_html_(self) -> str:
        rows = [
            [instance.name, instance.block.kind, *_described(instance.block.outputs[0])]
            for instance in self._plan.netlist.instances
        ]
        columns = ("instance", "block", "lanes", "bits", "signed")
        return html_table(f"Accelerator {self._summary}", columns, rows)

    @property
    def _summary(self) -> str:
        """Name, ports and size in one line."""
        entering, leaving = self.ports.input.type, self.ports.output.type
        return (
            f"{self._plan.network.name}: {entering.lanes}×{entering.bits} bits in, "
            f"{leaving.lanes}×{leaving.bits} bits out, {len(self._components)} blocks"
        )

    def elaborate(self, platform):
        m = Module()

        instances = self._plan.netlist.instances
        for instance, hardware in zip(instances, self._components, strict=True):
            m.submodules[instance.name] = hardware
            for wire, name in zip(instance.inputs, instance.block.i_ports, strict=True):
                _connect(m, self._stream(instances, wire), getattr(hardware, name))
            for tap in instance.block.taps:
                port = getattr(hardware, tap.port)
                if tap.port != "o":
                    m.d.comb += port.ready.eq(1)  # nobody else reads it
                _tap(m, tap.name, port)
        connect(m, self._components[-1].o, flipped(self.o))
        if self._plan.loadable:
            self._connect_load(m)
        if self._plan.streamed:
            hardware = self._hardware_of(self._plan.streamed)
            connect(m, hardware.frames, flipped(self.frames))
            m.d.comb += [self.loaded.eq(hardware.loaded), self.wrong.eq(hardware.wrong)]
        if self._plan.netlist.widths > 1:
            self._add_widths(m)

        return m

    def _hardware_of(self, unit: Unit) -> wiring.Component:
        blocks = [instance.block for instance in self._plan.netlist.instances]
        return self._components[blocks.index(unit)]

    def _frame_members(self) -> dict:
        if self._plan.streamed is None:
            return {}
        members = self._hardware_of(self._plan.streamed).signature.members
        return {name: members[name] for name in ("frames", "loaded", "wrong")}

    def _connect_load(self, m: Module):
        hardware = self._hardware_of(next(each for each in self._plan.units if each.loadable))
        connect(m, flipped(self.load), hardware.load)
        m.d.comb += [
            hardware.fingerprint.eq(int.from_bytes(fingerprint(self._plan), "little")),
            self.loaded.eq(hardware.loaded),
            self.refused.eq(hardware.refused),
        ]

    def _add_widths(self, m: Module) -> None:
        """Tell every component that asks for it the width of its image."""
        netlist = self._plan.netlist
        entry, *others = self._components
        beat, last = Signal(range(netlist.o_beats)), Signal()
        leaves = self.o.valid & self.o.ready
        m.d.comb += [
            entry.width.eq(self.width),
            last.eq(beat == netlist.o_beats - 1),
            entry.leaves.eq(leaves & last),
        ]
        with m.If(leaves):
            m.d.sync += beat.eq(Mux(last, 0, beat + 1))
        for instance, hardware in zip(netlist.instances[1:], others, strict=True):
            if "now" not in hardware.signature.members:
                continue
            tap = WidthTap(widths=netlist.widths, inside=netlist.inside)
            m.submodules[f"width_of_{instance.name}"] = tap
            m.d.comb += [
                tap.ring.eq(entry.ring),
                tap.step.eq(hardware.image_end),
                hardware.now.eq(tap.now),
            ]
            if "following" in hardware.signature.members:
                m.d.comb += hardware.following.eq(tap.following)

    def _stream(self, instances: tuple[Instance, ...], wire: Wire):
        """The port that a wire leaves."""
        if wire.instance < 0:
            return flipped(self.i)
        port = self._components[wire.instance].o
        several = len(instances[wire.instance].block.outputs) > 1
        return port[wire.output] if several else port


def _described(stream: StreamType) -> list[object]:
    return [stream.lanes, stream.bits, "yes" if stream.signed else None]


def _connect(m: Module, source, target):
    """Connect streams; a requantizer's lanes have room for the threshold that means "never"."""
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
