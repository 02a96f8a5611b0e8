from dataclasses import replace

import numpy as np
import pytest

from threefold.errors import PlanError
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
from threefold.plan import lower
from threefold.plan.cycle_model.stages import (
    ADD,
    ARGMAX,
    ARRAY,
    DESERIALIZER,
    FIFO,
    FORK,
    PIPE,
    SERIALIZER,
    SKID,
)
from threefold.plan.netlist import Wire, joins, netlist
from threefold.plan.units.add import AddUnit
from threefold.plan.units.argmax import ArgMaxUnit
from threefold.plan.units.block import StreamType
from threefold.plan.units.engine import EngineUnit
from threefold.plan.units.pool import PoolUnit

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
def units():
    conv, total, pool, dense, argmax = lower(branches())
    return (
        EngineUnit((conv,), 6, 2, lanes=3),
        AddUnit((total,), 2),
        PoolUnit((pool,), 2),
        EngineUnit((dense,), 3, 8, lanes=3),
        ArgMaxUnit((argmax,)),
    )


BUFFERS = {"sum.0": 0, "sum.1": 5}


def test_instances_in_order_of_flow(units):
    made = netlist(units, BUFFERS)
    assert made.input == StreamType(2, 2)
    assert (made.i_beats, made.o_beats) == (4 * 4 * 3, 1)
    assert [(each.block.kind, each.name) for each in made.instances] == [
        ("fork", f"fork_{INPUT}"),
        ("engine", "engine_conv"),
        ("serializer", "split_0_of_sum"),
        ("deserializer", "join_0_of_sum"),
        ("fifo", "buffer_1_of_sum"),
        ("add", "add_sum"),
        ("pool", "pool_pool"),
        ("deserializer", "join_fc"),
        ("engine", "engine_fc"),
        ("serializer", "split_0_argmax"),
        ("argmax", "argmax"),
    ]
    assert [each.block.outputs[0].lanes for each in made.instances] == [
        *(2, 3, 1, 2, 2, 2, 2, 8, 3, 1, 1)
    ]
    assert made.instances[4].block.depth == 5
    assert len({each.name for each in made.instances}) == len(made.instances)


def test_wires(units):
    fork, engine, split, _, fifo, add, pool, _, _, last, argmax = netlist(units, BUFFERS).instances
    assert fork.inputs == (Wire(-1, StreamType(2, 2)),)
    assert engine.inputs == (Wire(0, StreamType(2, 2), 0),)
    assert split.inputs == (Wire(1, StreamType(3, 2)),)
    assert fifo.inputs == (Wire(0, StreamType(2, 2), 1),)
    assert add.inputs == (Wire(3, StreamType(2, 2)), Wire(4, StreamType(2, 2)))
    assert pool.inputs == (Wire(5, StreamType(2, 3)),)
    bits = units[3].layer.output.element.bits
    assert last.inputs == (Wire(8, StreamType(3, bits, signed=True)),)
    assert argmax.inputs == (Wire(9, StreamType(1, bits, signed=True)),)


def test_each_instance_follows_what_it_reads(units):
    for depths in ({"sum.0": 0, "sum.1": 0}, {"sum.0": 3, "sum.1": 7}):
        for index, instance in enumerate(netlist(units, depths).instances):
            assert all(wire.instance < index for wire in instance.inputs)


def test_buffers_of_no_depth_are_not_there(units):
    made = netlist(units[:-1], {"sum.0": 0, "sum.1": 0})
    assert "fifo" not in {instance.block.kind for instance in made.instances}
    assert made.instances[-1].name == "engine_fc"
    assert made.o_beats == 1


def test_joins_are_named_by_unit_and_input(units):
    assert joins(units) == ("sum.0", "sum.1")
    assert joins(units[2:]) == ()


def test_more_cycles_than_are_predicted_are_refused():
    ops = [("pool", MaxPool((64, 64), (1, 1)))]
    network = Network.chain("large", Tensor((4096, 4096, 1), Codes.unsigned(1)), ops)
    units = (PoolUnit(lower(network)),)
    message = (
        "'pool' takes 66,621,804,544 cycles an image, and at most 268,435,456 are predicted; use "
        "larger foldings, a smaller map or a smaller kernel"
    )
    with pytest.raises(PlanError, match=f"^{message}$"):
        netlist(units, {})


def test_stages_in_order_of_flow(units):
    stages = netlist(units, BUFFERS).stages
    assert stages.rows[:, 0].tolist() == [
        *(FORK, ARRAY, SERIALIZER, PIPE, SKID, SERIALIZER, DESERIALIZER, FIFO, ADD),
        *(ARRAY, DESERIALIZER, ARRAY, SERIALIZER, PIPE, SERIALIZER, ARGMAX),
    ]
    assert stages.fifos == {"sum.1": 7}
    assert stages.streams == 1 + len(stages.rows) + 1  # a fork has two outputs
    produced = {0}
    for row in stages.rows:
        reads = {row[1], row[3]} if row[0] == ADD else {row[1]}
        assert reads <= produced
        produced |= {row[2]} | ({row[2] + 1} if row[0] == FORK else set())
    assert produced == set(range(stages.streams))


def test_tables_of_an_array(units):
    pool = PoolUnit((replace(units[2].layer, sources=(INPUT,)),), 2)
    stages = netlist((pool,), {}).stages
    (row,) = stages.rows
    _, _, _, pixels, tiles, at, _, depth, first, single = row
    walk, program = pool.walk, pool.program
    assert (pixels, tiles, depth, single) == (4, len(program), pool.depth, 0)
    assert first == walk.needed[0]
    assert stages.tables[at:].tolist() == [*walk.needs, *walk.frees, *program.last]
