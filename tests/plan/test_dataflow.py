from dataclasses import replace

import numpy as np
import pytest

from threefold.network import (
    INPUT,
    Add,
    ArgMax,
    Codes,
    Conv,
    Dense,
    Logits,
    MaxPool,
    Network,
    Node,
    Tensor,
    Threshold,
)
from threefold.plan import EnginePlan, Folding, PoolPlan, StepPlan, lower
from threefold.plan.dataflow import Edge, dataflow, joins
from threefold.plan.stages import ADD, ARGMAX, ARRAY, FIFO, FORK, JOIN, PIPE, SKID, SPLIT, encode

TENSOR = Tensor((4, 4, 6), Codes.unsigned(2))


def branches():
    """A convolution beside a shortcut, pooled, classified."""
    ones = np.ones((6, 3, 3, 6), int)
    nodes = [
        Node("conv", Conv(ones, padding=(1, 1, 1, 1)), [INPUT]),
        Node("act", Threshold([[1, 2, 3]] * 6), ["conv"]),
        Node("sum", Add(), ["act", INPUT]),
        Node("pool", MaxPool((2, 2), (2, 2)), ["sum"]),
        Node("fc", Dense(np.ones((3, 24), int), (2, 2, 6)), ["pool"]),
        Node("logits", Logits([0] * 3), ["fc"]),
        Node("class", ArgMax(), ["logits"]),
    ]
    return Network("branches", TENSOR, nodes)


@pytest.fixture
def plans():
    conv, total, pool, dense = lower(branches())[0]
    return (
        EngineUnit((conv,), 6, 2, lanes=3),
        StepPlan(total, 2),
        PoolUnit((pool,), 2),
        EngineUnit((dense,), 3, 8, lanes=3),
    )


def test_parts_in_order_of_flow(plans):
    parts, lanes = dataflow(plans, True, {"sum.0": 0, "sum.1": 5})
    assert lanes == 2
    assert [(part.kind, part.name, part.lanes) for part in parts] == [
        ("fork", f"fork_{INPUT}", 2),
        ("engine", "engine_conv", 3),
        ("split", "split_0_of_sum", 1),
        ("join", "join_0_of_sum", 2),
        ("fifo", "buffer_1_of_sum", 2),
        ("add", "add_sum", 2),
        ("pool", "pool_pool", 2),
        ("join", "join_fc", 8),
        ("engine", "engine_fc", 3),
        ("split", "split_0_argmax", 1),
        ("argmax", "argmax", 1),
    ]
    assert [part.number for part in parts] == [2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 3]
    assert len({part.name for part in parts}) == len(parts)


def test_edges(plans):
    parts, _ = dataflow(plans, True, {"sum.0": 0, "sum.1": 5})
    fork, engine, split, _, fifo, add, pool, _, _, last, argmax = parts
    assert fork.inputs == (Edge(-1, 2, 2),)
    assert engine.inputs == (Edge(0, 2, 2, output=0),)
    assert split.inputs == (Edge(1, 3, 2),)
    assert fifo.inputs == (Edge(0, 2, 2, output=1),)
    assert add.inputs == (Edge(3, 2, 2), Edge(4, 2, 2))
    assert pool.inputs == (Edge(5, 2, 3),)
    bits = plans[-1].layer.logit_bits
    assert last.inputs == (Edge(8, 3, bits, signed=True),)
    assert argmax.inputs == (Edge(9, 1, bits, signed=True),)


def test_each_part_follows_what_it_reads(plans):
    for buffers in ({"sum.0": 0, "sum.1": 0}, {"sum.0": 3, "sum.1": 7}):
        for index, part in enumerate(dataflow(plans, True, buffers)[0]):
            assert all(edge.part < index for edge in part.inputs)


def test_buffers_of_no_depth_are_not_there(plans):
    parts, _ = dataflow(plans, False, {"sum.0": 0, "sum.1": 0})
    assert "fifo" not in {part.kind for part in parts}
    assert parts[-1].name == "engine_fc"


def test_joins_are_named_by_step_and_input(plans):
    assert joins(plans) == ("sum.0", "sum.1")
    assert joins(plans[2:]) == ()


def test_stages_in_order_of_flow(plans):
    stages = encode(dataflow(plans, True, {"sum.0": 0, "sum.1": 5})[0])
    assert stages.rows[:, 0].tolist() == [
        *(FORK, ARRAY, SPLIT, PIPE, SKID, SPLIT, JOIN, FIFO, ADD),
        *(ARRAY, JOIN, ARRAY, SPLIT, PIPE, SPLIT, ARGMAX),
    ]
    assert stages.fifos == {"buffer_1_of_sum": 7}
    assert stages.streams == 1 + len(stages.rows) + 1  # a fork has two outputs
    produced = {0}
    for row in stages.rows:
        reads = {row[1], row[3]} if row[0] == ADD else {row[1]}
        assert reads <= produced
        produced |= {row[2]} | ({row[2] + 1} if row[0] == FORK else set())
    assert produced == set(range(stages.streams))


def test_tables_of_an_array(plans):
    pool = PoolUnit((replace,)(plans[2].step, sources=(INPUT,)), 2)
    stages = encode(dataflow((pool,), False, {})[0])
    (row,) = stages.rows
    _, _, _, pixels, tiles, at, _, depth, first, single = row
    walk, program = plans[2].walk, plans[2].program
    assert (pixels, tiles, depth, single) == (4, len(program), plans[2].depth, 0)
    assert first == walk.needed[0]
    assert stages.tables[at:].tolist() == [*walk.needs, *walk.frees, *program.last]
