import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.importer import Source, compare, convert
from threefold.references import random_images

from .random_graphs import dense, maps


def agreement(case, argmax=True, count=20):
    source = Source(case.model())
    made = convert(source, "net", case.input, argmax=argmax)
    return compare(source, made, random_images(made.network.input, count))


families = pytest.mark.parametrize("family", [dense, maps])


@families
@settings(max_examples=30)
@given(st.data(), st.booleans())
def test_powers_of_two_agree_on_every_code_and_tie(family, data, argmax):
    found = agreement(data.draw(family("powers")), argmax)
    assert (found.differ, found.rounded, found.ties) == (0, 0, 0)


@families
@settings(max_examples=15)
@given(st.data(), st.booleans())
def test_any_scales_agree_where_sums_are_off_thresholds(family, data, argmax):
    found = agreement(data.draw(family("apart")), argmax)
    assert found.differ == 0
    assert found.rounded * 50 <= found.values  # one sum by accident, in several pixels


@families
@settings(max_examples=15)
@given(st.data(), st.booleans())
def test_any_scales_agree_but_for_rounding_of_the_source(family, data, argmax):
    assert agreement(data.draw(family("any")), argmax).differ == 0
