from dataclasses import replace

import pytest

from threefold.fpga.ecp5 import ECP5
from threefold.fpga.ice40 import ICE40
from threefold.report import make_report
from threefold.report.parts import Parts
from threefold.report.placement import area, critical_path, memories
from threefold.tools.placed import place_of

TOP = "link.accelerator"


@pytest.fixture
def waiting_plan(branching_plan):
    """The same with a FIFO before the join."""
    return replace(branching_plan, buffers={"sum.1": 4})


def units_of(parts, *names):
    return [parts.of(place_of(f"{TOP}.{name}", ECP5)) for name in names]


def test_units_by_name(plan):
    parts = Parts(plan, ICE40)
    assert parts.of(place_of("clock.timer_SB_DFF_Q", ICE40)) == ""
    assert parts.of(place_of("link.fifos.level", ICE40)) == ""
    assert parts.of(place_of("", ICE40)) is None
    assert units_of(parts, "engine_fc1.array.pe_0.x", "argmax.best", "engine_fc3.y") == [
        "fc1",
        "argmax",
        "fc3",
    ]


def test_what_drives_a_port_is_on_the_other_side(plan):
    """Of the first engine what drives its input, of the others what drives it or its output."""
    parts = Parts(plan, ECP5)
    assert units_of(
        parts,
        "engine_fc1.i__payload_TRELLIS_FF_Q_3",
        "engine_fc1.i__payload_LUT4_A",
        "engine_fc1.i__ready_LUT4_Z",
        "argmax.i__payload_TRELLIS_FF_Q",
        "engine_fc3.o__ready_LUT4_Z",
        "engine_fc3.o__valid_LUT4_Z",
    ) == ["", "fc1", "fc1", "fc3", "argmax", "fc3"]


def test_connectors_are_parts_of_units(waiting_plan):
    """A FIFO leads to a unit, and a fork comes from one."""
    parts, instances = Parts(waiting_plan, ECP5), waiting_plan.netlist.instances
    names = {instance.block.kind: instance.name for instance in instances}
    fork, fifo = names["fork"], names["fifo"]
    assert units_of(parts, f"{fork}.taken", f"{fifo}.count") == ["stem", "sum"]
    assert parts.module(place_of(f"{TOP}.{fifo}.memory.x", ECP5)) == "fifo"
    kinds = {
        unit.name: [block.kind for block in parts.blocks(unit.name)] for unit in waiting_plan.units
    }
    assert "fork" in kinds["stem"]
    assert "fifo" in kinds["sum"]
    assert sum(map(len, kinds.values())) == len(instances)


CELLS = [
    {"path": "", "lut": 2},
    {"path": "clock", "lut": 3},
    {"path": f"{TOP}.argmax", "drives": "i__payload", "lut": 5},
    {"path": f"{TOP}.engine_fc1.array", "lut": 100},
    {"path": f"{TOP}.engine_fc1.array.weights$12.rows", "bram": 4},
    {"path": f"{TOP}.engine_fc1.reader.buffer.memory.storage", "lut": 16, "lut_ram": 4},
    {"path": f"{TOP}.engine_fc2.output.search_0.levels_1.levels", "bram": 1},
    {"path": f"{TOP}.engine_fc2.output.search_0.levels_2.levels", "bram": 2},
    {"path": f"{TOP}.engine_fc3.reader.buffer.memory.spram_0_0", "spram": 1},
    {"path": f"{TOP}.engine_fc3.reader.sequencer.program", "bram": 1},
    {"path": "link.fifos.storage", "bram": 1},
]


