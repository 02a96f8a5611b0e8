import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from threefold import fpga
from threefold.errors import PlanError
from threefold.fpga import FAMILIES, GENERIC, Resources
from threefold.fpga.ecp5 import ECP5
from threefold.fpga.ice40 import ICE40

ROOT = Path(__file__).parents[2]
SOURCES = ("threefold", "hw", "quant", "sim", "boards", "firmware", "benchmarks")


def test_by_name():
    assert {name: fpga.get(name) for name in FAMILIES} == FAMILIES
    assert all(family.name == name for name, family in FAMILIES.items())


def test_unknown_family():
    with pytest.raises(
        PlanError, match=f"^family must be one of {', '.join(FAMILIES)}, not 'xc7'$"
    ):
        fpga.get("xc7")


def test_nothing_else_knows_a_family_by_name():
    """Neither a condition nor a table; who wants one family imports it."""
    names = re.compile("|".join(f"[\"']{name}[\"']" for name in FAMILIES), re.IGNORECASE)
    files = {path.resolve() for folder in SOURCES for path in (ROOT / folder).rglob("*.py")}
    ours = ROOT / "threefold" / "fpga"
    assert len(files) > 100
    found = [path for path in files if names.search(path.read_text()) and path.parent != ours]
    assert not found


@pytest.mark.parametrize(
    ("width", "depth", "ice40", "ecp5"),
    [
        (16, 256, 1, 1),
        (17, 256, 2, 1),
        (16, 257, 2, 1),
        (8, 512, 1, 1),
        (4, 1024, 1, 1),
        (2, 2048, 1, 1),
        (1, 2048, 1, 1),
        (2, 2049, 2, 1),
        (36, 512, 5, 1),
        (37, 512, 5, 2),
        (18, 1024, 5, 1),
        (1, 16384, 8, 1),
        (128, 64, 8, 4),
        (1, 1, 1, 1),
    ],
)
def test_block_rams(width, depth, ice40, ecp5):
    assert ICE40.block_rams(width, depth) == ice40
    assert ECP5.block_rams(width, depth) == ecp5


def test_bits_of_a_block():
    assert (ICE40.block_bits, ECP5.block_bits) == (4096, 18432)


@pytest.mark.parametrize(
    ("width", "depth", "count", "filled"),
    [
        (1, 1, 1, 16384),
        (16, 16384, 1, 16384),
        (16, 16385, 2, 32768),
        (17, 16384, 2, 16384),
        (20, 20000, 3, 24576),
        (32, 24576, 3, 24576),
        (32, 24577, 4, 32768),
        (48, 16385, 4, 20480),
        (48, 20481, 5, 24576),
        (48, 24577, 6, 32768),
        (64, 28672, 7, 28672),
        (64, 28673, 8, 32768),
    ],
)
def test_single_port_rams(width, depth, count, filled):
    assert ICE40.single_ports(width, depth) == ICE40.single_ports(width, filled) == count
    assert ICE40.single_port.filled(width, depth) == filled


@pytest.mark.parametrize("width", [8, 16, 32, 40, 48, 64, 80])
def test_words_of_a_row_are_in_different_single_port_rams(width):
    ram = ICE40.single_port
    for depth in range(1, 4 * ram.rows, 1000):
        pitch, columns = ram.pitch(width, depth), ram.columns(width)
        assert pitch >= max(depth, ram.rows)
        assert columns * pitch <= ram.count(width, depth) * ram.rows


def test_no_single_port_ram():
    with pytest.raises(PlanError, match=r"^ECP5 has no single-port RAM$"):
        ECP5.single_ports(8, 8)


@pytest.mark.parametrize(
    ("width", "depth", "ice40", "ecp5"),
    [
        (8, 16, False, False),
        (16, 16, False, False),
        (16, 64, True, False),
        (128, 64, True, True),
        (12, 128, True, False),
        (12, 512, True, True),
        (128, 144, True, True),
    ],
)
def test_kind_of_a_read_only_memory(width, depth, ice40, ecp5):
    assert GENERIC.prefers_block(width, depth) is ICE40.prefers_block(width, depth) is ice40
    assert ECP5.prefers_block(width, depth) is ecp5


