import re
from dataclasses import replace
from pathlib import Path

import pytest

from threefold.cli import main
from threefold.quant import PRESETS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_five_lines_from_a_trained_module_to_a_report(tmp_path, monkeypatch, capsys):
    training, rest = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(rest.splitlines()) == 5
    monkeypatch.chdir(tmp_path)
    small = replace(PRESETS["digits"], widths=(4, 4), epochs=2)
    monkeypatch.setitem(PRESETS, "digits", small)
    exec(training + rest, {})
    assert float(capsys.readouterr().out) > 100_000
    made = {path.name for path in (tmp_path / "out" / "python").iterdir()}
    assert {"report.json", "report.html", "manifest.json", "gateware", "rtl"} <= made


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def commands(section):
    text = README.split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^    threefold (.*)$", text, re.MULTILINE)


def test_reference_architectures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    *shown, simulation = commands("What runs in hardware")
    for line in shown:
        assert main([*line.split(), "-q"]) == 0
    name, network, _, images, *_ = simulation.split()
    assert name == "simulate"
    assert Path(network).exists()
    assert Path(images).exists()


def test_steps_are_those_of_the_demo():
    steps = commands("Step by step")
    demo = re.findall(r"^\t\$\(bin\)/threefold (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert steps == demo
