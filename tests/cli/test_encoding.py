import json
import subprocess
import sys

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


# All in one process, since each takes seconds to start.
SCRIPT = """
import json, sys
from threefold.cli import main

codes = []
for line in sys.argv[1:]:
    try:
        codes.append(main(line.split()))
    except SystemExit as end:
        codes.append(end.code)
print(json.dumps(codes))
"""


def test_a_terminal_of_ascii(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, *COMMANDS], cwd=tmp_path, capture_output=True
    )
    assert b"Traceback" not in process.stderr
    assert b"UnicodeEncodeError" not in process.stderr
    assert process.returncode == 0, process.stderr
    codes = json.loads(process.stdout.splitlines()[-1])
    assert codes == [2 if "größe" in command else 0 for command in COMMANDS], process.stderr
    assert (process.stdout + process.stderr).isascii()
