import shlex
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("nightly", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def _runtime_of_verilator_is_compiled_once(request, tmp_path_factory):
    script = Path(__file__).with_name("object_cache.sh")
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent  # of all workers
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBJCACHE", shlex.join(["sh", str(script), str(folder / "objects")]))
        yield
