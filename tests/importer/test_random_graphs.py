import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threefold.importer import Source, compare, convert
from threefold.zoo import random_images

from .random_graphs import dense, maps


def agreement(case, argmax=True, count=20):
    source = Source(case.model())
    made = convert(source, "net", case.input, argmax=argmax)
    return compare(source, made, random_images(made.network.input, count))


@pytest.mark.parametrize("family", [dense, maps])
@settings(max_examples=30)
@given(st.data(), st.booleans())
def test_powers_of_two_agree_on_every_code_and_tie(family, data, argmax):
    found = agreement(data.draw(family(powers=True)), argmax)
    assert (found.differ, found.rounded, found.ties) == (0, 0, 0)


@pytest.mark.parametrize("family", [dense, maps])
@settings(max_examples=30)
@given(st.data(), st.booleans())
def test_any_scales_agree_but_for_rounding_of_the_source(family, data, argmax):
    found = agreement(data.draw(family()), argmax)
    assert found.differ == 0
    assert found.rounded <= 2
