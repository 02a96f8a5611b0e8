from threefold.boards import get
from threefold.tools.build_plan import _placement


def test_options_of_the_placer():
    ice40, ecp5 = get("icebreaker"), get("ulx3s_85f")
    assert _placement(ice40, "--placer static") == "--placer static"
    assert _placement(ecp5, "") == "--placer-heap-timingweight 30 --placer-heap-critexp 4"
    for given in ("--placer-heap-critexp 2", "--placer-heap-critexp=2"):
        assert _placement(ecp5, given) == f"{given} --placer-heap-timingweight 30"
