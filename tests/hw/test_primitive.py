from amaranth.hdl import Module, Signal

from threefold.fpga import Bits, Cell
from threefold.hw.primitive import primitive
from threefold.hw.verilog import to_rtlil


def test_roles_and_constants():
    cell = Cell(
        "ADDER",
        inputs={"X": "first", "CIN": Bits(1), "MODE": Bits(0b01, 2)},
        outputs={"S": "total"},
        parameters={"SIZE": 3, "KIND": "FAST", "MASK": Bits(0b10, 4)},
        attributes={"PLACE": "corner"},
    )
    m, i, o = Module(), Signal(3, name="i"), Signal(3, name="o")
    m.submodules.adder = primitive(cell, first=i, total=o)
    text = to_rtlil(m, "top", ports=[i, o])
    for line in (
        "cell \\ADDER \\adder",
        "parameter \\SIZE 3",
        'parameter \\KIND "FAST"',
        "parameter \\MASK 4'0010",
        'attribute \\PLACE "corner"',
        "connect \\X \\i",
        "connect \\CIN 1'1",
        "connect \\MODE 2'01",
        "connect \\S \\o",
    ):
        assert line in text
