import pytest

from threefold.network import Add, Codes, Concat, MaxPool, PadChannels, SumPool, Tensor
from threefold.plan import Folding, fold, lower
from threefold.plan.summary import branches, inventory, path
from threefold.references import Builder

CODES = Codes.unsigned(2)


def branching(*, finish="classes"):
    """A block with a shortcut, pools and a concatenation; random weights."""
    builder = Builder("block", Tensor((8, 8, 4), CODES), images=8)
    stem = builder.layer("stem", 4, (3, 3), CODES, padding=(1, 1, 1, 1))
    branch = builder.layer("down", 8, (3, 3), CODES, stride=(2, 2), padding=(1, 1, 1, 1))
    builder.add("sub", MaxPool((1, 1), (2, 2)), stem)
    passed = builder.add("pad", PadChannels(2, 2))
    builder.add("sum", Add(), branch, passed)
    codes = builder.threshold("codes", CODES)
    builder.layer("depth", 8, (3, 3), CODES, groups=8, padding=(1, 1, 1, 1))
    builder.add("both", Concat(), builder.last, codes)
    builder.add("pool", MaxPool((2, 2), (2, 1)))
    builder.layer("grouped", 8, (2, 2), CODES, groups=4, stride=(2, 1))
    if finish == "map":
        return builder.network()
    builder.add("mean", SumPool(builder.shape[:2], builder.shape[:2]))
    return builder.classifier(3)


def planned(**options):
    network = branching(**options)
    layers = [layer for layer in lower(network) if layer.op == "conv"]
    return fold(network, {layer.name: Folding(1, 1) for layer in layers})


PLAN = planned()


def test_operations_in_words():
    assert {unit.name: unit.describe() for unit in PLAN.units} == {
        "stem": "conv 3×3",
        "down": "conv 3×3, stride 2",
        "sub": "subsample, stride 2",
        "pad": "pad channels",
        "sum": "add",
        "codes": "requantize",
        "depth": "depthwise 3×3",
        "both": "concat",
        "pool": "max pool 2×2, stride 2×1",
        "grouped": "conv, 4 groups, 2×2, stride 2×1",
        "mean": "sum pool 1×2",
        "classes": "dense",
        "best": "arg-max",
    }


def test_shapes():
    shapes = {unit.name: (unit.in_tensors[0].shape, unit.out_tensor.shape) for unit in PLAN.units}
    assert shapes["down"] == ((8, 8, 4), (4, 4, 8))
    assert shapes["sub"] == ((8, 8, 4), (4, 4, 4))
    assert shapes["pad"] == ((4, 4, 4), (4, 4, 8))
    assert shapes["both"] == ((4, 4, 8), (4, 4, 16))
    assert shapes["classes"] == ((1, 1, 8), (1, 1, 3))


def test_path_follows_the_first_branch():
    assert path(PLAN) == [
        (8, 8, 4),
        (4, 4, 8),
        (4, 4, 16),
        (2, 3, 16),
        (1, 2, 8),
        (1, 1, 8),
        (1, 1, 3),
    ]


def test_inventory():
    assert inventory(PLAN) == {
        "convolutions": 3,
        "pools": 3,
        "padding of channels": 1,
        "addition": 1,
        "requantizer": 1,
        "depthwise convolution": 1,
        "concatenation": 1,
        "dense layer": 1,
        "arg-max": 1,
    }


def test_branches_are_the_buffers_of_the_plan():
    found = branches(PLAN)
    assert {branch.name: branch.beats for branch in found} == PLAN.buffers
    assert [branch.name for branch in found] == ["sum.0", "sum.1", "both.0", "both.1"]
    lanes = {unit.name: unit.o_lanes for unit in PLAN.units}
    assert all(branch.lanes == lanes[branch.unit] and branch.bits == 2 for branch in found)
    assert any(branch.beats for branch in found)


@pytest.mark.parametrize("finish", ["classes", "map"])
def test_any_end(finish):
    plan = planned(finish=finish)
    assert path(plan)[-1] == ((1, 1, 3) if finish == "classes" else (1, 2, 8))
