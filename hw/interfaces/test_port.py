"""Test port: between a serial link and what holds images for an accelerator."""

from amaranth.hdl import Module, Mux
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from threefold.registers.benchmark import BENCHMARK

from .frame_parser import FrameParser
from .registers import RegisterPort
from .serial_registers import SerialRegisters

__all__ = ["TestPort", "connect_test", "has_test"]


class TestPort(wiring.Signature):
    """Signature of what a link connects to a benchmark.

    Members
    -------
    registers : Out(RegisterPort(6))
        Its registers, by the numbers that all have.
    load : Out(stream.Signature(8))
        Bytes of a set of images.
    loading : In(1)
        They are those of a set.
    busy : In(1)
        No image may begin from the line.
    """

    __test__ = False  # no test of pytest's

    def __init__(self):
        super().__init__(
            {
                "registers": Out(RegisterPort(BENCHMARK.address_bits)),
                "load": Out(stream.Signature(8)),
                "loading": In(1),
                "busy": In(1),
            }
        )


def has_test(accelerator: wiring.Component) -> bool:
    """Whether an accelerator has a benchmark: a :class:`TestPort` ``test``, and ``restart``."""
    return "test" in accelerator.signature.members


def connect_test(
    m: Module, test: wiring.PureInterface, parser: FrameParser, registers: SerialRegisters
) -> wiring.PureInterface:
    """Connect a test port to the registers of a link, and to LOADs while it loads.

    Parameters
    ----------
    m : Module
        Of the link.
    test : interface of TestPort
    parser : FrameParser
        One that takes LOADs.
    registers : SerialRegisters
        With those of a benchmark.

    Returns
    -------
    interface of stream.Signature(8)
        Bytes of all other LOADs, for :func:`connect` as the output that they come from.
    """
    port, others = test.registers, stream.Signature(8).create(path=("programs",))
    width = BENCHMARK.address_bits
    m.d.comb += [
        port.address.eq(registers.address),
        port.read.eq(registers.sample),
        port.write.eq(registers.write & ~registers.address[width:].any()),
        port.w_data.eq(registers.w_data),
        registers.test.eq(port.r_data),
        test.load.payload.eq(parser.loaded.payload),
        test.load.valid.eq(parser.loaded.valid & test.loading),
        others.payload.eq(parser.loaded.payload),
        others.valid.eq(parser.loaded.valid & ~test.loading),
        parser.loaded.ready.eq(Mux(test.loading, test.load.ready, others.ready)),
    ]
    return others
