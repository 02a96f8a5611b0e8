import re
from pathlib import Path

import pytest

import threefold
from threefold import quant

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_five_lines_from_a_trained_module_to_a_report(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(code.splitlines()) == 5
    data = quant.digits()
    config = quant.PRESETS["digits"]
    model = quant.build(config, data)
    quant.train(model, data, config)
    monkeypatch.chdir(tmp_path)
    exec(code, {"threefold": threefold, "quant": quant, "model": model, "data": data})
    assert float(capsys.readouterr().out) > 100_000
    made = {path.name for path in (tmp_path / "out" / "digits").iterdir()}
    assert {"report.json", "report.html", "manifest.json", "gateware", "rtl"} <= made


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_steps_are_those_of_the_demo():
    steps = re.findall(r"^    threefold (.*)$", README, re.MULTILINE)
    demo = re.findall(r"^\t\$\(bin\)/threefold (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert steps == demo
