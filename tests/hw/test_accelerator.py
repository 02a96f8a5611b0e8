from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module, ResetInserter, Signal
from amaranth.sim import Simulator

from threefold.fpga import GENERIC
from threefold.hw.accelerator import Accelerator
from threefold.hw.stream import lane_count, lane_shape
from threefold.hw.verilog import to_rtlil
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.plan.cycle_model.cycles import trace
from threefold.plan.requantize import FORMS
from threefold.sim import golden
from threefold.sim.verification import AcceleratorBench

from ..accelerators import engines, random_images
from ..elaboration import elaborated


def network(*, argmax):
    rng = np.random.default_rng(0)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (6, 10)))),
        ("act1", Threshold(np.sort(rng.integers(-12, 13, (6, 2)), axis=1), offset=-1)),
        ("fc2", Dense(rng.integers(-1, 2, (12, 6)))),
        ("act2", Threshold(np.sort(rng.integers(-3, 4, (12, 3)), axis=1))),
        ("fc3", Dense(rng.integers(-1, 2, (10, 12)))),
        ("logits", Logits(rng.integers(-3, 4, 10))),
    ]
    ops += [("argmax", ArgMax())] * argmax
    return Network.chain("three_layers", Tensor((1, 1, 10), Codes.unsigned(3)), ops)


@pytest.mark.parametrize("stalls", [0.0, 0.4])
@pytest.mark.parametrize("argmax", [False, True])
@pytest.mark.parametrize(
    "foldings",
    [
        [(1, 1), (1, 1), (1, 1)],
        [(6, 10), (12, 6), (10, 12)],
        [(6, 10), (12, 2), (1, 12)],
        [(3, 5), (4, 3), (5, 4)],
        [(2, 10), (12, 3), (5, 1)],
        [(6, 2), (6, 6), (2, 3)],
    ],
    ids=str,
)
def test_equals_golden(foldings, argmax, stalls):
    model = network(argmax=argmax)
    layers = ("fc1", "fc2", "fc3")
    plan = fold(model, {n: Folding(*f) for n, f in zip(layers, foldings, strict=True)})
    images = random_images(np.random.default_rng(1), model, 8)
    run = AcceleratorBench(plan).run(images, stalls=stalls, seed=1)
    assert np.array_equal(run.outputs, golden.run(model, images).reshape(8, -1))


def wide(seed=0, *, even=False):
    """Layers whose weights and thresholds are in block RAM and in LUTs."""
    rng = np.random.default_rng(seed)

    def thresholds(size, low, high):
        if not even:
            return np.sort(rng.integers(low, high, size), axis=1)
        starts, distances = rng.uniform(low, 0, (size[0], 1)), rng.uniform(0, 3, (size[0], 1))
        return np.ceil(starts + distances * np.arange(size[1])).astype(int)

    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (48, 32)))),
        ("act1", Threshold(thresholds((48, 15), -12, 13))),
        ("fc2", Dense(rng.integers(-1, 2, (16, 48)))),
        ("act2", Threshold(thresholds((16, 3), -30, 31))),
        ("fc3", Dense(rng.integers(-1, 2, (5, 16)))),
        ("logits", Logits(rng.integers(-3, 4, 5))),
    ]
    return Network.chain("wide", Tensor((1, 1, 32), Codes.unsigned(2)), ops)


WIDE = {"fc1": Folding(4, 4), "fc2": Folding(4, 8), "fc3": Folding(1, 8)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("family", [None, "ice40"])
def test_what_is_made_for_a_family_takes_the_same_cycles(family, form):
    model = wide(even=form == "divider")
    plan = fold(model, WIDE, forms={"fc1": form, "fc2": form})
    blocks = [
        GENERIC.prefers_block(each.schedule.row_bits, len(each.program)) for each in engines(plan)
    ]
    assert True in blocks
    assert False in blocks
    images = random_images(np.random.default_rng(1), model, plan.cycles.images + 3)
    bench = AcceleratorBench(plan, family=family)
    run = bench.run(images)
    assert np.array_equal(run.outputs, golden.run(model, images).reshape(len(images), -1))
    assert run.left[0] == plan.cycles.latency
    assert run.left == trace(plan.netlist.stages, len(images)).left.tolist()
    stalled = bench.run(images, stalls=0.4, seed=1)
    assert np.array_equal(stalled.outputs, run.outputs)


@pytest.mark.parametrize("after", [1, 6, 11, 24, 57])
@pytest.mark.parametrize("family", [None, "ice40"])
def test_one_cycle_of_reset_is_enough(family, after):
    model = wide()
    plan = fold(model, WIDE)
    dut, m, reset = Accelerator(plan), Module(), Signal()
    m.submodules.dut = ResetInserter(reset)(dut)
    images = random_images(np.random.default_rng(1), model, 3)
    words = images.reshape(-1, plan.ports.input.type.lanes).tolist()
    outputs = []

    async def feed(ctx):
        ctx.set(dut.i.valid, 1)
        for cycle in range(after):
            ctx.set(dut.i.payload, words[cycle % len(words)])
            await ctx.tick()
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        for word in words:
            ctx.set(dut.i.payload, word)
            await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)

    async def drain(ctx):
        ctx.set(dut.o.ready, 1)
        await ctx.tick().repeat(after + 1)
        while len(outputs) < 3 * plan.ports.output.beats:
            beat = await ctx.tick().sample(dut.o.payload).until(dut.o.valid)
            outputs.append(list(beat[0]))

    sim = Simulator(Fragment.get(m, SimpleNamespace(family=family)))
    sim.add_clock(1e-6)
    sim.add_testbench(feed, background=True)
    sim.add_testbench(drain)
    sim.run()
    assert np.array_equal(
        np.array(outputs).reshape(3, -1), golden.run(model, images).reshape(3, -1)
    )


