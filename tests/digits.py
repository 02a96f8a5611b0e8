"""The digits network as the preset trains it, once for each process that tests."""

from functools import cache

from threefold import quant
from threefold.network import Network

__all__ = ["dataset", "network", "trained"]


@cache
def dataset() -> quant.Dataset:
    return quant.DATASETS["digits"]()


@cache
def trained(seed: int) -> quant.Model:
    config = quant.TrainConfig(**vars(quant.PRESETS["digits"]) | {"seed": seed})
    model = quant.build(config, dataset())
    quant.train(model, dataset(), config)
    return model


@cache
def network(seed: int) -> Network:
    return quant.export(trained(seed), "digits", argmax=True)
