import numpy as np

from threefold.network import INPUT, Add, Codes, Network, Node, Tensor, Threshold
from threefold.plan import lower
from threefold.plan.units.streamed import StreamedUnit


def test_groups_of_the_last_pass_are_expected_from_behind():
    codes = Codes.unsigned(2)
    nodes = [
        Node("codes", Threshold(np.tile([1, 2, 3], (4, 1))), (INPUT,)),
        Node("sums", Add(), (INPUT, "codes")),
        Node("last", Threshold(np.tile([1, 2, 3], (4, 1))), ("sums",)),
    ]
    layers = lower(Network("sums", Tensor((1, 2, 4), codes), nodes))
    unit = StreamedUnit(layers, 2, 2, lanes=2).made_loadable()
    orders = {tap.name: tap.order for tap in unit.taps[1:]}
    assert orders["codes"].tolist() == [[0, 1], [4, 5], [2, 3], [6, 7]]
    assert orders["sums"].tolist() == [[2, 3], [6, 7], [0, 1], [4, 5]]
