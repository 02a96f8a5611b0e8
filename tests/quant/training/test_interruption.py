import signal
import subprocess
import sys

import pytest
import torch

from threefold.quant import build, train

KILLED = """
import dataclasses, os, signal, sys
from pathlib import Path
from threefold.quant import PRESETS, build, digits, train

path, where = Path(sys.argv[1]), sys.argv[2]
config, dataset, epochs = dataclasses.replace(PRESETS["digits"], epochs=4), digits(), 0
killing = where == "a step"

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def on_epoch(done, loss):
    global epochs
    epochs = done

def progress(what, share):
    if killing and share > 2.5 / 4:
        die()

def write_half(file, content):
    with file.open("wb") as stream:
        stream.write(content[: len(content) // 2])
    if epochs == 2:
        die()
    return write(file, content)

write = Path.write_bytes
if where == "writing":
    Path.write_bytes = write_half
train(
    build(config, dataset), dataset, config, checkpoint=path, on_epoch=on_epoch, progress=progress
)
"""


def require_resumed(dataset, config, path, trained):
    model, seen = build(config, dataset), []
    train(model, dataset, config, checkpoint=path, on_epoch=lambda done, _: seen.append(done))
    assert seen == [2, 3, 4]
    for key, value in trained.state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key


@pytest.mark.parametrize("where", ["a step", "writing"])
def test_a_training_that_is_killed_loses_the_epoch_it_is_in(
    dataset, brief, trained, tmp_path, where
):
    path = tmp_path / "checkpoint.pt"
    process = subprocess.run([sys.executable, "-c", KILLED, path, where], timeout=300)
    assert process.returncode == -signal.SIGKILL
    assert len(torch.load(path, weights_only=True)["losses"]) == 2
    require_resumed(dataset, brief, path, trained)


def test_an_interruption_loses_the_epoch_it_is_in(dataset, brief, trained, tmp_path, request):
    path = tmp_path / "checkpoint.pt"
    # Processes in the background of a shell may be started with interruptions ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def interrupt(what, share):
        if share > 2.5 / 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(build(brief, dataset), dataset, brief, checkpoint=path, progress=interrupt)
    assert list(tmp_path.iterdir()) == [path]
    require_resumed(dataset, brief, path, trained)
