import pytest

from threefold.report import Figure, key_figures, make_report


def figures(plan, **inputs):
    return {figure.label: figure for figure in key_figures(make_report(plan, **inputs))}


def test_order(plan, build, simulation, accuracy):
    assert list(figures(plan, build=build, simulation=simulation, accuracy=accuracy)) == [
        "Accuracy",
        "Mismatches",
        "Latency",
        "Inferences a second",
        "Serial line",
        "Fmax",
        "Slowest path",
        "Logic cells",
        "Block RAM",
        "DSP blocks",
    ]


def test_cycles_without_a_clock(plan, simulation):
    latency, interval = plan.cycles.latency, plan.cycles.interval
    measured = figures(plan, simulation=simulation)
    assert measured["Latency"] == Figure("Latency", f"{latency} cycles", "measured, as predicted")
    assert figures(plan) == {
        "Latency": Figure("Latency", f"{latency} cycles", "predicted"),
        "Interval": Figure("Interval", f"{interval} cycles", "predicted"),
    }


@pytest.mark.parametrize(
    ("accuracy", "value", "note"),
    [
        ({"float": 0.5}, "50.00 %", "float"),
        ({"integer": 0.5}, "50.00 %", "exact integers"),
        ({"integer": 0.5, "float": 0.6}, "50.00 %", "exact integers; float 60.00 %"),
        ({"rtl": 0.5, "integer": 0.5}, "50.00 %", "simulated hardware"),
        ({"rtl": 0.4, "integer": 0.5}, "40.00 %", "simulated hardware; exact integers 50.00 %"),
    ],
)
def test_accuracy_is_the_one_nearest_to_hardware(plan, accuracy, value, note):
    assert figures(plan, accuracy=accuracy)["Accuracy"] == Figure("Accuracy", value, note)


def test_accuracies_on_other_images_say_so(plan):
    simulation = {"mismatches": 0, "accuracy": 0.4, "images": 7}
    for images, told in ((9, "simulated hardware, 7 images"), (7, "simulated hardware")):
        accuracy = {"integer": 0.5, "images": images}
        (note,) = {figures(plan, simulation=simulation, accuracy=accuracy)["Accuracy"].note}
        assert note == f"{told}; exact integers 50.00 %"


def test_mismatches_stand_out(plan):
    good, bad = ({"mismatches": count} for count in (0, 3))
    note = "against the golden model"
    assert figures(plan, simulation=good)["Mismatches"] == Figure("Mismatches", "0", note, "good")
    assert figures(plan, simulation=bad)["Mismatches"] == Figure("Mismatches", "3", note, "bad")


def test_clock(plan, build):
    assert figures(plan, clock_mhz=12.5)["Clock"] == Figure("Clock", "12.5 MHz", "planned")
    assert figures(plan, build={"fmax_mhz": 40})["Fmax"] == Figure(
        "Fmax", "40.0 MHz", "placed and routed"
    )
    slow = build | {"fmax_mhz": 20}
    assert figures(plan, build=slow)["Fmax"] == Figure("Fmax", "20.0 MHz", "runs at 30 MHz", "bad")


@pytest.mark.parametrize(
    ("used", "available", "value"), [(0, 8, "none"), (0, 0, "none"), (8, 8, "100.0 %")]
)
def test_dsp_blocks(plan, used, available, value):
    cells = {"dsp": {"used": used, "available": available}}
    assert figures(plan, build={"utilization": cells})["DSP blocks"].value == value


def test_the_serial_line_says_if_it_limits(plan, build, simulation):
    label, note = "Serial line", "images a second, 73 bytes each"
    assert label not in figures(plan)
    assert figures(plan, board="icebreaker")[label] == Figure(label, "157.8", note)
    assert figures(plan, build=build, simulation=simulation)[label] == Figure(
        label, "157.8", f"{note}: the limit"
    )


def test_slowest_path(plan, build):
    assert figures(plan, build=build)["Slowest path"] == Figure(
        "Slowest path", "28.7 ns", "fc1 to fc2; 29 % logic, 71 % routing"
    )
    for name in build["critical_path"]["cells"][:2]:
        build["critical_path"]["cells"] = [name, "link.accelerator.engine_fc1.x"]
        assert figures(plan, build=build)["Slowest path"].note.startswith("within fc1; ")
