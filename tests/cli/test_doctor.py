import pytest

from threefold.cli import main
from threefold.tools.doctor import ToolStatus

HERE = ToolStatus("yosys", "synthesis", True, "0.70", "/usr/bin/yosys", "")
GONE = ToolStatus("icepack", "bitstream", True, "", "", "icepack is missing: pip install it")
SPARE = ToolStatus("torch", "training", False, "", "", "torch is missing: pip install torch")


@pytest.mark.parametrize(
    ("found", "status", "last"),
    [
        ([HERE], 0, "Everything is there."),
        ([HERE, SPARE], 0, "torch is missing: pip install torch"),
        ([HERE, SPARE, GONE], 1, "icepack is missing: pip install it"),
    ],
)
def test_status_and_advice(monkeypatch, capsys, found, status, last):
    monkeypatch.setattr("threefold.cli.doctor.doctor", lambda: found)
    assert main(["doctor"]) == status
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == last
    assert err == ""


def test_table_fits_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["tool", "version", "for", "where"]
    assert any(line.startswith("nextpnr-ecp5 ") for line in lines)
    assert max(map(len, lines)) <= 80


def test_verbose_tells_the_path(monkeypatch, capsys):
    monkeypatch.setattr("threefold.cli.doctor.doctor", lambda: [HERE])
    main(["doctor", "-v"])
    assert "/usr/bin/yosys" in capsys.readouterr().out
