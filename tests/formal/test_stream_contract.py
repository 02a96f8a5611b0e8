# amaranth: UnusedElaboratable=no

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from amaranth.hdl import Array, Assert, EnableInserter, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold import network
from threefold.boards.sdram import AS4C16M16SA_7
from threefold.hw.accelerator import Accelerator
from threefold.hw.argmax import ArgMax
from threefold.hw.concat import Concat
from threefold.hw.crop import Crop
from threefold.hw.engine import Engine, PEArray
from threefold.hw.fifo import Fifo
from threefold.hw.fork import Fork
from threefold.hw.interfaces.byte_fifos import ByteFifos
from threefold.hw.interfaces.byte_packer import BytePacker
from threefold.hw.interfaces.byte_unpacker import ByteUnpacker
from threefold.hw.interfaces.flash import FlashReader
from threefold.hw.interfaces.frame_parser import FrameParser
from threefold.hw.interfaces.framer import Framer
from threefold.hw.interfaces.load_buffer import LoadBuffer
from threefold.hw.interfaces.monitor import Monitor
from threefold.hw.interfaces.stuffer import Destuffer, Stuffer
from threefold.hw.interfaces.uart import UARTReceiver
from threefold.hw.logits import LogitAdder
from threefold.hw.pad_channels import PadChannels
from threefold.hw.pool import PoolEngine
from threefold.hw.reorder import Reorder
from threefold.hw.requantizer import Requantizer
from threefold.hw.resizer import Deserializer, Serializer
from threefold.hw.sdram.request_queue import RequestQueue
from threefold.hw.sdram.result_writer import ResultWriter
from threefold.hw.serial.layer import SerialLayer
from threefold.hw.skid_buffer import SkidBuffer
from threefold.hw.stationary.layer import StationaryArray, StationaryLayer
from threefold.hw.stream import lane_stream
from threefold.hw.stream_adder import StreamAdder
from threefold.hw.unfolder import Unfolder
from threefold.hw.unrolled.layer import UnrolledLayer
from threefold.hw.width_entry import WidthEntry
from threefold.network import (
    Codes,
    Conv,
    Dense,
    Logits,
    MaxPool,
    Network,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.plan import Folding, fold, lower
from threefold.plan.even import even_thresholds
from threefold.plan.unfolding import Unfolding
from threefold.plan.units.engine import EngineUnit
from threefold.plan.units.pool import PoolUnit
from threefold.plan.units.serial import SerialUnit
from threefold.plan.units.stationary import StationaryUnit
from threefold.plan.units.unrolled import UnrolledUnit
from threefold.plan.window import Window
from threefold.sim.verification import ChangingPayload, GatedValid, ImpatientValid, Prover

from ..nightly import mostly_nightly

NETWORK = Network.chain(
    "small",
    Tensor((1, 1, 4), Codes.ternary()),
    [
        ("fc1", Dense([[1, -1, 0, 1], [0, 1, 1, -1], [0, 0, -1, 1], [1, 0, 0, 0]])),
        ("act1", Threshold([[-1, 1, 2], [-2, 0, 1], [0, 0, 1], [-1, 0, 1]])),
        ("fc2", Dense([[1, 0, 0, -1], [-1, 1, 0, 0], [0, 0, 0, 1]])),
        ("logits", Logits([1, -2, 0])),
        ("argmax", network.ArgMax()),
    ],
)
TINY = Network.chain(
    "tiny",
    Tensor((1, 1, 2), Codes.bipolar()),
    [
        ("fc1", Dense([[1, -1], [0, 1]])),
        ("act1", Threshold([[0], [1]], step=2, offset=-1)),
        ("fc2", Dense([[1, 0], [-1, 1]])),
        ("logits", Logits([1, 0])),
        ("argmax", network.ArgMax()),
    ],
)
LAYERS = {layer.name: layer for layer in lower(NETWORK)}


class PausedArray(wiring.Component):
    """A PE array stopped by its consumer, as an engine has it."""

    def __init__(self, plan: EngineUnit):
        self._array = PEArray(plan)
        members = self._array.signature.members
        super().__init__(
            {
                "fetch": In(1),
                "valid": In(1),
                "last": In(1),
                "activations": members["activations"],
                "o": Out(members["o"].signature),
            }
        )

    def elaborate(self, platform):
        m = Module()
        array = self._array
        m.submodules.array = EnableInserter(~array.o.valid | self.o.ready)(array)
        m.d.comb += [
            array.fetch.eq(self.fetch),
            array.valid.eq(self.valid),
            array.last.eq(self.last),
            array.activations.eq(self.activations),
            self.o.valid.eq(array.o.valid),
            self.o.payload.eq(array.o.payload),
        ]
        return m


class Without(wiring.Component):
    """A component of which some inputs stay low."""

    def __init__(self, component: wiring.Component, *inputs: str):
        self._component = component
        members = component.signature.members
        super().__init__({name: members[name] for name in members if name not in inputs})

    def elaborate(self, platform):
        m = Module()
        m.submodules.component = component = self._component
        for name, member in self.signature.members.items():
            outer, inner = getattr(self, name), getattr(component, name)
            if member.is_signature:
                connect(m, flipped(outer), inner)
            else:
                m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        return m


class WatchedParser(FrameParser):
    """A frame parser that is always in one part of a frame."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.d.comb += Assert(sum(self._part) == 1)
        return m


def array() -> PausedArray:
    return PausedArray(EngineUnit((LAYERS["fc1"],), 2, 2))


def requantizer(form: str = "pipelined") -> Requantizer:
    thresholds = np.sort(np.arange(18).reshape(6, 3) % 7)
    return Requantizer(thresholds, accumulator_bits=4, lanes=2, form=form)


def requantizer_divider() -> Requantizer:
    thresholds = np.arange(1, 7)[:, None] + 2 * np.arange(3)
    even = even_thresholds(thresholds, np.full(6, 14))
    return Requantizer(thresholds, accumulator_bits=4, lanes=2, form="divider", even=even)


def requantizer_of_pixels() -> Requantizer:
    thresholds = np.sort(np.arange(18).reshape(6, 3) % 7)
    return Requantizer(thresholds, accumulator_bits=4, lanes=1, pixels=2, pe=3)


def requantizer_lookup(form: str) -> Requantizer:
    thresholds = np.repeat(np.arange(2, 14, 2), 15).reshape(6, 15)
    return Requantizer(thresholds, accumulator_bits=4, lanes=2, form=form)


def engine(name: str, pe: int, simd: int, lanes: int = 1) -> Engine:
    return Engine(EngineUnit((LAYERS[name],), pe, simd, lanes=lanes))


MAPS = Network.chain(
    "maps",
    Tensor((3, 3, 2), Codes.ternary()),
    [
        ("conv1", Conv([[[[1, -1], [0, 1]], [[0, 0], [-1, 1]]]] * 2, (1, 1), (1, 0, 0, 1))),
        ("act1", Threshold([[-1, 1], [0, 2]])),
        ("max1", MaxPool((2, 2), (1, 1), (0, 1, 1, 0))),
        ("sum1", SumPool((1, 2), (1, 1))),
    ],
)
STEPS = {step.name: step for step in lower(MAPS)}


def sliding_engine(pe: int, simd: int, lanes: int = 1, pixels: int = 1) -> Engine:
    return Engine(EngineUnit((STEPS["conv1"],), pe, simd, lanes=lanes, pixels=pixels))


def unfolder(*, whole: bool) -> Unfolder:
    window = Window((2, 3, 1), (2, 2), (1, 1), (0, 1, 1, 1))
    return Unfolder(bits=1, unfolding=Unfolding(window, whole), pad_code=1)


def pool(name: str, lanes: int = 1) -> PoolEngine:
    return PoolEngine(PoolUnit((STEPS[name],), lanes))


def monitor() -> Monitor:
    return Monitor(lane_stream(2, 1), lane_stream(signed(2), 1), i_beats=3, o_beats=2)


def stationary(name):
    layer = LAYERS[name]
    return StationaryLayer(StationaryUnit((layer,), layer.rows))


def accelerator() -> Accelerator:
    return Accelerator(fold(TINY, {"fc1": Folding(2, 1), "fc2": Folding(1, 2)}))


@dataclass
class Case:
    """A component and how its contract is proven.

    Parameters
    ----------
    make : callable
    beats : int
        Beats to be covered: those of more than one image or row of channels.
    cycles : int
        In which they can leave.
    """

    make: Callable[[], wiring.Component]
    beats: int
    cycles: int


INDUCTION = 2
CASES = {
    "serializer": Case(lambda: Serializer(3, i_lanes=6, o_lanes=2), 7, 20),
    "serializer_of_one": Case(lambda: Serializer(3, i_lanes=2, o_lanes=2), 3, 12),
    "serializer_decoupled": Case(
        lambda: Serializer(3, i_lanes=6, o_lanes=2, decoupled=True), 7, 20
    ),
    "serializer_decoupled_of_one": Case(
        lambda: Serializer(3, i_lanes=2, o_lanes=2, decoupled=True), 3, 12
    ),
    "deserializer": Case(lambda: Deserializer(3, i_lanes=2, o_lanes=6), 3, 20),
    "deserializer_of_one": Case(lambda: Deserializer(3, i_lanes=2, o_lanes=2), 3, 12),
    "requantizer": Case(requantizer, 4, 16),
    "requantizer_parallel": Case(partial(requantizer, "parallel"), 4, 16),
    "requantizer_sequential": Case(partial(requantizer, "sequential"), 4, 40),
    "requantizer_divider": Case(requantizer_divider, 4, 40),
    "requantizer_of_pixels": Case(requantizer_of_pixels, 7, 20),
    "requantizer_lookup": Case(partial(requantizer_lookup, "pipelined"), 4, 16),
    "requantizer_lookup_sequential": Case(partial(requantizer_lookup, "sequential"), 4, 30),
    "logit_adder": Case(
        lambda: LogitAdder(np.arange(-3, 3), step=2, accumulator_bits=4, logit_bits=6, lanes=2),
        4,
        16,
    ),
    "logit_adder_shifts": Case(
        lambda: LogitAdder(np.arange(-3, 3), step=5, accumulator_bits=4, logit_bits=8, lanes=2),
        4,
        16,
    ),
    "argmax": Case(lambda: ArgMax(channels=3, bits=4), 3, 16),
    "array": Case(array, 3, 20),
    "engine_codes": Case(lambda: engine("fc1", 2, 2), 5, 40),
    "engine_codes_lanes": Case(lambda: engine("fc1", 4, 1, lanes=2), 3, 40),
    "engine_pruned_logits": Case(lambda: engine("fc2", 1, 2), 4, 24),
    "engine_constants": Case(lambda: engine("fc2", 3, 4, lanes=3), 2, 16),
    "engine_sliding": Case(lambda: sliding_engine(1, 1), 2, 40),
    "engine_sliding_lanes": Case(lambda: sliding_engine(2, 2, lanes=2), 3, 30),
    "engine_of_pixels": Case(lambda: sliding_engine(1, 1, pixels=2), 2, 50),
    "engine_of_pixels_whole": Case(lambda: sliding_engine(2, 2, pixels=2), 2, 40),
    "engine_of_columns": Case(lambda: sliding_engine(1, 4), 2, 40),
    "engine_of_rows": Case(lambda: sliding_engine(2, 8), 2, 40),
    "unfolder": Case(lambda: unfolder(whole=False), 4, 20),
    "unfolder_of_rows": Case(lambda: unfolder(whole=True), 3, 24),
    "pool": Case(lambda: pool("max1"), 2, 24),
    "pool_of_sums": Case(lambda: pool("sum1", lanes=2), 3, 20),
    "accelerator": Case(accelerator, 3, 40),
    "unrolled_codes": Case(lambda: UnrolledLayer(UnrolledUnit((LAYERS["fc1"],))), 3, 16),
    "unrolled_logits": Case(lambda: UnrolledLayer(UnrolledUnit((LAYERS["fc2"],))), 3, 16),
    "serial_codes": Case(lambda: SerialLayer(SerialUnit((LAYERS["fc1"],))), 2, 24),
    "serial_logits": Case(lambda: SerialLayer(SerialUnit((LAYERS["fc2"],))), 2, 24),
    "stationary": Case(lambda: stationary("fc1"), 3, 32),
    "byte_packer": Case(lambda: BytePacker(3, 2), 3, 16),
    "byte_unpacker": Case(lambda: ByteUnpacker(signed(10), 2), 5, 20),
    "monitor": Case(monitor, 4, 20),
    "stuffer": Case(Stuffer, 3, 16),
    "destuffer": Case(Destuffer, 3, 16),
    "byte_fifos": Case(lambda: Without(ByteFifos(address_bits=3, few_bits=1), "clear_few"), 1, 24),
    "load_buffer": Case(LoadBuffer, 3, 16),
    "framer": Case(lambda: Without(Framer(1), "forget"), 1, 40),
    "uart_receiver": Case(lambda: UARTReceiver(4), 1, 60),
    "fifo": Case(lambda: Fifo(2, lanes=2, depth=3), 4, 16),
    "fifo_of_one": Case(lambda: Fifo(2, lanes=1, depth=1), 3, 20),
    "fifo_of_two": Case(lambda: Fifo(2, lanes=1, depth=2), 3, 20),
    "fifo_of_four": Case(lambda: Fifo(2, lanes=1, depth=4), 5, 20),
    "fork": Case(lambda: Fork(2, lanes=2, outputs=3), 3, 16),
    "request_queue": Case(lambda: Without(RequestQueue(2), "restart"), 3, 12),
    "skid_buffer": Case(lambda: SkidBuffer(2, lanes=2), 3, 12),
    "stream_adder": Case(lambda: StreamAdder(3, 4, lanes=2), 3, 12),
    "crop": Case(lambda: Crop(2, lanes=2, kept=2, beats=3), 5, 16),
    "reorder": Case(lambda: Reorder(2, lanes=2, groups=(2, 2, 1)), 5, 30),
    "concat": Case(lambda: Concat(2, lanes=2, beats=(2, 1)), 4, 16),
    "pad_channels": Case(
        lambda: PadChannels(2, lanes=2, beats=2, before=1, after=1, code=1), 6, 20
    ),
    "result_writer": Case(lambda: ResultWriter(AS4C16M16SA_7, image_bytes=2), 2, 20),
    "width_entry": Case(
        lambda: Without(WidthEntry(2, lanes=2, beats=2, widths=3, inside=2), "leaves"), 3, 16
    ),
}
ONE_OF_EACH = [
    "serializer",
    "deserializer",
    "requantizer",
    "requantizer_sequential",
    "requantizer_divider",
    "logit_adder",
    "argmax",
    "engine_codes",
    "engine_sliding_lanes",
    "unfolder_of_rows",
    "pool",
    "unrolled_codes",
    "accelerator",
    "byte_packer",
    "byte_unpacker",
    "stuffer",
    "destuffer",
    "byte_fifos",
    "framer",
    "monitor",
    "fifo",
    "fork",
    "skid_buffer",
    "stream_adder",
    "crop",
    "reorder",
    "concat",
    "pad_channels",
    "result_writer",
    "width_entry",
]
THREE = ["serializer", "fifo", "requantizer"]
every_case = pytest.mark.parametrize(
    "name", mostly_nightly(CASES, always=[*ONE_OF_EACH, "array", "load_buffer", "uart_receiver"])
)


@pytest.fixture
def prover(tmp_path):
    return Prover(tmp_path)


@every_case
def test_valid_and_payload_hold_while_waiting(prover, name):
    case = CASES[name]
    assert prover.holds(case.make(), depth=INDUCTION)


@pytest.mark.parametrize("name", mostly_nightly(CASES, always=THREE))
def test_beats_can_wait_and_leave(prover, name):
    case = CASES[name]
    assert prover.covers(case.make(), cycles=case.cycles, beats=case.beats)


@every_case
def test_no_gates_lead_from_ready_to_valid(prover, name):
    assert not prover.ready_leads_to_valid(CASES[name].make())


@pytest.mark.parametrize("loads", [False, True])
def test_a_frame_parser_keeps_the_contract(prover, loads):
    """Without covers and faults: that a CRC matches is what a solver cannot find."""
    parser = Without(WatchedParser(2, value_bits=2, loads=loads), "shift")  # it moves a payload
    assert prover.holds(parser, depth=INDUCTION + 1)
    assert not prover.ready_leads_to_valid(FrameParser(2, value_bits=2, loads=loads))


class ArrayOfLogic(StationaryArray):
    """A stationary array whose weights are logic: induction forgets what is in a memory."""

    def _read(self, m, rows, address, family):
        row = Signal(2 * self.plan.layer.rows)
        m.d.sync += row.eq(Array(rows)[address])
        return row


def test_a_stationary_array_keeps_the_contract(prover):
    unit = StationaryUnit((LAYERS["fc2"],), 3)
    assert prover.holds(ArrayOfLogic(unit), depth=INDUCTION + 2)
    assert prover.covers(StationaryArray(unit), cycles=30, beats=3)


def test_a_flash_reader_keeps_the_contract(prover):
    """Without covers: its first byte comes after 98 cycles."""
    assert prover.holds(FlashReader(0, half=1, rest=1), depth=INDUCTION)
    assert not prover.ready_leads_to_valid(FlashReader(0, half=1, rest=1))


@pytest.mark.parametrize("name", ["fifo", "fifo_of_one"])
def test_no_gates_lead_through_a_buffer(prover, name):
    component = CASES[name].make()
    assert not prover.gates_lead(component, ["o__ready"], ["i__ready"])
    assert not prover.gates_lead(component, ["i__valid", "i__payload"], ["o__valid", "o__payload"])


@pytest.mark.parametrize(
    "name",
    [
        "skid_buffer",
        "reorder",
        "serializer_decoupled",
        "serializer_decoupled_of_one",
        "requantizer",
        "requantizer_parallel",
        "requantizer_sequential",
        "requantizer_divider",
    ],
)
def test_no_gates_lead_from_ready_to_ready(prover, name):
    assert not prover.gates_lead(CASES[name].make(), ["o__ready"], ["i__ready"])


def test_gates_that_lead_through_are_found(prover):
    assert prover.gates_lead(CASES["serializer"].make(), ["o__ready"], ["i__ready"])
    assert prover.gates_lead(CASES["fork"].make(), ["o__0__ready", "o__1__ready"], ["i__ready"])
    assert prover.gates_lead(CASES["fork"].make(), ["i__valid"], ["o__0__valid", "o__1__valid"])
    assert not prover.gates_lead(CASES["fork"].make(), ["o__0__ready"], ["o__1__valid"])


@pytest.mark.parametrize(
    "name", mostly_nightly(ONE_OF_EACH, always=[*THREE, "engine_codes", "pool"])
)
def test_a_valid_that_does_not_hold_is_found(prover, name):
    case = CASES[name]
    assert prover.violated(ImpatientValid(case.make()), cycles=case.cycles)


@pytest.mark.parametrize("name", mostly_nightly(ONE_OF_EACH, always=THREE))
def test_a_payload_that_does_not_hold_is_found(prover, name):
    case = CASES[name]
    assert prover.violated(ChangingPayload(case.make()), cycles=case.cycles)


@pytest.mark.parametrize(
    "name", mostly_nightly(ONE_OF_EACH, always=[*THREE, "engine_codes", "pool"])
)
def test_a_gated_valid_is_found(prover, name):
    assert prover.ready_leads_to_valid(GatedValid(CASES[name].make()))


def test_a_beat_that_never_waits_is_not_covered(prover):
    case = CASES["serializer"]
    assert not prover.covers(GatedValid(case.make()), cycles=case.cycles)
