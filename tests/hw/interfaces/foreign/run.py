"""Runner of the tests of a module in this folder, on core.v in the folder it is started in."""

import sys
from pathlib import Path

from cocotb_tools.runner import get_results, get_runner


def main(traffic):
    sys.path.insert(0, str(Path(__file__).parent))
    here = Path.cwd()
    runner = get_runner("verilator")
    runner.build(
        sources=[here / "core.v"],
        hdl_toplevel="core",
        build_dir=here / "build",
        build_args=["-Wno-fatal", "-Wno-lint", "-Wno-style"],
        timescale=("1ns", "1ns"),
    )
    results = runner.test(
        test_module=traffic,
        hdl_toplevel="core",
        build_dir=here / "build",
        test_dir=here,
        extra_env={"PYTHONPATH": ":".join(sys.path)},
    )
    tests, failed = get_results(results)
    sys.exit(f"{failed} of {tests} failed" if failed or not tests else None)


if __name__ == "__main__":
    main(sys.argv[1])
