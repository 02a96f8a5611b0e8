import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("nightly", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture
def nightly(request):
    """Skips a test that takes minutes, unless it is part of ``make nightly``."""
    if request.config.getoption("--hypothesis-profile") != "nightly":
        pytest.skip("part of make nightly")
