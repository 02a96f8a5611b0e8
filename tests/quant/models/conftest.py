import pytest

from threefold.quant.training.loop import repeatable


@pytest.fixture(autouse=True)
def _one_thread():
    with repeatable(1):
        yield
