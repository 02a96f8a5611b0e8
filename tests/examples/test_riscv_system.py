import re
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from threefold import Project, load
from threefold.data import save_images

from ..digits import dataset

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "riscv_system.py"
COMPILER = "riscv64-unknown-elf-gcc"


def test_a_processor_classifies_digits(tmp_path, capsys, monkeypatch):
    if not shutil.which(COMPILER):
        pytest.skip(f"{COMPILER} is missing: apt install gcc-riscv64-unknown-elf")
    pytest.importorskip(
        "pythondata_cpu_picorv32", reason="PicoRV32 is missing: pip install pythondata-cpu-picorv32"
    )
    network = load(ROOT / "zoo" / "digits.tern")
    project = Project.create(network, tmp_path / "out", board="generic")
    save_images(project.products.images, dataset().test_images, dataset().test_labels)
    project.generate("wishbone")
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(tmp_path / "out")])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    said = capsys.readouterr().out
    numbers = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", said)]
    images, one, latency, together, interval = numbers
    assert images == 20
    assert project.plan.cycles.latency <= latency < one < 6000
    assert project.plan.cycles.interval <= together < one
    assert project.plan.cycles.interval <= interval < one
