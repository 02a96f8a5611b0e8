import pytest

from threefold.cli import main
from threefold.errors import BuildError
from threefold.network import save
from threefold.project import Project
from threefold.references import tiny_conv


@pytest.fixture
def asked(monkeypatch):
    """What the command asks of a project, which builds nothing."""
    calls = []

    def build(project, *, progress, **options):
        calls.append(options)
        raise BuildError("nothing is built here")

    monkeypatch.setattr(Project, "build", build)
    return calls


def test_options_of_the_tools_are_passed_on(tmp_path, asked, capsys):
    save(tiny_conv(), tmp_path / "net.tern")
    line = ["build", f"{tmp_path}/net.tern", "--board", "icebreaker", "-o", f"{tmp_path}/out"]
    line += ["--clock", "20", "--seed", "3", "--seeds", "2", "--baud", "9600"]
    line += ["--nextpnr-options", "--placer static --router router2"]
    assert main(line) == 1
    assert "nothing is built here" in capsys.readouterr().err
    assert asked == [
        {
            "clock_mhz": 20.0,
            "seed": 3,
            "seeds": 2,
            "timing_allow_fail": False,
            "nextpnr_options": "--placer static --router router2",
            "baud": 9600,
            "benchmark": False,
        }
    ]


def test_options_with_an_open_quotation(tmp_path, asked, capsys):
    save(tiny_conv(), tmp_path / "net.tern")
    line = ["build", f"{tmp_path}/net.tern", "--board", "icebreaker", "-o", f"{tmp_path}/out"]
    assert main([*line, "--nextpnr-options", "--placer 'static"]) == 2
    message = "options of nextpnr have a quotation that does not end: --placer 'static\n"
    assert capsys.readouterr().err.endswith(message)
    assert not asked
    assert not (tmp_path / "out").exists()
