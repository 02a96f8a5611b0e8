import re
from xml.etree import ElementTree

import pytest

from threefold.report import make_report
from threefold.report.plots import accuracy_plot, cycles_plot, utilization_plot, weights_plot


def texts(svg):
    tree = ElementTree.fromstring(svg.replace("<svg", '<svg xmlns:xlink="xlink"', 1))
    return [element.text for element in tree.iter("text")]


@pytest.fixture
def report(plan, build, simulation, accuracy):
    return make_report(plan, build=build, simulation=simulation, accuracy=accuracy)


def test_utilization(report):
    assert texts(utilization_plot(report)) == [
        *("Logic cells", "3,312 of 5,280", "62.7 %"),
        *("Flip-flops", "2,010 of 5,280", "38.1 %"),
        *("Block RAMs", "19 of 30", "63.3 %"),
        *("DSP blocks", "0 of 8", "0.0 %"),
    ]


def test_nearly_full_resource_stands_out(report):
    assert "var(--orange)" not in utilization_plot(report)
    report["utilization"]["lut"]["used"] = 5000
    assert "var(--orange)" in utilization_plot(report)


def test_resource_that_the_device_lacks(report):
    report["utilization"] = {"dsp": {"used": 0, "available": 0}}
    assert utilization_plot(report) is None


def test_accuracy(report):
    assert texts(accuracy_plot(report)) == [
        *("Float", "98.06 %"),
        *("Exact integers", "96.94 %"),
        *("Hardware, simulated", "96.94 %"),
    ]
    report["accuracy"] = {"integer": 0.5}
    assert texts(accuracy_plot(report)) == ["Exact integers", "50.00 %"]


def test_what_was_not_measured_has_no_plot(plan):
    report = make_report(plan)
    assert utilization_plot(report) is None
    assert accuracy_plot(report) is None


def test_cycles(report):
    cycles = [step["cycles"] for step in report["steps"]]
    svg = cycles_plot(report)
    assert texts(svg) == [
        *("fc1", "fc2", "fc3", "argmax"),
        *(str(count) for count in cycles),
        f"interval {report['cycles']['interval']}",
    ]
    assert len(re.findall(r"fill: var\(--orange\)", svg)) == cycles.count(max(cycles))


def test_cycles_of_steps_without_weights(branching_plan):
    report = make_report(branching_plan)
    shown = texts(cycles_plot(report))
    assert shown[:8] == [step["name"] for step in report["steps"]]
    assert shown[8:16] == [f"{step['cycles']:,}" for step in report["steps"]]


def test_many_steps_without_weights_are_left_out_unless_slow(make_plan):
    report = make_report(make_plan(20))
    interval = report["predicted_cycles"]["interval"]
    pool = {"op": "pool", "output": [1, 1, 1]}
    report["steps"] += [
        pool | {"name": "slow", "cycles": (interval + 1) // 2},
        *[pool | {"name": f"fast{n}", "cycles": (interval - 1) // 2} for n in range(9)],
    ]
    assert texts(cycles_plot(report))[:21] == [
        *(layer["name"] for layer in report["layers"]),
        "slow",
    ]


def test_tiles_of_a_map_that_were_skipped(branching_plan):
    report = make_report(branching_plan)
    down = report["layers"][1]
    assert down["cycles"] == 16 * down["tiles"]
    before = cycles_plot(report)
    down["tiles_skipped"] += 100
    assert cycles_plot(report) != before


def test_no_layer_has_no_plot_of_weights(report):
    report["layers"] = []
    assert weights_plot(report) is None


def test_weights(report):
    zeros = [
        f"{100 * layer['weights']['zero'] / layer['macs']:.0f} % zero" for layer in report["layers"]
    ]
    assert texts(weights_plot(report)) == ["fc1", "fc2", "fc3", *zeros, "−1", "0", "+1"]


def test_long_layer_names_are_cut(make_plan):
    report = make_report(make_plan(1))
    report["layers"][0]["name"] = report["steps"][0]["name"] = "l" * 64
    assert texts(cycles_plot(report))[0] == f"{'l' * 18}…"
