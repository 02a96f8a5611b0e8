import json
from pathlib import Path

import pytest

from threefold.boards import get

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "benchmarks" / "networks_on_boards.json"
ROWS = {row["case"]: row for row in json.loads(RECORD.read_text())["rows"]}


def test_resnet20_holds_100_mhz_and_gives_1000_images_a_second():
    row = ROWS["resnet20"]
    assert row["board"] == "ulx3s_85f"
    assert row["fmax_mhz"] >= 100
    assert row["images_per_second"] >= 1000


def test_readme_shows_the_recorded_figures():
    row, text = ROWS["resnet20"], " ".join((ROOT / "README.md").read_text().split())
    assert f"takes {row['interval']:,} cycles an image on a ULX3S 85F" in text
    assert f"routed at {row['fmax_mhz']:.1f} MHz that is {row['images_per_second']:,.0f}" in text


def test_trained_resnet20_gives_8000_images_a_second_without_a_multiplier():
    row, text = ROWS["resnet20_fastest"], " ".join((ROOT / "README.md").read_text().split())
    assert row["utilization"]["dsp"]["used"] == 0
    assert row["fmax_mhz"] >= row["clock_mhz"]
    assert row["interval"] == 9216
    assert row["images_per_second"] >= 8000
    rate = f"{row['images_per_second']:,.0f} images a second at {row['fmax_mhz']:.1f} MHz"
    assert f"gives {rate} with `--interval {row['interval']}`" in text


@pytest.mark.parametrize("case", ROWS)
def test_every_network_fits_its_board(case):
    row = ROWS[case]
    board = get(row["board"])
    for resource, used in row["utilization"].items():
        assert used["used"] <= used["available"] == getattr(board.device, resource)
