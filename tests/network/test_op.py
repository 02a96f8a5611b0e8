from dataclasses import dataclass, replace

import numpy as np
import pytest

from threefold.network import (
    Add,
    ArgMax,
    Codes,
    Concat,
    Conv,
    Dense,
    Flatten,
    Kept,
    Logits,
    MaxPool,
    Op,
    PadChannels,
    SumPool,
    Tensor,
    Threshold,
)
from threefold.network.op import OPS

ONES = np.ones((2, 1, 1, 3), int)
MAP = Tensor((2, 3, 4), Codes(3))
DIFFERENT = [
    Conv(ONES),
    Conv(-ONES),
    Conv(ONES[:1]),
    Conv(ONES, stride=(1, 2)),
    Conv(np.ones((2, 1, 3, 1), int)),
    Threshold([[0, 1]]),
    Threshold([[0, 2]]),
    Threshold([[0, 1]], step=2),
    Threshold([[0], [1]]),
    Logits([0, 1]),
    Logits([0, 1, 0]),
    MaxPool((2, 2), (2, 2)),
    MaxPool((2, 2), (2, 1)),
    SumPool((2, 2), (2, 2)),
    PadChannels(1, 2),
    PadChannels(2, 1),
    Add(),
    Concat(),
    Flatten(),
    ArgMax(),
]


def test_operations_are_equal_that_hold_the_same():
    for place, op in enumerate(DIFFERENT):
        assert [op == other for other in DIFFERENT].index(True) == place
        assert sum(op == other for other in DIFFERENT) == 1
        again = replace(op)
        assert again == op
        assert hash(again) == hash(op)
    assert len(set(DIFFERENT)) == len(DIFFERENT)
    assert Conv(ONES) == Dense(np.ones((2, 3), np.int8))
    assert Add() != "add"


class Double(Op):
    """An operation that no file has."""

    kind = "double"

    def infer(self, tensor):
        return tensor

    def attributes(self):
        return {}


def test_files_hold_operations_whose_class_names_a_kind():
    assert all(op.kind == kind for kind, op in OPS.items())
    assert {type(op) for op in DIFFERENT} == set(OPS.values())
    assert Double.kind not in OPS
    assert Double() != replace(DIFFERENT[-1])
    with pytest.raises(TypeError, match=r"^operation 'add' is Add already$"):

        @dataclass(frozen=True, eq=False)
        class Again(Op, kind="add"):
            pass

    assert OPS["add"] is Add


def test_channels_of_an_operation_are_its_own_unless_it_says_otherwise():
    assert Double().places([MAP]) is None
    assert Double().narrowed([Kept.first(4)], [MAP]) == (Double(), Kept.first(4))
    op, order = Double().reordered([np.arange(4)], [MAP])
    assert (op, order.tolist()) == (Double(), [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("op", "types", "places"),
    [
        (Conv(np.ones((4, 1, 1, 1), int), groups=4), [MAP], ((0, 0),)),
        (Conv(np.ones((8, 1, 1, 1), int), groups=4), [MAP], None),
        (Conv(np.ones((4, 1, 1, 2), int), groups=2), [MAP], None),
        (Conv(np.ones((4, 1, 1, 4), int)), [MAP], None),
        (Threshold(np.zeros((4, 1), int)), [MAP], ((0, 0),)),
        (Logits([0] * 4), [MAP], ((0, 0),)),
        (MaxPool((1, 1), (2, 2)), [MAP], ((0, 0),)),
        (SumPool((2, 2), (2, 2)), [MAP], ((0, 0),)),
        (Add(), [MAP, MAP], ((0, 0), (1, 0))),
        (Concat(), [MAP, MAP], ((0, 0), (1, 4))),
        (PadChannels(3, 1), [MAP], ((0, 3),)),
        (Flatten(), [MAP], tuple((0, 4 * pixel) for pixel in range(6))),
        (ArgMax(), [MAP], None),
    ],
)
def test_places(op, types, places):
    assert op.places(types) == places