def test_area(plan):
    result = area(plan, Parts(plan, ICE40), ICE40, CELLS)
    assert result["interface"] == {"lut": 3, "bram": 1}
    assert result["unattributed"] == {"lut": 2, "bram": 0}
    placed = {unit["name"]: {**unit} for unit in result["units"]}
    assert list(placed) == [unit.name for unit in plan.units]
    estimated_lut, estimated_bram = 0, 0
    for unit in plan.units:
        entry, alone = placed[unit.name], unit.resources(ICE40)
        assert entry["estimated_lut"] >= round(alone.cells)
        estimated_lut += entry.pop("estimated_lut")
        estimated_bram += entry.pop("estimated_bram")
    whole = plan.resources(ICE40)
    assert estimated_lut == pytest.approx(whole.cells, abs=0.5 * len(plan.units))
    assert estimated_bram == whole.bram
    assert placed == {
        "fc1": {"name": "fc1", "lut": 116, "bram": 4},
        "fc2": {"name": "fc2", "lut": 0, "bram": 3},
        "fc3": {"name": "fc3", "lut": 5, "bram": 1, "spram": 1},
        "argmax": {"name": "argmax", "lut": 0, "bram": 0},
    }


def test_every_cell_is_somewhere(plan):
    result = area(plan, Parts(plan, ICE40), ICE40, CELLS)
    for kind in ("lut", "bram", "spram"):
        entries = [*result["units"], result["interface"], result["unattributed"]]
        assert sum(entry.get(kind, 0) for entry in entries) == sum(
            entry.get(kind, 0) for entry in CELLS
        )


def test_all_names_tell(plan):
    result = area(plan, Parts(plan, ICE40), ICE40, CELLS[1:])
    assert "unattributed" not in result


def test_memories(plan):
    entries = memories(plan, Parts(plan, ICE40), CELLS)
    assert [
        (entry["unit"], entry["content"], entry["built_as"], entry.get("count"))
        for entry in entries
    ] == [
        ("fc1", "activations", "lut_ram", 4),
        ("fc1", "weights", "bram", 4),
        ("fc1", "thresholds", "lut", None),
        ("fc2", "activations", "ff", None),
        ("fc2", "weights", "lut", None),
        ("fc2", "thresholds", "bram", 3),
        ("fc3", "activations", "spram", 1),
        ("fc3", "program", "bram", 1),
        ("fc3", "weights", "lut", None),
    ]


def test_fifo_before_a_join(waiting_plan):
    instances = waiting_plan.netlist.instances
    fifo = next(each.name for each in instances if each.block.kind == "fifo")
    cells = [{"path": f"{TOP}.{fifo}.memory", "lut_ram": 2}]
    entries = memories(waiting_plan, Parts(waiting_plan, ECP5), cells)
    assert {"unit": "sum", "content": "branch", "built_as": "lut_ram", "count": 2} in entries
    assert {"unit": "sub", "content": "activations", "built_as": "ff"} in entries


def test_critical_path(plan):
    path = {
        "logic_ns": 2.5,
        "routing_ns": 7.25,
        "cells": [
            f"{TOP}.engine_fc1.output.skid.held_SB_DFF_Q_DFFLC",
            "$nextpnr_ICESTORM_LC_3",
            f"{TOP}.join_fc2.count_SB_LUT4_O_LC",
            f"{TOP}.engine_fc2.reader.buffer.room_SB_LUT4_O_LC",
            "link.accelerator.engine_fc2.array.weights$34.row_SB_DFF_Q_DFFLC",
        ],
    }
    assert critical_path(Parts(plan, ICE40), path) == {
        "delay_ns": 9.75,
        "logic_ns": 2.5,
        "routing_ns": 7.25,
        "from": {"unit": "fc1", "module": "output.skid"},
        "to": {"unit": "fc2", "module": "array.weights"},
        "units": ["fc1", "fc2"],
        "levels": 3,
    }


def test_path_around_the_accelerator(plan):
    path = {"logic_ns": 1, "routing_ns": 1, "cells": ["link.receiver.timer_SB_DFF_Q_DFFLC"]}
    result = critical_path(Parts(plan, ICE40), path)
    assert result["from"] == result["to"] == {"module": "link.receiver"}
    assert (result["units"], result["levels"]) == ([], 0)


def test_a_board_that_is_unknown_has_no_units(plan, build):
    build["cells"] = CELLS
    assert "area" in make_report(plan, build=build)
    report = make_report(plan, build=build | {"board": "elsewhere"})
    assert not {"area", "memories", "critical_path"} & report.keys()
