import importlib.util
import json
from pathlib import Path

import pytest

from ..nightly import mostly_nightly

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

spec = importlib.util.spec_from_file_location("pe_area", BENCHMARKS / "pe_area.py")
pe_area = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pe_area)

RECORDED = {
    (row["family"], row["form"], row["simd"], row["bits"]): row
    for row in json.loads((BENCHMARKS / "pe_area.json").read_text())["rows"]
}
AREAS = ("cells", "packed", "flip_flops")


OURS = [(form, *point) for form in ("pe", "digits") for point in pe_area.POINTS]


@pytest.mark.parametrize("family", pe_area.FAMILIES)
@pytest.mark.parametrize(("form", "simd", "bits"), mostly_nightly(OURS, always=[("pe", 8, 4)]))
def test_area_has_not_grown(family, form, simd, bits):
    measured = pe_area.measure(family, form, simd, bits)
    recorded = RECORDED[family, form, simd, bits]
    assert {name: max(measured[name], recorded[name]) for name in AREAS} == {
        name: recorded[name] for name in AREAS
    }


@pytest.mark.nightly
@pytest.mark.parametrize("family", pe_area.FAMILIES)
def test_form_c_is_what_was_recorded(family):
    assert pe_area.measure(family, "form_c", 8, 4) == RECORDED[family, "form_c", 8, 4]


@pytest.mark.parametrize("family", pe_area.FAMILIES)
@pytest.mark.parametrize(("simd", "bits"), pe_area.POINTS)
@pytest.mark.parametrize("area", ["cells", "packed"])
def test_recorded_area_is_no_larger_than_form_c(family, simd, bits, area):
    form_c = RECORDED[family, "form_c", simd, bits]
    assert RECORDED[family, "pe", simd, bits][area] <= form_c[area]


@pytest.mark.parametrize(("point", "published"), pe_area.PUBLISHED.items())
def test_recorded_area_is_no_larger_than_published(point, published):
    family, simd, bits = point
    assert RECORDED[family, "pe", simd, bits]["cells"] <= published


@pytest.mark.parametrize("family", pe_area.FAMILIES)
@pytest.mark.parametrize(("simd", "bits"), pe_area.POINTS)
def test_recorded_doubling_takes_a_cell_a_bit_at_most(family, simd, bits):
    ternary, digits = (RECORDED[family, form, simd, bits] for form in ("pe", "digits"))
    assert digits["cells"] - ternary["cells"] <= pe_area.SUM_BITS


def test_every_point_is_recorded():
    assert set(RECORDED) == {
        (family, form, simd, bits)
        for family in pe_area.FAMILIES
        for form in pe_area.FORMS
        for simd, bits in pe_area.POINTS
    }
