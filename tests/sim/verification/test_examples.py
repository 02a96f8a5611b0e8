import doctest
import importlib

import pytest

PACKAGE = "threefold.sim.verification"


@pytest.mark.parametrize("module", ["", ".accelerator", ".bench", ".lockstep", ".prover"])
def test_examples_of_docstrings(module):
    failed, tried = doctest.testmod(importlib.import_module(PACKAGE + module))
    assert (failed, tried > 1) == (0, True)
