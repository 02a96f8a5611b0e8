"""``threefold run`` and ``threefold program``, as far as they go without a board."""

import os
import pty
import subprocess
import sys

import numpy as np
import pytest

from threefold.cli import main
from threefold.network import load, save

from ..digits import network


@pytest.fixture
def folder(tmp_path):
    save(network(0), tmp_path / "network.tern")
    np.save(tmp_path / "codes.npy", np.zeros((2, 64), np.uint8))
    return tmp_path


def said(capsys, *line):
    status = main([*map(str, line)])
    return status, capsys.readouterr().err.removeprefix("threefold: error: ").strip()


def test_no_such_port(folder, capsys):
    status, error = said(capsys, "run", "/dev/ttyUSB99", folder / "codes.npy")
    assert status == 1
    assert error.startswith("there is no /dev/ttyUSB99; ")


def test_a_port_that_may_not_be_opened(folder, capsys, monkeypatch):
    import serial

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(serial, "Serial", refuse)
    monkeypatch.setattr(os, "getgroups", list)
    port = folder / "tty"
    port.touch()
    port.chmod(0o660)
    status, error = said(capsys, "run", port, folder / "codes.npy")
    assert status == 1
    assert error.startswith(f"no permission to open {port}; join its group: sudo usermod -aG ")


def test_a_port_where_nobody_answers(folder, capsys):
    ours, theirs = pty.openpty()
    status, error = said(capsys, "run", os.ttyname(theirs), folder / "codes.npy")
    for end in (ours, theirs):
        os.close(end)
    assert (status, error.partition(";")[0]) == (1, "the board does not answer")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            ["codes.npy"],
            "give the serial port of the board, or --simulate, and then the images",
        ),
        (["PORT", "codes.npy", "--limit", "0"], "--limit must be at least 1, not 0"),
        (["PORT", "codes.npy", "--baud", "0"], "--baud must be at least 1, not 0"),
        (["PORT", "none.npy"], "cannot read none.npy: No such file or directory"),
        (["PORT", "wide.npy"], "wide.npy holds images of 65 codes, and 'digits' takes 64"),
        (["PORT", "high.npy"], "high.npy holds codes 0…200, and the board takes 0…15"),
        (["PORT", "empty.npy"], "empty.npy holds no images"),
        (["PORT", "none_of_each.npy"], "none_of_each.npy holds no images"),
        (
            ["PORT", "real.npy"],
            "real.npy must hold input codes, integers of shape (images, …), not float64 of shape "
            "(1, 64)",
        ),
        (["PORT", "text.npy"], "text.npy is no .npy file of numbers; write it with numpy.save"),
        (
            ["PORT", "rows.csv"],
            "network 'digits' does not tell how samples become its input codes; give codes in an "
            ".npz or .npy file",
        ),
    ],
)
def test_what_is_no_image(folder, capsys, monkeypatch, line, message):
    monkeypatch.chdir(folder)
    np.save("wide.npy", np.zeros((1, 65), np.uint8))
    np.save("high.npy", np.array([[0] * 63 + [200]]))
    np.save("empty.npy", np.zeros((0, 64), np.uint8))
    np.save("none_of_each.npy", np.zeros((2, 0), np.uint8))
    np.save("real.npy", np.zeros((1, 64)))
    (folder / "text.npy").write_text("no array")
    (folder / "rows.csv").write_text("1,2\n")
    assert load("network.tern").name == "digits"
    assert said(capsys, "run", *line) == (2, message)


def test_samples_need_a_network(tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("1,2\n")
    status, error = said(capsys, "run", "PORT", tmp_path / "rows.csv")
    assert status == 2
    assert error.splitlines()[-1].endswith(
        f"only the network knows how {tmp_path / 'rows.csv'} becomes input codes; give it with "
        f"--network"
    )


def test_it_imports_neither_amaranth_nor_torch(folder):
    program = (
        "import sys; from threefold.cli import main; "
        f"main(['run', 'PORT', {str(folder / 'codes.npy')!r}]); "
        "print(sorted({'amaranth', 'torch', 'numba', 'cocotb', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "there is no PORT" in done.stderr
    assert done.stdout.strip() == "[]"


def test_nothing_to_program_with(tmp_path, capsys):
    status, error = said(capsys, "program", tmp_path)
    assert (status, error) == (2, f"{tmp_path} holds no bitstream; run threefold build first")


def test_a_bitstream_that_is_gone(tmp_path, capsys):
    (tmp_path / "gateware").mkdir()
    record = '{"bitstream": "gateware/top.bin", "board": "icebreaker"}'
    (tmp_path / "gateware" / "build.json").write_text(record)
    status, error = said(capsys, "program", tmp_path)
    assert (status, error) == (2, f"{tmp_path} has lost its bitstream; run threefold build again")


def test_the_loader_writes_to_the_board_it_was_built_for(tmp_path, capsys, monkeypatch):
    (tmp_path / "gateware").mkdir()
    (tmp_path / "gateware" / "top.bin").write_bytes(b"bits")
    record = '{"bitstream": "gateware/top.bin", "board": "icebreaker"}'
    (tmp_path / "gateware" / "build.json").write_text(record)
    loader = tmp_path / "loader"
    loader.write_text('#!/bin/sh\necho "$@"\ntest "$1" = -V || test -f top.bin\n')
    loader.chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(loader))
    assert main(["program", str(tmp_path), "--flash", "-q"]) == 0
    assert (tmp_path / "gateware" / "program.log").read_text() == "-b ice40_generic -f top.bin\n"
    loader.write_text("#!/bin/sh\necho unable to open ftdi device >&2\nexit 1\n")
    status, error = said(capsys, "program", tmp_path, "-q")
    assert status == 1
    assert error.startswith("1BitSquared iCEBreaker was not written: ")
    assert error.endswith("; is it plugged in, and may you use USB?")
    missing = "loader: error while loading shared libraries: libftdi1.so.2: cannot open it"
    loader.write_text(f"#!/bin/sh\ntest $1 = -V && exit\necho {missing} >&2\nexit 127\n")
    status, error = said(capsys, "program", tmp_path, "-q")
    assert (status, "libftdi1.so.2" in error) == (1, True)
    assert error.endswith(
        "install that library, such as by apt install libftdi1-2 libhidapi-hidraw0"
    )
