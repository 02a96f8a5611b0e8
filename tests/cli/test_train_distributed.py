import json

import numpy as np
import pytest
import torch

from threefold.cli import main
from threefold.data import load_images
from threefold.network import load
from threefold.sim import golden

from ..nightly import mostly_nightly
from ..torchrun import torchrun

OPTIONS = ["train", "--preset", "lenet-digits", "--widths", "4,8", "--epochs", "2", "--seed", "1"]

FAILING = """
import os
import signal
import sys
from torch.distributed import get_node_local_rank
from threefold import quant
from threefold.cli import main
from threefold.errors import DataError
from threefold.quant import trial

def no_data(*_):
    raise DataError("half of the files are missing")

def killed(*_, progress, train=trial.train_stages, **options):
    def kill(what, share):
        if share > 0.75:
            os.kill(os.getpid(), signal.SIGKILL)
    return train(*_, progress=kill, **options)

if get_node_local_rank() == 1:
    if sys.argv[1] == "data":
        quant.load_dataset = no_data
    else:
        trial.train_stages = killed
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.nightly  # what two processes learn is compared in tests/quant/training as well
def test_two_processes_make_what_one_makes(tmp_path, capsys):
    process = torchrun("-m", "threefold", *OPTIONS, "-o", tmp_path / "two")
    assert process.returncode == 0, process.stderr
    assert main([*OPTIONS, "-q", "-o", str(tmp_path / "one")]) == 0
    result = capsys.readouterr().out
    one, two = (json.loads((tmp_path / name / "train.json").read_text()) for name in ("one", "two"))
    for kind in ("ternary", "float"):
        assert two["losses"][kind] == pytest.approx(one["losses"][kind], rel=1e-4)
    assert two["config"] == one["config"]
    images = load_images(tmp_path / "one" / "test.npz")[0]
    first, second = (
        golden.classes(load(tmp_path / name / "network.tern"), images) for name in ("one", "two")
    )
    assert np.mean(first == second) > 0.98
    files = [sorted(path.name for path in (tmp_path / name).iterdir()) for name in ("one", "two")]
    assert files[0] == files[1]
    assert [line.split()[0] for line in process.stdout.splitlines()] == [
        line.split()[0] for line in result.splitlines()
    ]
    assert process.stderr.count("2/2 epochs") == 2


@pytest.mark.parametrize("failure", mostly_nightly(["data", "killed"], always=["killed"]))
def test_an_error_of_one_process_ends_both(tmp_path, failure):
    script = tmp_path / "failing.py"
    script.write_text(FAILING)
    process = torchrun(script, failure, *OPTIONS, "-q", "-o", tmp_path / "out")
    assert process.returncode != 0
    assert process.stdout == ""
    errors = [line for line in process.stderr.splitlines() if line.startswith("threefold: ")]
    if failure == "data":
        assert errors == ["threefold: error: half of the files are missing"]
        assert not list((tmp_path / "out").iterdir())
    else:
        assert "SIGKILL" in process.stderr
        state = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
        assert len(state["losses"]) == 1
