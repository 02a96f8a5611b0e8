from numba import njit

from threefold.plan.cycle_model import compiled as module
from threefold.plan.cycle_model.compiled import compiled


def twice(a):
    return 2 * a


def test_compiled_where_nothing_can_be_kept(monkeypatch):
    def without_a_folder(*functions, cache=False):
        if cache:
            raise RuntimeError("cannot cache function 'twice': no locator available for file")
        return njit(*functions)

    monkeypatch.setattr(module, "njit", without_a_folder)
    assert compiled(twice)(3) == 6


def test_compiled():
    assert compiled(twice)(2) == 4
