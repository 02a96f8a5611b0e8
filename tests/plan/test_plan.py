from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Cycles, Folding, fold

from ..accelerators import engines


def network(*, argmax=False, rows=(8, 6), columns=4):
    first, second = rows
    ops = [
        ("fc1", Dense(np.ones((first, columns), int))),
        ("act1", Threshold([[1, 2, 3]] * first)),
        ("fc2", Dense(np.ones((second, first), int))),
        ("logits", Logits([0] * second)),
    ]
    ops += [("argmax", ArgMax())] * argmax
    return Network.chain("net", Tensor((1, 1, columns), Codes.unsigned(2)), ops)


def plan(first, second, **parameters):
    return fold(network(**parameters), {"fc1": Folding(*first), "fc2": Folding(*second)})


@pytest.mark.parametrize(
    ("first", "second", "argmax", "lanes"),
    [
        ((1, 1), (1, 1), False, (1, 1)),
        ((8, 4), (6, 8), False, (8, 6)),
        ((8, 4), (6, 8), True, (8, 1)),
        ((8, 4), (6, 4), True, (4, 1)),
        ((8, 2), (6, 4), False, (4, 3)),
        ((8, 1), (6, 4), False, (2, 2)),
        ((8, 1), (6, 1), False, (1, 1)),
        ((8, 4), (6, 1), False, (1, 1)),
        ((2, 4), (3, 8), False, (2, 3)),
        ((2, 4), (2, 8), True, (2, 1)),
    ],
)
def test_as_few_output_lanes_as_keep_up(first, second, argmax, lanes):
    made = plan(first, second, argmax=argmax)
    assert tuple(engine.lanes for engine in engines(made)) == lanes


@pytest.mark.parametrize(
    ("first", "second", "interval"),
    [((1, 1), (1, 1), 48), ((8, 4), (6, 8), 1), ((4, 2), (3, 4), 4), ((2, 4), (2, 8), 4)],
)
def test_the_bottleneck_never_waits(first, second, interval):
    made = plan(first, second)
    assert made.cycles.interval == made.bottleneck.interval == interval


def test_arg_max_takes_a_logit_a_cycle():
    made = plan((1, 4), (2, 4), argmax=True, rows=(4, 6), columns=4)
    assert len(engines(made)[1].schedule.tiles) == 3
    assert made.cycles.interval == made.bottleneck.interval == 6


def test_deeper_buffers_gain_nothing():
    made = plan((8, 4), (6, 8), argmax=True)
    deeper = [replace(unit, depth=4 * unit.depth) for unit in engines(made)]
    units = (*deeper, made.units[-1])
    assert replace(made, units=units).cycles.interval == made.cycles.interval


def test_bottleneck_is_the_engine_with_most_tiles():
    made = plan((8, 4), (1, 1))
    assert made.bottleneck is engines(made)[1]


def test_foldings_make_the_plan_again():
    made = plan((4, 2), (3, 4), argmax=True)
    assert made.foldings() == {"fc1": Folding(4, 2), "fc2": Folding(3, 4)}
    assert fold(made.network, made.foldings()) == made


def test_decisions():
    made = plan((4, 2), (3, 4), argmax=True)
    first, second = engines(made)
    assert made.decisions() == {
        "board": "",
        "buffers": {},
        "units": [
            {
                "kind": "engine",
                "layers": ["fc1"],
                "decisions": {
                    "pe": 4,
                    "simd": 2,
                    "pixels": 1,
                    "lanes": first.lanes,
                    "depth": 4,
                    "memory": "auto",
                    "form": "parallel",
                },
            },
            {
                "kind": "engine",
                "layers": ["fc2"],
                "decisions": {
                    "pe": 3,
                    "simd": 4,
                    "pixels": 1,
                    "lanes": second.lanes,
                    "depth": 4,
                    "memory": "auto",
                },
            },
            {"kind": "argmax", "layers": ["argmax"], "decisions": {}},
        ],
    }


def test_equal_plans_are_equal():
    one, other = (plan((4, 2), (3, 4), argmax=True) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != plan((4, 2), (3, 2), argmax=True)
    assert one != replace(one, board="icebreaker")
    assert one != one.network


@pytest.mark.parametrize(
    ("foldings", "message"),
    [
        ({"fc1": Folding(1, 1)}, r"^layer 'fc2' has no folding; give PE and SIMD for it$"),
        ({}, r"^layer 'fc1' has no folding; give PE and SIMD for it$"),
        (
            {"fc1": Folding(1, 1), "fc2": Folding(1, 1), "fc3": Folding(1, 1)},
            r"^no layer is named 'fc3'; layers are fc1, fc2$",
        ),
        (
            {"fc1": Folding(3, 1), "fc2": Folding(1, 1)},
            r"^PE count of 'fc1' must divide 8 rows, not 3; divisors are 1, 2, 4, 8$",
        ),
        (
            {"fc1": Folding(1, 1), "fc2": Folding(1, 3)},
            r"^SIMD width of 'fc2' must divide 8 columns, not 3; divisors are 1, 2, 4, 8$",
        ),
    ],
)
def test_refuses(foldings, message):
    with pytest.raises(PlanError, match=message):
        fold(network(), foldings)


def test_repr_and_table():
    made = plan((2, 4), (3, 8), argmax=True)
    assert repr(made) == "<Plan net: 3 units, slowest fc2 with 6 cycles>"
    assert repr(replace(made, board="icebreaker")).startswith("<Plan net on icebreaker: ")
    assert "cycles" not in vars(made)


def test_table_of_cycles():
    table = Cycles(1234, 7.5)._repr_html_()
    assert ">1,234</td>" in table
    assert ">7.5</td>" in table
