import json

import pytest

from threefold.boards import get
from threefold.project import Project

from .digits import network


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("board", "clock_mhz", "least_mhz", "sync"),
    [
        ("icebreaker", None, 24, bytes.fromhex("ff0000ff7eaa997e")),
        ("ulx3s_85f", 100, 100, bytes.fromhex("ffffbdb3")),
    ],
)
def test_digits_on_a_board(tmp_path, board, clock_mhz, least_mhz, sync):
    project = Project.create(network(0), tmp_path, board=board, interval=64)
    result = project.build(clock_mhz=clock_mhz)
    assert result.fmax_mhz >= result.clock_mhz >= least_mhz
    assert sync in result.bitstream.read_bytes()[:256]

    record = json.loads((tmp_path / "gateware" / "build.json").read_text())
    assert (tmp_path / record["bitstream"]).samefile(result.bitstream)
    assert record["fmax_mhz"] == result.fmax_mhz
    assert record["utilization"]["dsp"] == {"used": 0, "available": get(board).device.dsp}
    for resource in ("lut", "ff", "bram"):
        assert 0 < record["utilization"][resource]["used"] <= getattr(get(board).device, resource)
