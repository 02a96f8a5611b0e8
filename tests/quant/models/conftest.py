import pytest
from threefold.quant.training.loop import threads


@pytest.fixture(autouse=True)
def _one_thread():
    with threads(1):
        yield
