"""Reports on accelerators that are loaded, or told widths, at run time."""

from threefold.plan import image_of
from threefold.report import make_report, render_page

from ..hw.test_widths import random_plan
from ..loadable_networks import loadable_plan, network
from .test_report_page import rows


def test_widths():
    plan = random_plan(0)
    report = make_report(plan, board="icebreaker", clock_mhz=20)
    cycles = [plan.cycles_at(number) for number in range(3)]
    assert report["widths"] == [
        {"name": name, "predicted_cycles": {"latency": at.latency, "interval": at.interval}}
        for name, at in zip(("whole", "half", "quarter"), cycles, strict=True)
    ]
    assert report["link"]["input_bytes"] == plan.network.input.size + 1
    text = render_page(report, plan)
    assert rows(text, "Widths") == [
        [name, f"{at.latency:,}", f"{round(at.interval):,}", f"{20e6 / at.interval:,.0f}"]
        for name, at in zip(("whole", "half", "quarter"), cycles, strict=True)
    ]
    assert rows(text, "Ports")[-1] == [
        "input width",
        "one of 3 widths, with the first beat of an image",
    ]


def test_contents_from_outside():
    plan = loadable_plan(network(1))
    report = make_report(plan)
    assert report["program_image_bytes"] == len(image_of(plan))
    assert rows(render_page(report, plan), "Ports")[-1] == [
        "input load",
        f"program image of {len(image_of(plan)):,} bytes, before the first image",
    ]
