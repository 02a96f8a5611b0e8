import json

import pytest

from threefold.errors import BuildError
from threefold.fpga import FAMILIES
from threefold.tools.placed import Place, count_placed, place_of


@pytest.mark.parametrize(
    ("family", "name", "place"),
    [
        ("ice40", "a.b.count_SB_DFFE_Q_3_DFFLC", ("a.b",)),
        ("ice40", "a.b.rows.0.7", ("a.b.rows",)),
        ("ice40", "a.fc1.i__payload_SB_DFFE_Q_1", ("a.fc1", "i__payload")),
        ("ice40", "a.fc1.i__payload$18_SB_DFFESR_Q_D_SB_LUT4_O_LC", ("a.fc1", "i__payload")),
        ("ice40", "a.fork.o__1__valid_SB_LUT4_O_LC", ("a.fork", "o__1__valid")),
        ("ice40", "a.fc1.i__valid_SB_LUT4_I3_LC", ("a.fc1",)),
        ("ice40", "a.fc1.i__valid_SB_LUT4_I3_O_SB_LUT4_O_LC", ("a.fc1",)),
        ("ecp5", "a.add.b__ready_LUT4_Z", ("a.add", "b__ready")),
        ("ecp5", "a.add.b__ready_LUT4_A_Z_LUT4_Z", ("a.add",)),
        ("ecp5", "a.sum.o__payload_CCU2C_S0$CCU2_COMB1", ("a.sum", "o__payload")),
        ("ecp5", "a.sum.o__payload_CCU2C_S0_1$CCU2_COMB1", ("a.sum", "o__payload")),
        ("ecp5", "a.sum.o__payload_TRELLIS_FF_Q_12", ("a.sum", "o__payload")),
        ("ecp5", "a.memory.storage.0.8$RAMW_SLICE", ("a.memory.storage",)),
        ("ecp5", "top_level", ("",)),
    ],
)
def test_place_of_a_cell(family, name, place):
    assert place_of(name, FAMILIES[family]) == Place(*place)


def design(cells, nets):
    """A design as nextpnr writes it: type and ports of each cell, and names of bits."""
    return {
        "modules": {
            "top": {
                "cells": {
                    name: {
                        "type": type,
                        "connections": {port: [ports[port]] for port in ports},
                    }
                    for name, (type, ports) in cells.items()
                },
                "netnames": {name: {"bits": [bit]} for bit, name in nets.items()},
            }
        }
    }


def count(tmp_path, family, cells, nets):
    path = tmp_path / "placed.json"
    path.write_text(json.dumps(design(cells, nets)))
    return count_placed(path, FAMILIES[family])


def test_cells_by_place(tmp_path):
    cells = {
        "a.fc1.x_SB_LUT4_O_LC": ("ICESTORM_LC", {}),
        "a.fc1.x_SB_LUT4_O_1_LC": ("ICESTORM_LC", {}),
        "a.fc1.i__valid_SB_DFF_Q_DFFLC": ("ICESTORM_LC", {}),
        "a.fc1.rows.0.0": ("ICESTORM_RAM", {}),
        "a.fc1.rows.0.1": ("ICESTORM_RAM", {}),
        "a.fc2.spram_0_0": ("ICESTORM_SPRAM", {}),
        "a.pll": ("ICESTORM_PLL", {}),
    }
    assert count(tmp_path, "ice40", cells, {}) == [
        {"path": "a.fc1", "lut": 2},
        {"path": "a.fc1", "drives": "i__valid", "lut": 1},
        {"path": "a.fc1.rows", "bram": 2},
        {"path": "a.fc2", "spram": 1},
    ]


def test_ram_of_luts(tmp_path):
    cells = {
        "a.storage.0.0$DPRAM_COMB0": ("TRELLIS_COMB", {}),
        "a.storage.0.0$DPRAM_COMB1": ("TRELLIS_COMB", {}),
        "a.storage.0.0$RAMW_SLICE": ("TRELLIS_RAMW", {}),
    }
    (entry,) = count(tmp_path, "ecp5", cells, {})
    assert entry == {"path": "a.storage", "lut": 2, "lut_ram": 1}


def test_cells_that_nextpnr_adds_belong_to_their_neighbours(tmp_path):
    """A chain of three beside a cell with a name, one at a signal with a name, one at none."""
    cells = {
        "a.fc1.x_CCU2C_S0_1$CCU2_COMB0": ("TRELLIS_COMB", {"FCO": 1, "CLK": 9}),
        "$nextpnr_1": ("TRELLIS_COMB", {"FCI": 2, "FCO": 3, "A": 8}),
        "$nextpnr_0": ("TRELLIS_COMB", {"FCI": 1, "FCO": 2}),
        "$nextpnr_2": ("TRELLIS_COMB", {"FCI": 3, "A": 8}),
        "$nextpnr_3": ("TRELLIS_COMB", {"F": 4, "A": 8}),
        "$nextpnr_4": ("TRELLIS_COMB", {"A": 8, "CLK": 9}),
    }
    clocked = {f"a.fc2.x_TRELLIS_FF_Q_{n}": ("TRELLIS_FF", {"CLK": 9}) for n in range(9)}
    nets = {1: "$1", 2: "$2", 3: "$3", 4: "a.fc2.y_COUT", 8: "$PACKER_GND_NET", 9: "a.clk"}
    assert count(tmp_path, "ecp5", cells | clocked, nets) == [
        {"path": "", "lut": 1},
        {"path": "a.fc1", "lut": 4},
        {"path": "a.fc2", "lut": 1},
    ]


@pytest.mark.parametrize("text", [None, "", "[]", '{"modules": {}}', '{"modules": {"top": {}}}'])
def test_unreadable_design(tmp_path, text):
    path = tmp_path / "top.placed.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BuildError) as error:
        count_placed(path, FAMILIES["ice40"])
    assert str(error.value) == f"cannot read the placed design in {path}; see nextpnr's log"
