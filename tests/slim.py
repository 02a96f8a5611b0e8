"""Small network of three widths, and a plan that computes all of them."""

import numpy as np

from threefold.network import Codes, Dense, Logits, Network, Tensor, Threshold, Width
from threefold.plan import Folding, Plan, fold

__all__ = ["slim_plan"]


def slim_plan(simd: int = 4) -> Plan:
    """A plan of two dense layers; images of 12 codes of 3 bits, logits of 3 classes.

    ``simd`` is that of the first layer; of 12, an image is a single beat.
    """
    rng = np.random.default_rng(0)

    def ending(channels: int) -> tuple[Threshold, Logits]:
        thresholds = np.sort(rng.integers(-9, 9, (channels, 3)), axis=1)
        return Threshold(thresholds), Logits(rng.integers(-5, 6, 3))

    whole, half, third = (ending(channels) for channels in (6, 3, 2))
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (6, 12)))),
        ("act1", whole[0]),
        ("fc2", Dense(rng.integers(-1, 2, (3, 6)))),
        ("logits", whole[1]),
    ]
    widths = {
        "half": Width({"fc1": 3}, {"act1": half[0], "logits": half[1]}),
        "third": Width({"fc1": 2}, {"act1": third[0], "logits": third[1]}),
    }
    chain = Network.chain("slim", Tensor((1, 1, 12), Codes.unsigned(3)), ops)
    network = Network(chain.name, chain.input, chain.nodes, {}, widths)
    foldings = {"fc1": Folding(1, simd), "fc2": Folding(1, 1)}
    return fold(network, foldings, widths=tuple(widths))
