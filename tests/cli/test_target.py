import pytest

from threefold import Project
from threefold.cli import main
from threefold.core_files import BUSES
from threefold.network import save

from ..core.test_testbench import NETWORK

TARGET = "--target generic --luts"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(NETWORK, tmp_path / "net.tern")
    return tmp_path


def test_verilog_without_a_board(folder, capsys):
    argv = "build net.tern --target generic --luts 3000 --brams 20 -o out -q"
    assert main(argv.split()) == 0
    assert capsys.readouterr().out == "verilog    out/rtl/sample.v\n"
    project = Project.open(folder / "out")
    assert project.board.name == "generic:luts=3000,brams=20"
    assert all(path.is_file() for path in project.products.core)


@pytest.mark.parametrize("bus", BUSES)
def test_verilog_with_a_bus(folder, capsys, bus):
    argv = f"build net.tern --target generic --bus {bus} -o out -q"
    assert main(argv.split()) == 0
    assert capsys.readouterr().out == f"verilog    out/rtl/sample_{bus}.v\n"
    project = Project.open(folder / "out")
    made = project.products.core_of(bus).all
    assert all(path.is_file() for path in made)
    assert not project.products.rtl.exists()
    assert not project.stale
    assert main(["plan", "net.tern", "--interval", "40", "-o", "out", "-q"]) == 0
    assert not any(path.exists() for path in made)


def test_the_target_stays(folder, capsys):
    assert (
        main(["plan", "net.tern", "--target", "generic", "--luts", "3000", "-o", "out", "-q"]) == 0
    )
    assert "sample on generic (3,000 LUTs)" in capsys.readouterr().out
    plan = Project.open(folder / "out").plan
    for line in ("plan net.tern -o out -q", "plan net.tern --interval 40 -o out -q"):
        assert main(line.split()) == 0
        assert Project.open(folder / "out").plan.board == plan.board
    assert (
        main(["build", "net.tern", "--target", "generic", "--luts", "2000", "-o", "out", "-q"]) == 0
    )
    assert Project.open(folder / "out").plan.board == "generic:luts=2000"


def test_limits_from_a_file(folder):
    (folder / "mine.toml").write_text('name = "mine"\nfamily = "ecp5"\nluts = 9000\nbrams = 20\n')
    assert main(["build", "net.tern", "--board", "mine.toml", "-o", "out", "-q"]) == 0
    assert Project.open(folder / "out").board.name == "mine:family=ecp5,luts=9000,brams=20"
    assert main(["report", "out", "-q"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--luts 100", "--luts and --brams are limits of --target generic; add it"),
        ("--board icebreaker --brams 9", "--luts and --brams are limits of --target generic"),
        ("--board none.toml", "cannot read none.toml: No such file or directory"),
        ("--target generic --luts 0", "argument --luts: expected a positive number, not '0'"),
        ("--target generic --board icebreaker", "not allowed with argument"),
        ("--bus pci", "argument --bus: invalid choice: 'pci'"),
        ("--target generic --luts 9", "'sample' does not fit generic:luts=9: it needs about"),
    ],
)
def test_refused_in_one_line(options, message, folder, capsys):
    assert main(f"build net.tern -o out -q {options}".split()) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (folder / "out").exists()
