from threefold.errors import ToolError
from threefold.tools.doctor import doctor
from threefold.tools.toolchain import TOOLS


def test_everything_is_listed_once():
    names = [status.name for status in doctor()]
    assert len(names) == len(set(names))
    assert set(TOOLS) <= set(names)
    assert {"torch", "scikit-learn", "qonnx", "brevitas"} <= set(names)


def test_what_is_here_has_a_version_and_a_place():
    yosys = next(status for status in doctor() if status.name == "yosys")
    assert yosys.ok
    assert yosys.needed
    assert yosys.version.startswith("0.")
    assert "yosys" in yosys.where


def test_what_is_missing_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise ToolError(f"{name} is missing: pip install {name}")

    monkeypatch.setattr("threefold.tools.doctor.find", missing)
    yosys = next(status for status in doctor() if status.name == "yosys")
    assert not yosys.ok
    assert yosys.problem == "yosys is missing: pip install yosys"


def test_tools_of_an_extra_are_optional(monkeypatch):
    def missing(name):
        raise ToolError(f"{name} is missing: {TOOLS[name].hint}")

    monkeypatch.setattr("threefold.tools.doctor.find", missing)
    status = {status.name: status for status in doctor()}["nextpnr-himbaechel-gowin"]
    assert not status.needed
    assert status.problem.endswith(" is missing: pip install 'threefold[gowin]'")
