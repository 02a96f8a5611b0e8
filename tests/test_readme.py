import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_five_lines_from_a_trained_module_to_a_report(tmp_path, monkeypatch, capsys):
    training, rest = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(rest.splitlines()) == 5
    monkeypatch.chdir(tmp_path)
    exec(training + rest, {})
    assert float(capsys.readouterr().out) > 100_000
    made = {path.name for path in (tmp_path / "out" / "python").iterdir()}
    assert {"report.json", "report.html", "manifest.json", "gateware", "rtl"} <= made


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_steps_are_those_of_the_demo():
    steps = re.findall(r"^    threefold (.*)$", README, re.MULTILINE)
    demo = re.findall(r"^\t\$\(bin\)/threefold (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert steps == demo
