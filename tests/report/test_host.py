import pytest

from threefold.network import Codes, Integers, Tensor
from threefold.plan import Port, Ports
from threefold.plan.units.block import StreamType
from threefold.report.host import flash_command, limiting, link, ports


def make_ports(image, bits, outputs, output_bits):
    entering, leaving = StreamType(1, bits), StreamType(2, output_bits, signed=True)
    logits = Tensor((1, 1, outputs), Integers(-(1 << output_bits - 1), (1 << output_bits - 1) - 1))
    return Ports(
        Port("i", Tensor(image, Codes.unsigned(bits)), entering),
        Port("o", logits, leaving),
        gives_class=False,
        classes=outputs,
    )


def test_ports():
    assert ports(make_ports((4, 4, 3), 2, 10, 9)) == {
        "input": {"shape": [4, 4, 3], "lanes": 1, "bits": 2, "signed": False, "beats": 48},
        "output": {"shape": [1, 1, 10], "lanes": 2, "bits": 9, "signed": True, "beats": 5},
        "gives": "logits",
        "classes": 10,
    }


@pytest.mark.parametrize(
    ("image", "outputs", "output_bits", "taken", "rate"),
    [((8, 8, 1), 10, 8, 10, 11520 / 73), ((4, 4, 1), 10, 9, 20, 11520 / 29)],
)
def test_the_longer_way_sets_the_rate_of_the_line(image, outputs, output_bits, taken, rate):
    line = link(make_ports(image, 8, outputs, output_bits))
    assert line["input_bytes"] == image[0] * image[1]
    assert line["output_bytes"] == taken
    assert line["inferences_per_second"] == rate
    faster = link(make_ports(image, 8, outputs, output_bits), 1_152_000)
    assert faster["baud"] == 1_152_000
    assert faster["inferences_per_second"] == pytest.approx(10 * rate)


def test_no_line_carries_codes_beyond_a_byte():
    assert link(make_ports((4, 4, 1), 9, 10, 8)) == {}


@pytest.mark.parametrize(
    ("report", "limit"),
    [
        ({"inferences_per_second": 181, "link": {"inferences_per_second": 180}}, "link"),
        ({"inferences_per_second": 179, "link": {"inferences_per_second": 180}}, "accelerator"),
        (
            {"estimated_inferences_per_second": 179, "link": {"inferences_per_second": 180}},
            "accelerator",
        ),
        ({"inferences_per_second": 181, "link": {}}, None),
        ({"link": {"inferences_per_second": 180}}, None),
    ],
)
def test_what_limits(report, limit):
    assert limiting(report) == limit


def test_command_to_flash():
    report = {"board": "icebreaker", "bitstream": "gateware/my net.bin"}
    assert flash_command(report) == "threefold program ."
    assert flash_command({"board": "ulx3s_12f", "bitstream": "a.bit"}) == "threefold program ."
    assert flash_command({"board": "icebreaker"}) is None
    assert flash_command(report | {"board": "elsewhere"}) is None
