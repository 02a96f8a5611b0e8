import pytest

from threefold import Project, boards
from threefold.boards import Board, Target, read_target
from threefold.errors import FileFormatError, PlanError
from threefold.fpga import ECP5, FAMILIES, GENERIC
from threefold.planning import plan_for_board

from ..core.test_testbench import NETWORK

MINE = {"family": "ecp5", "luts": 12_000, "brams": 40, "clock_mhz": 62.5}
NAMES = {
    "generic": {},
    "generic:luts=5000": {"luts": 5000},
    "generic:luts=5000,brams=30": {"luts": 5000, "brams": 30},
    "mine:family=generic": {"name": "mine"},
    "mine:family=ecp5,luts=12000,brams=40,clock_mhz=62.5": {"name": "mine", **MINE},
    "up:family=ice40,sprams=4": {"name": "up", "family": "ice40", "sprams": 4},
}


@pytest.mark.parametrize("name", NAMES)
def test_name_tells_all(name):
    target = Target.limited(**NAMES[name])
    assert target.name == name
    assert boards.get(name) == target
    assert not isinstance(target, Board)


def test_device():
    target = Target.limited("mine", **MINE)
    assert (target.family, target.device.lut, target.device.bram) == (ECP5, 12_000, 40)
    assert target.clock_mhz == 62.5
    assert target.title == "mine (12,000 LUTs, 40 block RAMs)"
    assert Target.limited().family is GENERIC
    assert Target.limited().title == "generic (no limits)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"luts": 0}, "luts must be a whole number from 1 to 1,000,000,000, not 0"),
        ({"brams": 1.5}, "brams must be a whole number from 1 to 1,000,000,000, not 1.5"),
        ({"luts": True}, "luts must be a whole number from 1 to 1,000,000,000, not True"),
        ({"sprams": 1}, "the generic family has no single-port RAM; leave out sprams"),
        (
            {"family": "versal"},
            f"family must be one of generic, {', '.join(FAMILIES)}, not 'versal'",
        ),
        ({"clock_mhz": 0}, "clock_mhz must be above 0 and below 1000, not 0"),
        ({"clock_mhz": float("nan")}, "clock_mhz must be above 0 and below 1000, not nan"),
        (
            {"name": "My board"},
            "a target is named by up to 64 lower-case letters, digits and underscores, not "
            "'My board'",
        ),
    ],
)
def test_refused(given, message):
    with pytest.raises(PlanError) as error:
        Target.limited(**given)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "name",
    [
        *("generic:", "generic:luts", "generic:luts=05", "generic:luts=5,luts=5", "generic:pins=3"),
        *("generic:brams=3,luts=3", "../x:luts=3", ":luts=3", "mine:", "generic:name=mine"),
    ],
)
def test_names_of_nothing(name):
    with pytest.raises(PlanError):
        boards.get(name)


FILE = """\
name = "mine"
family = "ecp5"
luts = 12000
brams = 40
clock_mhz = 62.5
"""


def test_file(tmp_path):
    (tmp_path / "mine.toml").write_text(FILE)
    assert read_target(tmp_path / "mine.toml") == Target.limited("mine", **MINE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"luts = 3", "{} must give the target a name"),
        (b"name = 3", "{} describes no target: a target is named by up to 64 lower-case letters, "),
        (
            b"name = 'a'\npins = 3",
            "{} must hold name, family, luts, brams, sprams, ",
        ),
        (b"name = 'a'\nluts = '3'", "{} describes no target: luts must be a whole number from 1 "),
        (b"name", "{} is not valid TOML: "),
        (b"name = '\xff'", "{} is not valid TOML: "),
    ],
)
def test_files_that_are_refused(content, message, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(FileFormatError) as error:
        read_target(path)
    assert str(error.value).startswith(message.format(path))
    assert "\n" not in str(error.value)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(FileFormatError, match=r"^cannot read .*: No such file or directory$"):
        read_target(tmp_path / "mine.toml")


def test_project_knows_its_target_again(tmp_path):
    target = Target.limited("mine", **MINE)
    made = Project.create(NETWORK, tmp_path, board=target.name)
    opened = Project.open(tmp_path)
    assert opened.board == target
    assert opened.plan == made.plan
    report = opened.report()
    assert report["board"] == target.name
    assert report["estimated_inferences_per_second"] == pytest.approx(
        62.5e6 / made.plan.cycles.interval, rel=1e-5
    )
    assert "link" not in report
    assert "Places and routes" not in made.products.page.read_text()


def test_no_bitstream(tmp_path):
    project = Project.create(NETWORK, tmp_path, board="generic:luts=3000")
    with pytest.raises(PlanError) as error:
        project.build()
    assert str(error.value) == (
        "generic (3,000 LUTs) is no board, so there is no bitstream of it; plan for a board, or "
        "generate the Verilog alone"
    )


def test_limits_hold():
    with pytest.raises(PlanError, match=r"^'sample' does not fit generic:luts=10: it needs about "):
        plan_for_board(NETWORK, "generic:luts=10")
    small, large = plan_for_board(NETWORK, "generic:luts=600"), plan_for_board(NETWORK, "generic")
    assert large.cycles.interval < small.cycles.interval
    assert small.resources(GENERIC).cells <= 600
