import json
import shutil

import numpy as np
import pytest

from threefold.boards import BOARDS
from threefold.cli import main
from threefold.data import save_images
from threefold.network import ArgMax, Codes, Dense, Logits, Network, Tensor, Threshold, save

from ..nightly import mostly_nightly

FORMS = "parallel, pipelined, sequential, divider"
FOLDS = ["--fold", "fc1=2x4", "--fold", "fc2=2x3"]


def make_network(seed=0, inputs=8, hidden=6, outputs=4):
    rng = np.random.default_rng(seed)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (hidden, inputs)))),
        ("act1", Threshold(np.sort(rng.integers(-6, 6, (hidden, 3)), axis=1))),
        ("fc2", Dense(rng.integers(-1, 2, (outputs, hidden)))),
        ("logits", Logits(np.zeros(outputs, int))),
        ("argmax", ArgMax()),
    ]
    return Network.chain("sample", Tensor((1, 1, inputs), Codes.unsigned(2)), ops)


@pytest.fixture
def place(tmp_path):
    """A network, images of it, and a folder with its plan."""
    save(make_network(), tmp_path / "net.tern")
    images = np.random.default_rng(1).integers(0, 4, (5, 1, 1, 8))
    save_images(tmp_path / "images.npz", images, np.zeros(5, int))
    assert main(["plan", f"{tmp_path}/net.tern", "-o", f"{tmp_path}/out", "-q", *FOLDS]) == 0
    return tmp_path


def content(folder):
    return {
        str(path.relative_to(folder)): path.is_file() and path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def refused(place, capsys):
    """Runs a command line in place, and checks that it is refused in one line, without a trace."""
    capsys.readouterr()

    def refused(line, message, status=2):
        before = content(place)
        argv = [word.replace("@", f"{place}/") for word in line.split()]
        assert main(argv) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert err == f"threefold: error: {message.replace('@', f'{place}/')}\n"
        assert content(place) == before

    return refused


COMMANDS = {
    "plan": "plan @net.tern -o @out",
    "simulate": "simulate @net.tern -o @out --images @images.npz -q",
    "build": "build @net.tern -o @out -q",
}
every_command = pytest.mark.parametrize("command", COMMANDS)
building = pytest.mark.parametrize("command", ["simulate", "build"])


@every_command
def test_truncated_network(place, refused, command):
    whole = (place / "net.tern").read_bytes()
    (place / "net.tern").write_bytes(whole[: len(whole) // 2])
    refused(
        COMMANDS[command],
        "@net.tern is not a usable network: the file is not a complete zip archive",
    )


@every_command
def test_edited_network(place, refused, command, capsys):
    whole = bytearray((place / "net.tern").read_bytes())
    whole[60] ^= 0xFF
    (place / "net.tern").write_bytes(whole)
    before = content(place)
    argv = COMMANDS[command].replace("@", f"{place}/").split()
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"threefold: error: {place}/net.tern is not a usable network: ")
    assert err.count("\n") == 1
    assert content(place) == before


@every_command
def test_no_network(place, refused, command):
    (place / "net.tern").unlink()
    refused(COMMANDS[command], "cannot read @net.tern: No such file or directory")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "--fold fc1=4x4 --fold fc2=2x3",
            "PE count of 'fc1' must divide 6 rows, not 4; divisors are 1, 2, 3, 6",
        ),
        (
            "--fold fc1=2x3 --fold fc2=2x3",
            "SIMD width of 'fc1' must divide 8 columns, not 3; divisors are 1, 2, 4, 8",
        ),
        (
            "--fold fc1=2x4 --fold fc2=2x3 --fold fc7=1x1",
            "no layer is named 'fc7'; layers are fc1, fc2",
        ),
        ("--fold fc1=2x4 --fold fc1=2x2 --fold fc2=2x3", "--fold names 'fc1' twice"),
        (
            "--fold fc1=1x1 --interval 20",
            "an interval of 20 cycles is out of reach with these choices: 'sample' takes at least "
            "32",
        ),
        (
            "--fold fc1=2x4 --fold fc2=2x3 --memory fc7=lut",
            "no unit with a memory is named 'fc7'; there are fc1, fc2",
        ),
        (
            "--interval 40 --memory fc1=disk",
            "memory of 'fc1' must be one of auto, lut, block, split, spram, not 'disk'",
        ),
        ("--memory fc2=lut --memory fc2=block", "--memory names 'fc2' twice"),
        (
            "--board ulx3s_12f --memory fc1=spram",
            "memory of 'fc1' cannot be spram: ulx3s_12f has none; choose lut, block or auto",
        ),
        (
            "--interval 4 --requantizer fc1=sequential",
            "an interval of 4 cycles is out of reach with these choices: 'sample' takes at least 6",
        ),
        ("--requantizer fc1=fast", f"requantizer of 'fc1' must be one of {FORMS}, not 'fast'"),
        (
            "--requantizer fc2=parallel",
            "no unit with a requantizer is named 'fc2'; there are fc1",
        ),
        (
            "--requantizer fc1=parallel --requantizer fc1=parallel",
            "--requantizer names 'fc1' twice",
        ),
        ("--board icebraker", "there is no board 'icebraker'; the nearest name is icebreaker"),
        (
            "--board generic",
            f"there is no board 'generic'; choose one of {', '.join(BOARDS)}, a .toml file with "
            "limits",
        ),
        (
            "--interval 1",
            "an interval of 1 cycles is out of reach: 'sample' takes at least 4",
        ),
    ],
)
@every_command
def test_wrong_plans(refused, command, options, message):
    refused(f"{COMMANDS[command]} {options}", message)


