import re
import subprocess
import sys

import pytest

from threefold.network import save
from threefold.references import tiny_conv

GOOD = """
import dataclasses
from threefold.boards.icebreaker import ICEBREAKER
BOARD = dataclasses.replace(ICEBREAKER, {changes})
"""

# A folder is put among those in which modules of boards are found, before they are.
SCRIPT = """
import importlib.util, sys
spec = importlib.util.find_spec("threefold.boards")
spec.submodule_search_locations.append(sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
import threefold
threefold.boards = module
from threefold.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a = = 1\n", "line 1: invalid syntax"),
        ("from nowhere import board\n", "ModuleNotFoundError: No module named 'nowhere'"),
        (
            GOOD.format(changes="name='own', clock_mhz='30'"),
            "clock_mhz of board 'own' must be above 0, not '30'",
        ),
        (
            GOOD.format(changes="name='own', device=None"),
            "device of board 'own' must be a Device, not None",
        ),
        (
            GOOD.format(changes="title='Own'"),
            "another board is called 'icebreaker'; rename one",
        ),
    ],
)
def test_faulty_board_leaves_the_others(tmp_path, text, fault):
    (tmp_path / "own.py").write_text(text)
    line = ["zoo", "tiny_conv", "-q", "-o", str(tmp_path / "out")]
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, *line], capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == f"threefold: {tmp_path}/own.py is left out: {fault}\n"


def test_plan_for_a_board_beside_a_faulty_one(tmp_path):
    (tmp_path / "own.py").write_text("from nowhere import board\n")
    save(tiny_conv(), tmp_path / "network.tern")
    line = ["plan", str(tmp_path / "network.tern"), "-q", "-o", str(tmp_path / "out")]
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, *line], capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    fault = "ModuleNotFoundError: No module named 'nowhere'"
    assert process.stderr == f"threefold: {tmp_path}/own.py is left out: {fault}\n"


def test_good_board_of_another_folder(tmp_path):
    (tmp_path / "own.py").write_text(GOOD.format(changes="name='own'"))
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, "plan", "--help"], capture_output=True, text=True
    )
    assert "own" in re.split(r"[\s,]+", process.stdout)
    assert process.stderr == ""
