# amaranth: UnusedElaboratable=no

import random
from itertools import product

import pytest
from amaranth.hdl import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped
from amaranth.sim import Simulator

from threefold.errors import PlanError
from threefold.hw.resizer import Deserializer, Serializer
from threefold.sim.verification import pass_through

from ..equivalence import prove
from ..nightly import mostly_nightly


def beats_of(values, lanes):
    return [tuple(values[n : n + lanes]) for n in range(0, len(values), lanes)]


def resize(component, i_lanes, o_lanes, *, count, stalls=0.0, seed=0, shape=4):
    """Input and output of a component, both in beats of the output, and the traffic."""
    rng = random.Random(seed)
    lo, hi = (-8, 7) if shape == signed(4) else (0, 15)
    values = [rng.randint(lo, hi) for _ in range(i_lanes * count)]
    dut = component(shape, i_lanes=i_lanes, o_lanes=o_lanes)
    beats = beats_of(values, o_lanes)
    traffic = pass_through(dut, beats_of(values, i_lanes), len(beats), stalls=stalls, seed=seed)
    return beats, traffic


SIZES = [
    (Serializer, 1, 1),
    (Serializer, 3, 3),
    (Serializer, 2, 1),
    (Serializer, 6, 2),
    (Serializer, 8, 1),
    (Deserializer, 1, 1),
    (Deserializer, 3, 3),
    (Deserializer, 1, 2),
    (Deserializer, 2, 6),
    (Deserializer, 1, 8),
]


@pytest.mark.parametrize("shape", [1, 4, signed(4)], ids=["bit", "unsigned", "signed"])
@pytest.mark.parametrize(("component", "i_lanes", "o_lanes"), SIZES)
def test_keeps_the_order_of_lanes_without_a_gap(component, i_lanes, o_lanes, shape):
    count = 12 * max(1, o_lanes // i_lanes)
    beats, traffic = resize(component, i_lanes, o_lanes, count=count, shape=shape)
    mask = 1 if shape == 1 else -1
    assert traffic.beats == [tuple(value & mask for value in beat) for beat in beats]
    gap = max(1, o_lanes // i_lanes)
    assert traffic.left == [gap + gap * n for n in range(len(beats))]
    assert traffic.entered[0] == 0


@pytest.mark.parametrize("stalls", [0.2, 0.5, 0.8])
@pytest.mark.parametrize(("component", "i_lanes", "o_lanes"), SIZES)
def test_stalls(component, i_lanes, o_lanes, stalls):
    for seed in range(3):
        count = 24 * max(1, o_lanes // i_lanes)
        beats, traffic = resize(component, i_lanes, o_lanes, count=count, stalls=stalls, seed=seed)
        assert traffic.beats == beats, f"seed {seed}"


@pytest.mark.parametrize("ratio", [1, 2, 3, 8])
def test_decoupled(ratio):
    """The output has a gap of one beat, and the input's ready does not ask the output's."""
    dut = Serializer(4, i_lanes=ratio, o_lanes=1, decoupled=True)
    values = [(7 * n) % 16 for n in range(5 * ratio)]
    traffic = pass_through(dut, beats_of(values, ratio), len(values))
    assert traffic.beats == beats_of(values, 1)
    assert traffic.entered == [n * (ratio + 1) for n in range(5)]

    async def testbench(ctx):
        ctx.set(dut.i.valid, 1)
        await ctx.tick()
        for o_ready in (0, 1):
            ctx.set(dut.o.ready, o_ready)
            assert not ctx.get(dut.i.ready)

    dut = Serializer(4, i_lanes=ratio, o_lanes=1, decoupled=True)
    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(testbench)
    sim.run()


@pytest.mark.parametrize("stalls", [0.2, 0.5, 0.8])
def test_decoupled_stalls(stalls):
    dut = Serializer(4, i_lanes=6, o_lanes=2, decoupled=True)
    values = [(7 * n) % 16 for n in range(300)]
    traffic = pass_through(dut, beats_of(values, 6), 150, stalls=stalls, seed=1)
    assert traffic.beats == beats_of(values, 2)


class Shown(wiring.Component):
    """A serializer whose payload is 0 where there is none."""

    def __init__(self, ratio, *, decoupled, stalls):
        self._serializer = Serializer(2, i_lanes=ratio, o_lanes=1, decoupled=decoupled)
        self._stalls = stalls
        super().__init__(dict(self._serializer.signature.members))

    def elaborate(self, platform):
        m = Module()
        m.submodules.serializer = inner = self._serializer
        connect(m, flipped(self.i), inner.i)
        m.d.comb += [
            self.o.valid.eq(inner.o.valid),
            self.o.payload.eq(Mux(inner.o.valid, inner.o.payload.as_value(), 0)),
            inner.o.ready.eq(self.o.ready if self._stalls else 1),
        ]
        return m


@pytest.mark.parametrize(
    ("ratio", "decoupled"),
    mostly_nightly(product([4, 6, 7, 8], [False, True]), always=[(4, False), (6, True)]),
)
def test_same_on_ecp5(tmp_path, ratio, decoupled):
    """For any number of cycles if nobody waits, else until each part has come and gone twice."""
    from_reset = "sat -verify -seq 1 -set-at 1 in_rst 1 -prove trigger 0"
    for stalls, how in ((False, "-tempinduct"), (True, "-tempinduct -tempinduct-baseonly")):
        gold, gate = (Shown(ratio, decoupled=decoupled, stalls=stalls) for _ in range(2))
        script = f"{from_reset} {how} -maxsteps {2 * ratio + 4} miter\n"
        assert "PFUMX" in prove(tmp_path, gold, gate, script)


def test_ratio():
    assert Serializer(4, i_lanes=6, o_lanes=2).ratio == 3
    assert Deserializer(4, i_lanes=2, o_lanes=6).ratio == 3


@pytest.mark.parametrize("decoupled", [False, True])
def test_decoupled_is_an_attribute(decoupled):
    assert Serializer(4, i_lanes=6, o_lanes=2, decoupled=decoupled).decoupled is decoupled


@pytest.mark.parametrize(
    ("component", "i_lanes", "o_lanes", "message"),
    [
        (Serializer, 6, 4, r"^a serializer's output must divide 6 lanes, not 4$"),
        (Serializer, 6, 0, r"^a serializer's output must divide 6 lanes, not 0$"),
        (Serializer, 2, 4, r"^a serializer's output must divide 2 lanes, not 4$"),
        (Deserializer, 4, 6, r"^a deserializer's input must divide 6 lanes, not 4$"),
        (Deserializer, 0, 6, r"^a deserializer's input must divide 6 lanes, not 0$"),
    ],
)
def test_refuses(component, i_lanes, o_lanes, message):
    with pytest.raises(PlanError, match=message):
        component(4, i_lanes=i_lanes, o_lanes=o_lanes)