@pytest.mark.parametrize(
    ("width", "depth", "ice40", "ecp5"),
    [
        (16, 1, 0, 0),
        (160, 2, 2, 2),
        (160, 4, 14, 14),
        (16, 8, 16, 16),
        (16, 16, 16, 16),
        (16, 32, 67.2, 32),
        (16, 33, 69.6, 64),
        (4, 64, 36, 16),
        (4, 72, 40.8, 24),
        (16, 128, 297.6, 128),
    ],
)
def test_luts_of_a_read_only_memory(width, depth, ice40, ecp5):
    assert ICE40.rom_luts(width, depth) == pytest.approx(ice40)
    assert ECP5.rom_luts(width, depth) == pytest.approx(ecp5)


@pytest.mark.parametrize(("bits", "ice40", "ecp5"), [(1, 1, 2), (4, 4, 4), (7, 7, 8), (8, 8, 10)])
def test_luts_of_an_adder(bits, ice40, ecp5):
    assert (ICE40.adder(bits), ECP5.adder(bits)) == (ice40, ecp5)


@pytest.mark.parametrize(
    ("family", "width", "depth", "kind", "expected"),
    [
        (ICE40, 8, 8, "auto", Resources(32, ff=64)),
        (ICE40, 8, 9, "auto", Resources(bram=1)),
        (ICE40, 8, 9, "lut", Resources(40, ff=72)),
        (ICE40, 8, 8, "block", Resources(bram=1)),
        (ICE40, 8, 8, "spram", Resources(16, spram=1)),
        (ECP5, 8, 32, "auto", Resources(21, ff=8)),
        (ECP5, 8, 512, "auto", Resources(bram=1)),
        (ECP5, 8, 512, "spram", Resources(bram=1)),
        (ECP5, 4, 16, "block", Resources(bram=1)),
    ],
)
def test_a_buffer(family, width, depth, kind, expected):
    assert family.buffer(width, depth, kind) == expected


@pytest.mark.parametrize(
    ("depth", "parts"),
    [
        (512, [(512, "auto")]),
        (513, [(512, "block"), (1, "lut")]),
        (1024, [(1024, "auto")]),
        (1536, [(1536, "auto")]),  # as many block RAMs in parts
        (1568, [(1024, "block"), (512, "block"), (32, "lut")]),
        (1792, [(1792, "auto")]),
        (3136, [(2048, "block"), (1024, "block"), (64, "lut")]),
    ],
)
def test_parts_of_a_memory(depth, parts):
    assert ECP5.parts(64, depth) == tuple(parts)
    assert ICE40.parts(64, depth) == GENERIC.parts(64, depth) == ((depth, "auto"),)
    assert replace(ECP5, split_worth=0).parts(64, depth) == ((depth, "auto"),)
    assert replace(ECP5, block_least=1000).parts(64, depth) == ((depth, "auto"),)  # no block RAM
    assert replace(ECP5, lut_ram=None).parts(64, depth) == ((depth, "auto"),)


def test_block_rams_that_parts_save_outweigh_the_luts():
    for width in range(1, 130, 3):
        for depth in range(1, 7000, 37):
            parts = ECP5.parts(width, depth)
            needed, whole = ECP5.split_buffer(width, parts), ECP5.buffer(width, depth)
            assert sum(rows for rows, _ in parts) == depth
            if len(parts) == 1:
                assert needed == whole
            else:
                assert needed.bram < whole.bram
            begins = np.cumsum([0, *(rows for rows, _ in parts[:-1])])
            kinds = zip(begins.tolist(), parts, strict=True)
            assert all(begin % rows == 0 for begin, (rows, kind) in kinds if kind == "block")


def test_nothing_is_built_for_the_generic_family():
    message = r"^nothing can be built for the generic family; choose a board$"
    with pytest.raises(PlanError, match=message):
        _ = GENERIC.flow


def test_sum_of_resources():
    total = Resources(10, 1, 3) + Resources(2.5, 2)
    assert total == Resources(12.5, 3, 3)
    assert total.cells == 15.5


def test_a_family_can_be_changed_for_a_trial():
    small = replace(ECP5, name="trial", lut_ram=None)
    assert small.buffer(4, 16, "lut").ff == 64
    assert ECP5.buffer(4, 16, "lut").ff == 2  # of the write port
