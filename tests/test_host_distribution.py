"""``threefold-host``: the command ``threefold run`` without what generates hardware or trains."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import threefold
from threefold.fpga.ice40 import ICE40UP5K
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, save
from threefold.plan import fit
from threefold.sim import golden
from threefold.sim.board import SimulatedBoard, compile_board
from threefold.sim.port import SimulatedPort

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "host" / "pyproject.toml").read_text())["project"]
COMPLETE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CLOCK_MHZ = 30.0
IMAGES = np.random.default_rng(0).integers(0, 16, (9, 6), dtype=np.uint8)
# With what the dependencies need themselves.
ALLOWED = {"numpy", "PIL", "serial", "rich", "markdown_it", "mdurl", "pygments"}
ALONE = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {{"threefold", *{sorted(ALLOWED)}, *sys.stdlib_module_names}}:
            raise ModuleNotFoundError(f"no module named {{top!r}}", name=top)

sys.meta_path.insert(0, Absent())
import threefold
sys.stderr.write(threefold.__file__ + chr(10))
"""
COMMAND = """
from threefold.cli import main
sys.exit(main(sys.argv[1:]))
"""
IMPORT_ALL = """
import importlib, pkgutil
for module in pkgutil.walk_packages(threefold.__path__, "threefold."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
NETWORK = Network.chain(
    "three",
    Tensor((1, 1, 6), Codes.unsigned(4)),
    [
        ("fc", Dense([[1, -1, 0, 1, 0, 0], [0, 1, 1, 0, -1, 1], [-1, 0, 0, 1, 1, 0]])),
        ("out", Logits([0, 5, -9])),
        ("class", ArgMax()),
    ],
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("host")
    for name in ("host", "threefold"):
        shutil.copytree(ROOT / name, folder / "source" / name, symlinks=name == "threefold")
    command = "-m pip wheel --quiet --no-deps --no-build-isolation --no-index -w"
    subprocess.run(
        [sys.executable, *command.split(), folder, folder / "source" / "host"], check=True
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked(wheel):
    folder = wheel.parent / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def alone(unpacked):
    """A command line of the distribution, where nothing else can be imported."""

    def run(*line, code=ALONE + COMMAND):
        process = subprocess.run(
            [sys.executable, "-E", "-c", code, *map(str, line)],
            cwd=unpacked,
            capture_output=True,
            text=True,
        )
        place, _, said = process.stderr.partition("\n")
        assert Path(place) == unpacked / "threefold" / "__init__.py", process.stderr
        return process.returncode, process.stdout, said

    return run


@pytest.fixture
def folder(tmp_path):
    save(NETWORK, tmp_path / "network.tern")
    np.save(tmp_path / "codes.npy", IMAGES)
    return tmp_path


def test_it_is_of_the_same_version_and_needs_no_more():
    assert PROJECT["version"] == threefold.__version__
    theirs = [COMPLETE["dependencies"], *COMPLETE["optional-dependencies"].values()]
    assert set(PROJECT["dependencies"]) <= set(chain(*theirs))


def test_its_only_command_is_run(alone):
    status, told, _ = alone("--help")
    assert status == 0
    assert re.findall(r"^    (\w+) ", told, re.MULTILINE) == ["run"]


def test_its_modules_need_no_others(alone):
    assert alone(code=ALONE + IMPORT_ALL) == (0, "", "")


def test_networks_and_images_are_read(alone, folder):
    status, _, error = alone("run", "/dev/none", folder / "codes.npy")
    assert (status, error.partition(";")[0]) == (1, "threefold: error: there is no /dev/none")
    status, _, error = alone("run", "/dev/none", folder / "codes.npy", "--network", "none.tern")
    assert (status, error.count("\n")) == (2, 1)


def test_a_simulation_needs_all_of_threefold(alone, folder):
    status, _, error = alone("run", "--simulate", folder / "codes.npy")
    assert status == 1
    assert error.removeprefix("threefold: error: ") == (
        "simulated boards are not part of threefold-host: pip install threefold\n"
    )


@pytest.mark.nightly
def test_it_classifies_images_on_its_own(wheel, folder, tmp_path):
    """In an environment with nothing else, on a simulated board behind a pseudo-terminal."""
    python = tmp_path / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel],
        capture_output=True,
        text=True,
    )
    if "No matching distribution" in installed.stderr:
        pytest.skip("the package index cannot be reached")
    assert installed.returncode == 0, installed.stderr

    plan = fit(NETWORK, ICE40UP5K)
    library = compile_board(plan, tmp_path / "board", clock_mhz=CLOCK_MHZ)
    with SimulatedBoard(library, clock_mhz=CLOCK_MHZ) as board, SimulatedPort(board) as port:
        told = subprocess.run(
            [python, "-E", "-m", "threefold", "run", port.name, folder / "codes.npy"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    found = [line.split()[1] for line in told.splitlines() if line[0].isdigit()]
    assert found == [
        str(each) for each in np.ravel(golden.run(NETWORK, IMAGES.reshape(-1, 1, 1, 6)))
    ]
