import dataclasses

import pytest

from threefold.quant import PRESETS, build, digits, train


@pytest.fixture(scope="session")
def dataset():
    return digits()


@pytest.fixture(scope="session")
def brief():
    return dataclasses.replace(PRESETS["digits"], epochs=4)


@pytest.fixture(scope="session")
def trained(dataset, brief):
    model = build(brief, dataset)
    train(model, dataset, brief)
    return model
