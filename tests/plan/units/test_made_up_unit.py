"""Kinds of units that are made up: one of two layers goes all the way, an unknown one nowhere."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from threefold.errors import FileFormatError, PlanError
from threefold.fpga import FAMILIES
from threefold.hw.accelerator import Accelerator
from threefold.hw.component import component
from threefold.hw.stream import lane_stream
from threefold.hw.verilog import to_verilog
from threefold.network import Add, Codes, Conv, Network, Node, Tensor, Threshold
from threefold.network import PadChannels as PadOp
from threefold.plan import KINDS, Folding, aligned, fold, load_plan, refold, save_plan
from threefold.plan.layers import Layer
from threefold.plan.layers.layer import AddLayer, PadChannelsLayer
from threefold.plan.search.fold import plan_of
from threefold.plan.summary import branches
from threefold.plan.units import Unit, kind_for
from threefold.plan.units.add import AddUnit
from threefold.plan.units.block import Block, StreamType, Tap
from threefold.plan.units.pad_channels import PadChannelsUnit
from threefold.plan.units.unit import stream_type
from threefold.report import make_report, render_page
from threefold.sim.simulate import simulate
from threefold.sim.streams import streams_of
from threefold.sim.verification import AcceleratorBench

from ...accelerators import random_images
from ...sim.sample import icarus


@dataclass(frozen=True, eq=False)
class ShortcutUnit(Unit):
    """More channels for one branch, and the sum with another, in one piece of hardware."""

    layers: tuple[PadChannelsLayer, AddLayer]
    lanes: int = 1

    kind = "shortcut"
    realizes = (PadChannelsLayer, AddLayer)
    i_ports = ("i", "b")

    @property
    def parts(self):
        pad, add = self.layers
        return PadChannelsUnit((pad,), self.lanes), AddUnit((add,), self.lanes)

    @property
    def inputs(self):
        return tuple(stream_type(tensor, self.lanes) for tensor in self.in_tensors)

    @property
    def outputs(self):
        return (stream_type(self.out_tensor, self.lanes),)

    @property
    def interval(self):
        return self.out_tensor.size // self.lanes

    @property
    def taps(self):
        pad, _ = self.parts
        inner = Tap(pad.name, pad.stream, pad.outputs[0], "padded")
        return (inner, Tap(self.layers[1].name, self.stream, self.outputs[0]))

    def resources(self, family):
        pad, add = self.parts
        return pad.resources(family) + add.resources(family)

    def stages(self, builder, inputs):
        pad, add = self.parts
        (padded,) = pad.stages(builder, inputs[:1])
        return add.stages(builder, (padded, inputs[1]))

    def describe(self):
        return "pad channels and add"

    @property
    def noun(self):
        return "shortcut"


class Shortcut(wiring.Component):
    def __init__(self, unit):
        pad, add = unit.parts
        self._pad, self._add = component(pad), component(add)
        padded = lane_stream(pad.outputs[0].bits, unit.lanes)
        super().__init__(
            {
                "i": In(self._pad.i.signature.flip()),
                "b": In(self._add.b.signature.flip()),
                "padded": Out(padded),
                "o": Out(self._add.o.signature),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.pad, m.submodules.add = pad, add = self._pad, self._add
        connect(m, flipped(self.i), pad.i)
        connect(m, flipped(self.b), add.b)
        connect(m, pad.o, add.a)
        connect(m, add.o, flipped(self.o))
        m.d.comb += [
            self.padded.valid.eq(pad.o.valid & pad.o.ready),
            self.padded.payload.eq(pad.o.payload),
        ]
        return m


@component.register
def _(unit: ShortcutUnit) -> Shortcut:
    return Shortcut(unit)


@pytest.fixture
def plan(monkeypatch):
    monkeypatch.setitem(KINDS, "shortcut", ShortcutUnit)
    rng = np.random.default_rng(0)
    codes = Codes(3, offset=-1)
    thresholds = np.sort(rng.integers(-6, 7, (4, 3)), axis=1)
    nodes = [
        Node("conv", Conv(rng.integers(-1, 2, (4, 3, 3, 2)), padding=(1, 1, 1, 1)), ["input"]),
        Node("act", Threshold(thresholds, offset=-1), ["conv"]),
        Node("pad", PadOp(1, 1), ["input"]),
        Node("sum", Add(), ["pad", "act"]),
        Node("codes", Threshold([[0, 1, 2]] * 4), ["sum"]),
    ]
    network = Network("block", Tensor((4, 5, 2), codes), nodes)
    conv, pad, add, last = fold(network, {"conv": Folding(2, 2)}).units
    return plan_of(network, (conv, ShortcutUnit(pad.layers + add.layers, 1), last))


def test_its_branches_are_buffered_and_its_layers_are_known(plan):
    assert plan.units[1].sources == ("input", "act")
    assert list(plan.buffers) == ["pad.0", "pad.1"]
    assert plan.buffers["pad.0"] > 0
    assert [branch.unit for branch in branches(plan)] == ["pad", "pad"]
    assert kind_for(plan.units[1].layers) is ShortcutUnit


def test_it_computes_what_golden_does_in_the_cycles_predicted(plan):
    images = random_images(np.random.default_rng(1), plan.network, plan.cycles.images + 3)
    bench = AcceleratorBench(plan)
    bench.check(images)
    bench.check(images[:4], stalls=0.4, seed=1)


@icarus
def test_every_layer_of_it_is_compared(plan, tmp_path):
    images = random_images(np.random.default_rng(1), plan.network, 3)
    streams = streams_of(plan)
    assert [stream.name for stream in streams] == ["input", "act", "pad", "sum", "codes"]
    (tmp_path / "block.v").write_text(to_verilog(Accelerator(plan), "block"))
    result = simulate(plan, tmp_path / "block.v", images, tmp_path / "sim", simulator="icarus")
    assert result.beats == len(images) * sum(stream.per_image for stream in streams[1:])


def test_its_file(plan, tmp_path):
    save_plan(plan, tmp_path / "plan.json")
    loaded = load_plan(plan.network, tmp_path / "plan.json")
    assert loaded == plan
    assert loaded.units[1].decisions() == {"lanes": 1}


def test_without_its_kind_the_file_is_refused(plan, tmp_path, monkeypatch):
    save_plan(plan, tmp_path / "plan.json")
    monkeypatch.delitem(KINDS, "shortcut")
    with pytest.raises(FileFormatError, match="no unit is of kind 'shortcut'"):
        load_plan(plan.network, tmp_path / "plan.json")


@pytest.mark.parametrize("family", FAMILIES.values())
def test_its_resources_are_part_of_the_sum(plan, family):
    others = [each.block for each in plan.netlist.instances if each.name != "shortcut_pad"]
    own = plan.units[1].resources(family)
    assert (
        plan.resources(family).lut == sum(each.resources(family).lut for each in others) + own.lut
    )
    assert own.lut > 0


def test_the_report_tells_of_it(plan):
    report = make_report(plan)
    step = report["steps"][1]
    assert (step["name"], step["unit"], step["layers"]) == ("pad", "shortcut", ["pad", "sum"])
    assert step["description"] == "pad channels and add"
    assert "pad channels and add" in render_page(report, plan)


@dataclass(frozen=True)
class Unknown(Block):
    """Something that is no more than its streams."""

    kind = "unknown"

    @property
    def inputs(self):
        return (StreamType(1, 2),)

    @property
    def outputs(self):
        return (StreamType(1, 2),)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda block: block.stages(None, (0,)), "the cycle model does not know 'unknown'"),
        (
            lambda block: block.resources(FAMILIES["ice40"]),
            "nothing estimates the resources of 'unknown'",
        ),
        (component, "no hardware is known for 'unknown'"),
    ],
)
def test_an_unknown_kind_raises(use, message):
    with pytest.raises(PlanError, match=f"^{message}$"):
        use(Unknown())


def test_a_layer_without_a_unit_raises():
    codes = Tensor((1, 1, 2), Codes.unsigned(2))
    layer = Layer("odd", "odd", ("input",), (codes,), codes)
    message = "^no unit realizes 'odd'; give it a kind in threefold/plan/units$"
    with pytest.raises(PlanError, match=message):
        kind_for((layer,))


def test_a_unit_without_candidates_raises():
    with pytest.raises(PlanError, match=r"^nothing proposes units of kind 'shortcut'$"):
        next(ShortcutUnit.candidates((), {}))


def test_a_changed_plan_keeps_it(plan):
    made = refold(plan, memories={"conv": "lut"}, forms={"codes": "parallel"})
    assert [unit.kind for unit in made.units] == ["engine", "shortcut", "threshold"]
    assert (made.memories(), made.forms()["codes"]) == ({"conv": "lut"}, "parallel")
    assert [unit.kind for unit in aligned(plan).units] == ["engine", "shortcut", "threshold"]


def test_streams_that_do_not_fit_are_refused(plan):
    conv, shortcut, codes = plan.units
    pad, add = shortcut.layers
    wide = replace(add.inputs[1], element=Codes(7, offset=-1))
    odd = ShortcutUnit((pad, replace(add, inputs=(add.inputs[0], wide))), 1)
    message = "^'pad' reads elements of 3 bits, but 'act' gives 2 bits$"
    with pytest.raises(PlanError, match=message):
        _ = replace(plan, units=(conv, odd, codes)).netlist
