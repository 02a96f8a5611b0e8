"""Array for layers in turn at several widths: which filters it works on, and whose weights."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from threefold.fpga import FAMILIES
from threefold.hw import sequential  # noqa: F401
from threefold.hw.component import component
from threefold.network import Codes, Conv, Dense, Logits, Network, SumPool, Tensor, Threshold, Width
from threefold.plan import Folding, fold, lower
from threefold.plan.cycle_model.stages import BATCH, KIND, SECOND
from threefold.plan.search.fold import plan_of
from threefold.plan.sequential.shared import SharedTiles
from threefold.plan.units.sequential import SequentialUnit
from threefold.plan.units.width_entry import width_tap_resources
from threefold.tools.packing import pack
from threefold.tools.synthesis import synthesise

CODES = Codes.unsigned(2)
SAME = {"padding": (1, 1, 1, 1)}


def threshold(rng, channels, codes):
    values = np.sort(rng.integers(1, 9, (channels, codes.max_code)), axis=1)
    return Threshold(values, codes.step, codes.offset)


def network(half, codes=CODES, bits=2):
    """Layers of 8 and 16 filters without a weight of 0, of which a width has some."""
    rng = np.random.default_rng(3)

    def weights(*shape):
        return rng.choice([-1, 1], shape) * rng.integers(1, 2 ** (bits - 1), shape)

    ops = [
        ("conv1", Conv(weights(8, 3, 3, 4), bits=bits, **SAME)),
        ("act1", threshold(rng, 8, codes)),
        ("conv2", Conv(weights(16, 3, 3, 8), bits=bits, **SAME)),
        ("act2", threshold(rng, 16, codes)),
        ("mean", SumPool((6, 6), (1, 1))),
        ("fc", Dense(weights(3, 16), bits=bits)),
        ("logits", Logits([1, 2, 3])),
    ]
    own = {"act1": threshold(rng, half, codes), "act2": threshold(rng, 2 * half, codes)}
    width = Width({"conv1": half, "conv2": 2 * half}, {**own, "logits": Logits([4, 5, 6])})
    chain = Network.chain("chain", Tensor((6, 6, 4), CODES), ops)
    return replace(chain, widths={"half": width})


def unit_of(network, pe=4, simd=4, **more):
    return SequentialUnit(lower(network, tuple(network.widths)), pe, simd, **more)


def alone(network, **more):
    return SequentialUnit(lower(network), 4, 4, **more)


def test_maps_of_a_narrower_width_have_its_channels_alone():
    unit = unit_of(network(4))
    (first, second, last), maps = unit.narrower[0], unit.contents.maps
    assert [each.shape for each in (first, second, last)] == [(6, 6, 4), (6, 6, 8), (1, 1, 3)]
    assert [each.window.shape[2] for each in (first, second, last)] == [4, 4, 8]
    assert unit.contents.narrower[0].bases == maps.bases
    assert unit.contents.depth == alone(network(4)).contents.depth


@pytest.mark.parametrize("half", [4, 3, 2])
@pytest.mark.parametrize("more", [{}, {"pixels": 2}, {"memory": "spram"}])
def test_weights_are_stored_once_wherever_a_width_ends(half, more):
    several, single = unit_of(network(half), **more), alone(network(half), **more)
    assert len(several.contents.weights) == len(single.contents.weights)
    for each in several.contents.by_width[1]:
        assert isinstance(each, SharedTiles)
        assert all(one < other for one, other in pairwise(each.places))
        sources, filters, *kernel, channels = each.work.weights.shape
        padded = np.zeros((sources, 4 * each.groups, *kernel, 4 * each.array.pitch(channels)))
        rows = iter(each.whole.weights[list(each.places)])
        for group, tiles in enumerate(each.lists):
            own = padded[:, 4 * group :][:, :4]
            for source, y, x, word, _ in tiles:
                own[source, :, y, x, 4 * word :][:, :4] = next(rows)
        assert np.array_equal(padded[:, :filters, ..., :channels], each.work.weights)


def test_rows_of_the_whole_are_skipped_between_groups():
    unit = unit_of(network(4))
    _, second, _ = unit.contents.by_width[1][:3]
    # Of two words of a pixel one is read: 9 rows of each digit, with 9 others behind each.
    assert second.groups == 2
    (jump,) = (field for field in unit.contents.tiles if field.name == "jump")
    assert max(jump.values) > 1
    assert not any(field.name == "jump" for field in alone(network(4)).contents.tiles)


def test_a_filter_that_is_not_there_never_shares_a_threshold():
    """Its sums are not 0 where the row of weights is that of the whole."""
    unit = unit_of(network(3))
    first = unit.contents.by_width[1][0]
    assert not first.quiet
    alike, block = unit.contents.block(first)
    assert not alike
    assert (block[3] == 2**unit.contents.accumulator_bits - 1).all()


def test_padding_with_another_code_than_0_takes_rows_of_its_own():
    unit = unit_of(network(6, Codes(3, offset=-1)))
    kinds = [isinstance(each, SharedTiles) for each in unit.contents.by_width[1][:2]]
    # Beyond a map the lanes that the width lacks hold the code of padding.
    assert kinds == [True, False]


def test_weights_of_several_digits():
    unit = unit_of(network(4, bits=4))
    assert all(isinstance(each, SharedTiles) for each in unit.contents.by_width[1])


def test_the_cycle_model_has_a_batch_of_each_width():
    made = network(4)
    unit = unit_of(made)
    stages = plan_of(made, (unit,), widths=("half",)).netlist.stages
    place = int(np.flatnonzero(stages.rows[:, KIND] == BATCH)[0])
    assert [int(rows[place, SECOND]) for rows in stages.widths] == list(unit.runs)
    assert unit.runs[1] < unit.runs[0] / 2


def test_a_given_array_is_as_fast_for_the_whole_network_as_without_widths():
    made, array = network(4), {"conv1..fc": Folding(4, 4)}
    (several,), (single,) = (
        fold(made, {}, sequential=array, widths=widths).units for widths in (("half",), ())
    )
    assert several.interval == single.interval == several.pace
    assert several.narrow_interval == several.narrow_pace < several.pace


@pytest.mark.nightly
@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_its_logic_cells_are_near_those_that_are_packed(family, tmp_path):
    unit = unit_of(network(3), pe=8, lanes=2)
    synthesise(component(unit), FAMILIES[family], tmp_path)
    packed = pack(FAMILIES[family], tmp_path)
    estimate = unit.resources(FAMILIES[family])
    told = width_tap_resources(1, FAMILIES[family])  # is beside the unit
    assert estimate.cells - told.cells == pytest.approx(packed["lut"], rel=0.1)
    assert abs(estimate.bram - packed["bram"]) <= 1
