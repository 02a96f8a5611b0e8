"""Parameters of tests, most of which only the nightly run takes."""

from collections.abc import Collection, Iterable

import pytest

__all__ = ["mostly_nightly"]


def mostly_nightly(values: Iterable, *, always: Collection) -> list:
    """The values, those that are not among ``always`` marked ``nightly``; tuples hold several."""
    return [
        value
        if value in always
        else pytest.param(
            *(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.nightly
        )
        for value in values
    ]
