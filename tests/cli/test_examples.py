import shlex

import pytest

from threefold import cli

EXAMPLES = [
    shlex.split(example.replace("\\\n", " "))
    for _, command in cli._commands([])
    for example in command.EXAMPLES
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("examples")


def test_every_example_runs_one_after_the_other(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    for program, *argv in EXAMPLES:
        assert program == "threefold"
        assert cli.main([*argv, *([] if "--verbose" in argv else ["-q"])]) == 0, capfd.readouterr()
    digits = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert digits >= {
        "out/digits/gateware/digits.bin",
        "out/digits/plan.json",
        "out/digits/report.html",
        "out/digits/rtl/digits.v",
        "out/digits/sim/simulation.json",
        "out/aligned/plan.json",
        "out/folded/plan.json",
        "out/lenet/test.npz",
        "out/resnet20/network.tern",
        "out/slow/plan.json",
        "out/small/network.tern",
    }
