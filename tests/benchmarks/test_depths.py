import json
from pathlib import Path

import depths
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECORDED = json.loads((BENCHMARKS / "depths.json").read_text())


@pytest.mark.nightly
def test_cycles_and_program_images_are_near_those_recorded():
    network, other = depths.shallow(), depths.deep()
    plan = depths.make_plan(network, other)
    for each, recorded in zip((network, other), RECORDED["simulation"]["networks"], strict=True):
        found = depths.figures(plan, each)
        assert found["network"] == recorded["network"]
        for name in ("weights", "program_bytes", "latency", "interval"):
            assert found[name] == pytest.approx(recorded[name], rel=0.02)


def test_both_were_simulated_one_after_the_other():
    simulation = RECORDED["simulation"]
    expected = {each["network"]: each for each in simulation["networks"]}
    runs = simulation["loads"]
    assert [run["network"] for run in runs] == ["resnet20_jpeg", "resnet56", "resnet20_jpeg"]
    for run in runs:
        assert run["latency"] == expected[run["network"]]["latency"]
        assert run["interval"] == expected[run["network"]]["interval"]


def test_block_ram_binds():
    for row in RECORDED["simulation"]["room"]:
        fits = row["bram_estimated"] <= row["bram"]
        assert fits == (row["board"] == depths.BOARD)
        assert row["cells_estimated"] <= row["cells"]


def test_a_bitstream_of_both_holds_its_clock():
    build = RECORDED["build"]
    assert build["fmax_mhz"] >= build["clock_mhz"] == depths.CLOCK_MHZ
    assert build["utilization"]["dsp"]["used"] == 0