@every_command
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            "--fold fc1=2",
            "argument --fold: expected LAYER=PExSIMD such as fc1=8x8, with the pixels worked on "
            "at once, conv1=8x4x2, or fc1=serial, stationary or unrolled, not 'fc1=2'",
        ),
        (
            "--fold fc1=-1x2",
            "conv1=8x4x2, or fc1=serial, stationary or unrolled, not 'fc1=-1x2'",
        ),
        (
            "--fold fc1=1x2x",
            "conv1=8x4x2, or fc1=serial, stationary or unrolled, not 'fc1=1x2x'",
        ),
        ("--memory fc1", "expected NAME=KIND such as conv1=block, not 'fc1'"),
        ("--requantizer =x", "expected NAME=FORM such as conv1=sequential, not '=x'"),
        ("--interval 0", "expected a positive number of cycles, not '0'"),
        ("--interval -4", "--interval: expected"),
        ("--interval 1e3", "expected a positive number of cycles, not '1e3'"),
        ("--interval 99999999999999999999", "expected a positive number of cycles"),
    ],
)
def test_nonsense_options(place, capsys, command, options, complaint):
    before = content(place)
    assert main([*COMMANDS[command].replace("@", f"{place}/").split(), *options.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err or "expected one argument" in err
    assert err.splitlines()[-1].startswith("threefold ")
    assert content(place) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--limit 0", "--limit must be at least 1, not 0"),
        ("--limit -2", "--limit must be at least 1, not -2"),
        ("--stalls 1", "the probability of a stall must be at least 0 and below 1, not 1.0"),
        ("--stalls -0.1", "the probability of a stall must be at least 0 and below 1, not -0.1"),
        ("--stalls nan", "the probability of a stall must be at least 0 and below 1, not nan"),
    ],
)
def test_nonsense_numbers_of_simulate(refused, options, message):
    refused(f"{COMMANDS['simulate']} {options}", message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--clock 0", "the clock must be above 0 and below 1000 MHz, not 0"),
        ("--clock -5", "the clock must be above 0 and below 1000 MHz, not -5"),
        ("--clock nan", "the clock must be above 0 and below 1000 MHz, not nan"),
        ("--clock inf", "the clock must be above 0 and below 1000 MHz, not inf"),
        ("--seed -1", "the seed of placement must be 0 to 2147483647, not -1"),
        ("--seed 99999999999", "the seed of placement must be 0 to 2147483647, not 99999999999"),
        (
            "--seed 2147483647 --seeds 2",
            "the seed of placement must be 0 to 2147483646, not 2147483647",
        ),
        ("--seeds 0", "--seeds must be 1 to 1000, not 0"),
        ("--seeds 1001", "--seeds must be 1 to 1000, not 1001"),
    ],
)
def test_nonsense_numbers_of_build(refused, options, message):
    refused(f"{COMMANDS['build']} {options}", message)


@pytest.mark.parametrize("output", ["@out", "@new"])
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            np.zeros((2, 8, 1, 1), int),
            "network 'sample' takes images of 1×1×8 (height × width × channels), "
            "not an array of shape (2, 8, 1, 1)",
        ),
        (np.full((2, 1, 1, 8), 4), "image codes must be 0…3, not 4…4"),
        (np.full((2, 1, 1, 8), -1), "image codes must be 0…3, not -1…-1"),
    ],
)
def test_images_that_do_not_fit(place, refused, output, images, message):
    save_images(place / "images.npz", images)
    refused(COMMANDS["simulate"].replace("@out", output), message)


def test_images_that_are_none(place, refused):
    (place / "images.npz").write_bytes(b"PK\x03\x04 no zip")
    message = "@images.npz is not an .npz file of plain arrays: it is not a complete zip archive"
    refused(COMMANDS["simulate"], message)
    (place / "images.npz").unlink()
    refused(COMMANDS["simulate"], "cannot read @images.npz: No such file or directory")