def test_ports_follow_from_the_plan():
    foldings = {"fc1": Folding(1, 5), "fc2": Folding(1, 1), "fc3": Folding(10, 12)}
    plan = fold(network(argmax=False), foldings)
    accelerator = elaborated(Accelerator(plan))
    assert accelerator.plan is plan
    assert (lane_shape(accelerator.i).width, lane_count(accelerator.i)) == (3, 5)
    assert lane_count(accelerator.o) == engines(plan)[-1].lanes
    assert lane_shape(accelerator.o).signed
    assert lane_shape(accelerator.o).width == engines(plan)[-1].outputs[0].bits
    assert accelerator.ports is plan.ports
    assert plan.ports.input.beats == 2
    assert plan.ports.output.beats * lane_count(accelerator.o) == 10


def test_classes_leave_one_at_a_time():
    plan = fold(network(argmax=True), dict.fromkeys(("fc1", "fc2", "fc3"), Folding(2, 2)))
    accelerator = elaborated(Accelerator(plan))
    assert (lane_shape(accelerator.o).width, lane_count(accelerator.o)) == (4, 1)
    assert (plan.ports.input.beats, plan.ports.output.beats) == (5, 1)


def test_repr_and_table():
    plan = fold(network(argmax=True), dict.fromkeys(("fc1", "fc2", "fc3"), Folding(2, 2)))
    accelerator = elaborated(Accelerator(plan))
    summary = f"2×3 bits in, 1×4 bits out, {len(plan.netlist.instances)} blocks"
    assert repr(accelerator) == f"<Accelerator {plan.network.name}: {summary}>"
    table = accelerator._repr_html_()
    assert summary in table
    assert table.count("<tr>") == 1 + len(plan.netlist.instances)


def test_streams_have_taps_and_rtlil_is_the_same_again():
    foldings = dict.fromkeys(("fc1", "fc2", "fc3"), Folding(2, 2))
    first, second = (
        to_rtlil(Accelerator(fold(network(argmax=True), foldings)), "top") for _ in range(2)
    )
    assert first == second
    for layer in foldings:
        for member in ("valid", "ready", "payload"):
            assert f"\\tap_{layer}__{member}\n" in first


@pytest.mark.parametrize("thresholds", [[[3, 9]], [[3, 9], [-2, 5]]], ids=["alike", "by channel"])
@pytest.mark.parametrize("folding", [(5, 1), (1, 4), (5, 6), (5, 24)], ids=str)
def test_codes_of_a_map_for_a_layer_that_reads_all_of_it(thresholds, folding):
    rng = np.random.default_rng(0)
    shape = (3, 24 // 3 // len(thresholds), len(thresholds))
    ops = [
        ("codes", Threshold(thresholds, offset=-1)),
        ("fc1", Dense(rng.integers(-1, 2, (5, 24)), shape)),
        ("logits", Logits(rng.integers(-3, 4, 5))),
    ]
    model = Network.chain("pixels", Tensor(shape, Codes.unsigned(4)), ops)
    plan = fold(model, {"fc1": Folding(*folding)})
    images = random_images(rng, model, 6)
    run = AcceleratorBench(plan).run(images, stalls=0.3, seed=1)
    assert np.array_equal(run.outputs, golden.run(model, images).reshape(6, -1))


def test_any_layer_names():
    rng = np.random.default_rng(0)
    names = ("argmax", "engine_argmax", "argmax_join", "join_argmax", "split_engine_argmax")
    ops = []
    for name in names:
        ops += [
            (name, Dense(rng.integers(-1, 2, (6, 6)))),
            (f"{name}_act", Threshold(rng.integers(-3, 4, (6, 1)))),
        ]
    ops[-1] = ("logits", Logits(rng.integers(-3, 4, 6)))
    model = Network.chain("names", Tensor((1, 1, 6), Codes.unsigned(2)), [*ops, ("cls", ArgMax())])
    foldings = [Folding(pe, simd) for pe, simd in ((2, 3), (3, 2), (2, 6), (6, 1), (3, 2))]
    plan = fold(model, dict(zip(names, foldings, strict=True)))
    images = random_images(rng, model, 4)
    run = AcceleratorBench(plan).run(images)
    assert np.array_equal(run.outputs, golden.run(model, images).reshape(4, -1))
    text = to_rtlil(Accelerator(plan), "top")
    for name in names:
        assert f"\\tap_{name}__valid\n" in text
