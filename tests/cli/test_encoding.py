import subprocess
import sys

import pytest

COMMANDS = [
    "zoo",
    "zoo tiny_conv -o out",
    "plan out/network.tern -o out",
    "build out/network.tern -o out --rtl-only",
    "report out",
    "data",
    "doctor",
    "train --list",
    "train --epochs 1 --widths 4 --no-float -o trained",
    "plan --help",
    "plan out/größe.tern",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ascii")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_of_ascii(folder, monkeypatch, command):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    process = subprocess.run(
        [sys.executable, "-m", "threefold", *command.split()],
        cwd=folder,
        capture_output=True,
    )
    assert b"Traceback" not in process.stderr
    assert b"UnicodeEncodeError" not in process.stderr
    assert process.returncode == (2 if "größe" in command else 0), process.stderr
    assert (process.stdout + process.stderr).isascii()