@pytest.mark.parametrize("command", mostly_nightly(COMMANDS, always=["plan"]))
def test_network_too_big(place, refused, command):
    save(make_network(inputs=1024, hidden=256, outputs=64), place / "net.tern")
    images = np.zeros((1, 1, 1, 1024), int)
    save_images(place / "images.npz", images)
    shutil.rmtree(place / "out")
    before = content(place)
    argv = COMMANDS[command].replace("@", f"{place}/").split()
    assert main(argv) == 2
    assert content(place) == before


@building
@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", "\0"])
def test_corrupt_plan(place, refused, capsys, command, damage):
    (place / "out" / "plan.json").write_text(damage)
    before = content(place)
    assert main(COMMANDS[command].replace("@", f"{place}/").split()) == 2
    err = capsys.readouterr().err
    assert err.startswith("threefold: error: ")
    assert f"{place}/out/plan.json" in err
    assert err.count("\n") == 1
    assert content(place) == before


@building
def test_edited_plan(place, refused, command):
    path = place / "out" / "plan.json"
    plan = json.loads(path.read_text())
    plan["units"][0]["decisions"]["pe"] = 4
    path.write_text(json.dumps(plan))
    message = (
        "@out/plan.json is not a usable plan: PE count of 'fc1' must divide 6 rows, not 4; "
        "divisors are 1, 2, 3, 6; plan again"
    )
    refused(COMMANDS[command], message)


@building
def test_plan_of_another_network(place, refused, command):
    save(make_network(seed=1), place / "net.tern")
    message = "@out/plan.json is the plan of another network than 'sample'; plan again"
    refused(COMMANDS[command], message)


def test_planning_again_helps(place):
    argv = ["plan", f"{place}/net.tern", "-o", f"{place}/out", "-q"]
    for spoil in (
        lambda: save(make_network(seed=1), place / "net.tern"),
        lambda: (place / "out" / "plan.json").write_text("{"),
    ):
        spoil()
        assert main(argv) == 0
        assert main(["build", f"{place}/net.tern", "-o", f"{place}/out", "--rtl-only"]) == 0


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        ("simulate", "YOSYS"),
        ("simulate", "VERILATOR"),
        ("simulate", "GXX"),
        ("build", "YOSYS"),
        ("build", "NEXTPNR_ICE40"),
        ("build", "ICEPACK"),
    ],
)
@pytest.mark.parametrize("output", ["@out", "@new"])
def test_missing_tool(refused, monkeypatch, command, variable, output):
    monkeypatch.setenv(variable, "/nowhere")
    message = f"{variable} names '/nowhere', which is not an executable; correct or unset it"
    refused(COMMANDS[command].replace("@out", output), message, status=1)


@every_command
@pytest.mark.parametrize(
    ("output", "reason"),
    [("@net.tern", "File exists"), ("@net.tern/below", "Not a directory")],
)
def test_output_folder_that_cannot_be(refused, command, output, reason):
    line = COMMANDS[command].replace("@out", output)
    message = f"cannot create folder {output}: {reason}; choose another with -o"
    refused(line, message, status=1)


@every_command
def test_output_folder_with_too_long_a_name(refused, command):
    name = "n" * 300
    message = f"cannot create folder @{name}: File name too long; choose another with -o"
    refused(COMMANDS[command].replace("@out", f"@{name}"), message, status=1)


def test_board_of_the_plan_keeps_it(place):
    before = content(place / "out")
    line = ["build", f"{place}/net.tern", "-o", f"{place}/out", "--rtl-only", "-q"]
    assert main([*line, "--board", "icebreaker"]) == 0
    after = content(place / "out")
    assert after.items() > before.items()


def test_another_board_plans_anew(place):
    line = ["build", f"{place}/net.tern", "-o", f"{place}/out", "--rtl-only", "-q"]
    assert main([*line, "--board", "ulx3s_85f"]) == 0
    assert json.loads((place / "out" / "plan.json").read_text())["board"] == "ulx3s_85f"


def test_limit_larger_than_the_set(place, capsys, monkeypatch):
    seen = []

    def simulate(project, images, labels, **options):
        seen.append((len(images), len(labels)))
        raise KeyboardInterrupt

    monkeypatch.setattr("threefold.project.Project.simulate", simulate)
    for limit in ("3", "900"):
        line = COMMANDS["simulate"].replace("@", f"{place}/").split()
        assert main([*line, "--limit", limit]) == 130
    assert seen == [(3, 3), (5, 5)]
    assert capsys.readouterr().err.endswith("threefold: interrupted\n")
