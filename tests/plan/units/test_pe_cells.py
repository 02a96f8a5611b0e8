import json
from pathlib import Path

import pytest

from threefold import fpga
from threefold.fpga.ecp5 import ECP5
from threefold.fpga.ice40 import ICE40
from threefold.plan.units.pe_cells import pe_resources

RECORD = json.loads(
    (Path(__file__).parents[3] / "benchmarks" / "pe_area.json").read_text(encoding="utf-8")
)
ROWS = [row for row in RECORD["rows"] if row["form"] == "pe"]


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['family']}-{row['simd']}x{row['bits']}"
)
def test_cells_are_near_those_on_record(row):
    family = fpga.get(row["family"])
    found = pe_resources(row["bits"], row["simd"], RECORD["sum_bits"], family)
    assert found.cells == pytest.approx(row["packed"], rel=0.1, abs=4)


def test_cells_without_a_lut():
    # Seven sums of eight lanes, each with a carry-out, and the accumulator.
    assert pe_resources(4, 8, 16, ICE40).ff == 7 * 2 + 3
    # Nine terms: five are over, and pass registers of 5, 6 and 7 bits.
    assert pe_resources(4, 9, 16, ICE40).ff == 8 * 2 + 3 + 4 + 5 + 6
    # Chains of ECP5 have a place that begins each, and count as LUTs.
    assert pe_resources(4, 8, 16, ECP5).ff == 0
