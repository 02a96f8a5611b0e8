"""Random residual networks whose additions are part of other passes: bits, cycles and stalls."""

import numpy as np
import pytest

from threefold.hw.accelerator import Accelerator
from threefold.hw.verilog import to_verilog
from threefold.network import INPUT, Add, Codes, Conv, Network, Node, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.cycle_model.cycles import replay, trace
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential import Feed
from threefold.plan.units.streamed import StreamedUnit
from threefold.sim import golden
from threefold.sim.simulate import simulate
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images
from ...nightly import mostly_nightly
from ...random_residuals import Residuals, random_residuals_plan
from ...sim.sample import icarus

ALL = range(100)


def plan_of_seed(seed):
    rng = np.random.default_rng([seed, 31])
    return random_residuals_plan(rng, 2 if seed % 3 else 3), rng


@icarus
@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[2, 3, 5, 7, 28]))
def test_every_layer_is_compared(seed, tmp_path):
    plan, rng = plan_of_seed(seed)
    images = random_images(rng, plan.network, 3)
    (tmp_path / "design.v").write_text(to_verilog(Accelerator(plan), plan.network.name))
    result = simulate(plan, tmp_path / "design.v", images, tmp_path, simulator="icarus")
    assert result.cycles.latency == plan.cycles.latency
    seen = {tap.stream for tap in plan.streamed.taps}
    added_up = {each.layers[0].stream for each in plan.streamed.passes if each.whole}
    assert seen == {layer.stream for layer in plan.streamed.layers} - added_up


@pytest.mark.parametrize("seed", mostly_nightly(ALL, always=[5, 32]))
def test_bit_and_cycle_exact(seed):
    plan, rng = plan_of_seed(seed)
    images = random_images(rng, plan.network, 3)
    expected = golden.run(plan.network, images).reshape(3, -1)
    bench = AcceleratorBench(plan)
    run = bench.run(images)
    assert np.array_equal(run.outputs, expected)
    assert run.left == trace(plan.netlist.stages, 3).left.tolist()
    stalled = bench.run(images, stalls=0.4, seed=seed)
    assert np.array_equal(stalled.outputs, expected)
    traffic = stalled.traffic
    passed = replay(plan.netlist.stages, traffic.offered, traffic.accepted)
    assert passed == (traffic.entered, traffic.left)


@pytest.mark.parametrize("alike", [(True, False), (False, True)])
def test_rows_of_a_program_with_room_for_more_thresholds(alike):
    made = Residuals(np.random.default_rng(1), (3, 3, 4), alike=alike[0], positive=True)
    branch = made.conv("b", made.conv("a", INPUT, 4, 3), 4, 3)
    made.alike = alike[1]
    total = made.codes("codes", made.add("add", Add(), branch, INPUT))
    network = made.network(total, logits=False)
    unit = StreamedUnit(lower(network), 4, 4, feed=Feed(128).to_dict()).made_loadable()
    program = unit.program
    (joined,) = (n for n, each in enumerate(unit.contents.tiled) if each.work.added)
    items = program.contents.block(program.contents.tiled[joined])[1].size
    assert program.threshold_rows[joined] * program.threshold.share >= items + 3
    AcceleratorBench(plan_of(network, (unit,))).check(random_images(made.rng, network, 2))


def test_all_kinds_of_passes_are_among_them():
    found = set()
    for seed in ALL:
        unit = plan_of_seed(seed)[0].streamed
        for number, each in enumerate(unit.passes):
            if not each.added:
                continue
            first = next(own for own in unit.contents.tiled if own.work.name == each.name)
            alike = [alike for alike, _ in unit.contents.blocks(first)]
            found |= {
                unit.form,
                ("alike", *alike),
                ("pixels", unit.pixels),
                ("lanes", unit.simd // unit.lanes > 1),
                ("groups", each.shape[2] > unit.pe),
                ("lanes without a channel", each.shape[2] % unit.simd > 0),
                ("a single column", each.shape[1] == 1),
                ("stride", each.window.stride[0] > 1),
                ("padded", any(each.window.padding)),
                ("doubled", each.digits > 1),
                ("leaves", number == len(unit.passes) - 1),
                ("enters", each.added == unit.sources[0]),
                ("sums", each.layers[-1].op == "add"),
            }
        found |= {"apart" for each in unit.passes if each.layers[0].op == "add"}
    both = (False, True)
    assert found >= {"pipelined", "sequential", "apart", *(("pixels", n) for n in (1, 2, 3, 4))}
    assert found >= {("alike", one, other) for one in both for other in both}
    names = {name[0] for name in found if isinstance(name, tuple)} - {"alike", "pixels"}
    assert found >= {(name, value) for name in names for value in both}


T, S = [[1, 2, 3]] * 4, [[2, 4, 5]] * 4


def _in_turn(first, second, *others):
    """A network of convolutions and additions whose thresholds are those given, as a plan."""
    codes = Codes.unsigned(2)
    nodes, read = [], INPUT
    for number, (own, sums) in enumerate((first, second, *others)):
        conv = Conv(np.ones((4, 1, 1, 4), int), (1, 1), (0,) * 4, 1, 2)
        name = f"n{number}"
        nodes += [
            Node(f"{name}_sums", conv, (read,)),
            Node(name, Threshold(np.array(own)), (f"{name}_sums",)),
        ]
        if sums:
            # The other map is that of the convolution before, or what enters.
            other = f"n{number - 2}" if number > 1 else INPUT
            nodes.append(Node(f"{name}_added", Add(), (name, other)))
            nodes.append(Node(f"{name}_codes", Threshold(np.array(sums)), (f"{name}_added",)))
        read = f"{name}_codes" if sums else name
    network = Network("in_turn", Tensor((3, 3, 4), codes), nodes)
    array = StreamedUnit(lower(network), 4, 4, lanes=2, feed=Feed(64).to_dict())
    return plan_of(network, (array.made_loadable(),))


@pytest.mark.parametrize(
    "blocks",
    [
        # What comes before has the same thresholds, and other ones of sums.
        [(T[:2] + S[:2], None), (T, S)],
        [(T, None), (T, S), (T[:2] + S[:2], None)],
        [(S, None), (T, T), (S, None), (T, S)],
    ],
)
def test_thresholds_stay_only_where_they_go(blocks):
    plan = _in_turn(*blocks)
    assert any(each.added for each in plan.streamed.passes)
    rng = np.random.default_rng(0)
    AcceleratorBench(plan).check(random_images(rng, plan.network, 3))
