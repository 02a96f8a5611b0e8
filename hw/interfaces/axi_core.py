"""Core with AXI: an accelerator with AXI4-Stream in and out, and registers behind AXI4-Lite."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from threefold.plan import Port
from threefold.registers import REGISTERS

from ..stream import shape_of
from .axi_lite import AXILite
from .controlled import ControlledAccelerator
from .loadable import is_loadable
from .width_word import widths_of

__all__ = ["AXICore"]


class AXICore(wiring.Component):
    """Accelerator behind AXI4-Stream and AXI4-Lite, with the names that these signals have there.

    In a stream each lane takes 1, 2 or 4 bytes, as ``port.lane_bytes`` says, so that an image is an
    array of integers of that size; the upper bits of an input lane are ignored, those of an output
    lane are its sign, or 0. TLAST marks the last beat of an image. At the input nothing depends on
    it, but if it is elsewhere ``ERRORS.last`` says so.

    Parameters
    ----------
    accelerator : wiring.Component
        With its attribute ``ports``, as for :class:`ControlledAccelerator`.
    constants : dict of str to int
        See :func:`~threefold.registers.identity.identity`.

    Members
    -------
    s_axi_* : AXI4-Lite, subordinate
        Registers, at the offsets of :data:`~threefold.registers.REGISTERS`.
    s_axis_* : AXI4-Stream, receiver
        Images: ``tvalid``, ``tready``, ``tdata``, ``tlast``. If the accelerator has several widths,
        ``tuser`` is the width at which an image is computed, taken with its first beat.
    m_axis_* : AXI4-Stream, transmitter
        What comes of them.
    """

    def __init__(self, accelerator: wiring.Component, constants: Mapping[str, int]):
        self._ports = ports = accelerator.ports
        registers = REGISTERS.on("axi", loadable=is_loadable(accelerator))
        self._core = ControlledAccelerator(accelerator, registers, constants)
        self._front = AXILite(self._core.registers.address_bits)
        address = self._front.address_bits + 2
        widths = widths_of(accelerator)
        super().__init__(
            {
                "s_axi_awaddr": In(address),
                "s_axi_awvalid": In(1),
                "s_axi_awready": Out(1),
                "s_axi_wdata": In(32),
                "s_axi_wstrb": In(4),
                "s_axi_wvalid": In(1),
                "s_axi_wready": Out(1),
                "s_axi_bresp": Out(2),
                "s_axi_bvalid": Out(1),
                "s_axi_bready": In(1),
                "s_axi_araddr": In(address),
                "s_axi_arvalid": In(1),
                "s_axi_arready": Out(1),
                "s_axi_rdata": Out(32),
                "s_axi_rresp": Out(2),
                "s_axi_rvalid": Out(1),
                "s_axi_rready": In(1),
                "s_axis_tdata": In(_width(ports.input)),
                "s_axis_tlast": In(1),
                **({"s_axis_tuser": In(range(widths))} if widths > 1 else {}),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "m_axis_tdata": Out(_width(ports.output)),
                "m_axis_tlast": Out(1),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.core = core = self._core
        m.submodules.axi_lite = front = self._front
        connect(m, front.port, core.port)
        m.d.comb += [
            front.aw.payload.eq(self.s_axi_awaddr),
            front.aw.valid.eq(self.s_axi_awvalid),
            self.s_axi_awready.eq(front.aw.ready),
            front.w.payload.data.eq(self.s_axi_wdata),
            front.w.payload.strb.eq(self.s_axi_wstrb),
            front.w.valid.eq(self.s_axi_wvalid),
            self.s_axi_wready.eq(front.w.ready),
            self.s_axi_bresp.eq(front.b.payload),
            self.s_axi_bvalid.eq(front.b.valid),
            front.b.ready.eq(self.s_axi_bready),
            front.ar.payload.eq(self.s_axi_araddr),
            front.ar.valid.eq(self.s_axi_arvalid),
            self.s_axi_arready.eq(front.ar.ready),
            self.s_axi_rdata.eq(front.r.payload.data),
            self.s_axi_rresp.eq(front.r.payload.resp),
            self.s_axi_rvalid.eq(front.r.valid),
            front.r.ready.eq(self.s_axi_rready),
        ]
        self._add_streams(m, core)

        return m

    def _add_streams(self, m: Module, core: ControlledAccelerator):
        i, o = self._ports.input, self._ports.output
        wide = [Signal(8 * i.lane_bytes, name=f"i_lane{lane}") for lane in range(i.type.lanes)]
        m.d.comb += Cat(wide).eq(self.s_axis_tdata)
        m.d.comb += [core.i.payload[lane].eq(value) for lane, value in enumerate(wide)]
        shape = shape_of(o.type)
        extended = [
            Signal(type(shape)(8 * o.lane_bytes, shape.signed), name=f"o_lane{lane}")
            for lane in range(o.type.lanes)
        ]
        m.d.comb += [value.eq(core.o.payload[lane]) for lane, value in enumerate(extended)]
        m.d.comb += [
            core.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(core.i.ready),
            core.errors.last.eq(core.i.valid & core.i.ready & (self.s_axis_tlast != core.i_last)),
            self.m_axis_tdata.eq(Cat(extended)),
            self.m_axis_tlast.eq(core.o_last),
            self.m_axis_tvalid.eq(core.o.valid),
            core.o.ready.eq(self.m_axis_tready),
        ]
        if "width" in core.signature.members:
            m.d.comb += core.width.eq(self.s_axis_tuser)


def _width(port: Port) -> int:
    """Bits of TDATA."""
    return 8 * port.lane_bytes * port.type.lanes
