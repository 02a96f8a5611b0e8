import json

import numpy as np
import pytest

from threefold.errors import PlanError
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import EnginePlan, Folding, fold
from threefold.plan.cycles import predict


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
        ((8, 1), (6, 4), False, (2, 3)),
        ((8, 1), (6, 1), False, (1, 1)),
        ((8, 4), (6, 1), False, (1, 1)),
        ((2, 4), (3, 8), False, (2, 3)),
        ((2, 4), (2, 8), True, (2, 1)),
    ],
)
def test_as_few_output_lanes_as_keep_up(first, second, argmax, lanes):
    engines = plan(first, second, argmax=argmax).engines
    assert tuple(engine.lanes for engine in engines) == lanes


@pytest.mark.parametrize(
    ("first", "second", "interval"),
    [((1, 1), (1, 1), 48), ((8, 4), (6, 8), 1), ((4, 2), (3, 4), 4), ((2, 4), (2, 8), 4)],
)
def test_the_bottleneck_never_waits(first, second, interval):
    made = plan(first, second)
    assert made.cycles.interval == made.bottleneck.cycles == interval


def test_arg_max_takes_a_logit_a_cycle():
    made = plan((1, 4), (2, 4), argmax=True, rows=(4, 6), columns=4)
    assert len(made.bottleneck.schedule.tiles) == 3
    assert made.cycles.interval == made.bottleneck.cycles == 6


def test_deeper_buffers_gain_nothing():
    made = plan((8, 4), (6, 8), argmax=True)
    deeper = [EnginePlan(e.layer, e.folding, e.lanes, 4 * e.depth) for e in made.engines]
    assert predict(tuple(deeper), made.argmax, {}).interval == made.cycles.interval


def test_bottleneck_is_the_engine_with_most_tiles():
    made = plan((8, 4), (1, 1))
    assert made.bottleneck is made.engines[1]


def test_foldings_make_the_plan_again():
    made = plan((4, 2), (3, 4), argmax=True)
    assert made.foldings() == {"fc1": Folding(4, 2), "fc2": Folding(3, 4)}
    assert fold(made.network, made.foldings()).dumps() == made.dumps()


def test_json():
    made = plan((4, 2), (3, 4), argmax=True)
    assert json.loads(made.dumps()) == made.to_json()
    assert made.dumps().endswith("}\n")
    assert made.to_json() == {
        "network": "net",
        "argmax": True,
        "board": "",
        "predicted_cycles": {"latency": made.cycles.latency, "interval": made.cycles.interval},
        "buffers": {},
        "steps": [
            {
                "name": "fc1",
                "op": "conv",
                "rows": 8,
                "columns": 4,
                "pe": 4,
                "simd": 2,
                "lanes": made.engines[0].lanes,
                "depth": 4,
                "memory": "auto",
                "cycles": 4,
                "form": "parallel",
                "tiles": 4,
                "tiles_skipped": 0,
                "weight_bits_stored": 0,
            },
            {
                "name": "fc2",
                "op": "conv",
                "rows": 6,
                "columns": 8,
                "pe": 3,
                "simd": 4,
                "lanes": made.engines[1].lanes,
                "depth": 4,
                "memory": "auto",
                "cycles": 6,
                "form": "pipelined",
                "tiles": 4,
                "tiles_skipped": 0,
                "weight_bits_stored": 0,
            },
        ],
    }


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
