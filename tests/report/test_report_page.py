import re
from collections import Counter
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest

from threefold.network import Codes, Conv, MaxPool, Network, Tensor, Threshold
from threefold.plan import Folding, fold
from threefold.report import make_report, render_page

from ..accelerators import engines

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails if tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], Counter(), [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += f"{' '.join(data.split())}\n" if data.strip() else ""

    def values(self, name):
        return [value for key, value in self.attributes if key == name]


def check(page):
    """What holds for every page: well-formed, and nothing is loaded from elsewhere."""
    parsed = Page(page)
    assert not {"script", "link", "iframe", "img", "object"} & parsed.tags.keys()
    assert "://" not in page
    assert "@import" not in page
    assert parsed.values("src") == []
    for value in parsed.values("href") + parsed.values("xlink:href"):
        assert value.startswith(("#", "./", "data:image/png;base64,"))
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    targets = re.findall(r"url\(#([^)]*)\)", page)
    targets += [value[1:] for value in parsed.values("xlink:href") if value[0] == "#"]
    assert set(targets) <= set(ids)
    assert "#0102" not in page
    return parsed


def test_everything(plan, build, simulation, accuracy):
    report = make_report(plan, build=build, simulation=simulation, accuracy=accuracy)
    page = check(render_page(report, plan, {"bitstream": "gateware/sample.bin"}))
    lines = page.text.splitlines()
    assert page.tags["svg"] == 2 * 4 + 3
    for title in ("Resources", "Accuracy", "Cycles of each layer", "Weights", "Tiles", "Layers"):
        assert title in lines
    for text in (
        "sample",
        "64 → 32 → 32 → 10",
        "icebreaker",
        "iCE40UP5K",
        "96.94 %",
        "simulated hardware; float 98.06 %",
        "in 38,160 words of 360 images",
        f"{plan.cycles.latency} cycles, as predicted",
        f"one every {plan.cycles.interval} cycles, as predicted",
        "34.9 MHz",
        "runs at 30 MHz",
        "62.7 %",
        "3,312 of 5,280",
        "360 images of digits, held out",
        "gateware/sample.bin",
        "yosys",
        "0.70",
    ):
        assert text in lines
    assert "./gateware/sample.bin" in page.values("href")


def test_measured_cycles_that_differ_are_shown(plan, build, simulation):
    simulation["cycles"]["latency"] += 1
    report = make_report(plan, build=build, simulation=simulation)
    latency = plan.cycles.latency
    assert f"{latency + 1} cycles, predicted {latency}" in render_page(report, plan)


def test_nothing_measured(plan):
    page = check(render_page(make_report(plan), plan))
    lines = page.text.splitlines()
    assert page.tags["svg"] == 2 * 2 + 3
    for title in ("Resources", "Accuracy", "Files", "Mismatches", "Fmax", "Logic cells"):
        assert title not in lines
    assert lines.count("predicted") == 2
    assert f"predicted interval {plan.cycles.interval}" in lines


@pytest.mark.parametrize("left_out", ["build", "simulation", "accuracy"])
def test_a_missing_section(plan, build, simulation, accuracy, left_out):
    inputs = {"build": build, "simulation": simulation, "accuracy": accuracy, left_out: None}
    check(render_page(make_report(plan, **inputs), plan))


@pytest.mark.parametrize(
    "path",
    [
        ["build", "device"],
        ["build", "board"],
        ["build", "clock_mhz"],
        ["build", "fmax_mhz"],
        ["build", "utilization", "lut"],
        ["build", "bitstream"],
        ["simulation", "images"],
        ["simulation", "mismatches"],
        ["simulation", "beats_compared"],
        ["simulation", "simulator"],
        ["simulation", "cycles", "latency"],
        ["simulation", "cycles", "interval"],
        ["simulation", "accuracy"],
        ["simulation", "confusion"],
        ["build", "cells"],
        ["build", "critical_path"],
        ["accuracy", "integer"],
        ["accuracy", "float"],
        ["accuracy", "images"],
        ["accuracy", "dataset"],
    ],
)
def test_a_missing_figure(plan, build, simulation, accuracy, path):
    inputs = {"build": build, "simulation": simulation, "accuracy": accuracy}
    *way, last = path
    place = inputs
    for key in way:
        place = place[key]
    del place[last]
    check(render_page(make_report(plan, **inputs), plan))


def test_estimates_say_so(plan, build):
    lines = Page(render_page(make_report(plan, build=build), plan)).text.splitlines()
    assert "Latency, estimated" in lines
    assert "Inferences a second, estimated" in lines
    assert "Latency" not in lines


def test_text_is_escaped(plan, build, accuracy):
    evil = "<script>alert('&')</script>"
    build |= {"board": evil, "device": evil, "tools": {evil: evil}}
    accuracy["dataset"] = evil
    report = make_report(plan, build=build, accuracy=accuracy)
    page = check(render_page(report, plan, {evil: f'{evil}" onclick="x'}))
    assert page.text.splitlines().count(evil) == 5
    assert page.values("onclick") == []


def test_links_stay_in_the_folder(plan):
    page = check(render_page(make_report(plan), plan, {"odd": "javascript:alert(1)"}))
    assert page.values("href") == ["./javascript%3Aalert%281%29"]


def test_same_bytes_whatever_the_settings_of_matplotlib(plan, build, simulation, accuracy):
    report = make_report(plan, build=build, simulation=simulation, accuracy=accuracy)
    first = render_page(report, plan)
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "svg.hashsalt": "x"}):
        assert render_page(report, plan) == first


@pytest.mark.parametrize("layers", [1, 2, 20])
def test_number_of_layers(make_plan, layers):
    plan = make_plan(layers)
    page = check(render_page(make_report(plan), plan))
    assert page.tags["svg"] == 2 * 2 + layers
    assert page.tags["figure"] == layers


def test_branches(branching_plan):
    page = check(render_page(make_report(branching_plan), branching_plan))
    lines = page.text.splitlines()
    for text in (
        "8×8×4 → 4×4×8 → 3",
        "2 convolutions, 1 pool, 1 padding of channels, 1 addition, 1 requantizer, 1 dense layer, "
        "1 arg-max",
        "conv 3×3, stride 2",
        "8×8×4 → 4×4×4",
        "subsample, stride 2",
        "Memories",
        "FIFOs before joins",
        "sum.1",
        f"{branching_plan.buffers['sum.1']}",
        "block",
    ):
        assert text in lines
    assert page.tags["figure"] == 3


def test_no_branches(plan):
    assert "FIFOs before joins" not in render_page(make_report(plan), plan)


def test_ends(plan, branching_plan):
    """Nothing but a pool; codes of a map at the end."""
    source = Tensor((4, 4, 1), Codes.unsigned(2))
    pools = fold(Network.chain("pools", source, [("pool", MaxPool((2, 2), (2, 2)))]), {})
    page = check(render_page(make_report(pools), pools))
    assert "4×4×1 → 2×2×1" in page.text.splitlines()
    assert page.tags["figure"] == 0
    ops = [
        ("conv", Conv(np.ones((2, 3, 3, 1), int), padding=(1, 1, 1, 1))),
        ("codes", Threshold([[1, 2, 3]] * 2)),
    ]
    maps = fold(Network.chain("maps", source, ops), {"conv": Folding(1, 1)})
    assert "4×4×1 → 4×4×2" in check(render_page(make_report(maps), maps)).text.splitlines()


def test_the_largest_of_many_layers_have_maps(make_plan):
    plan = make_plan(40, width=16)
    page = check(render_page(make_report(plan), plan))
    assert page.tags["figure"] == 24
    assert "The 24 largest of 40 layers." in page.text
    assert "64 → 16 → 16 → 16 → 16 → 16 → 16 → 16 → 16 → 16 → … → 16 → 16 → 10" in page.text


def test_folded_to_a_single_tile(plan):
    whole = fold(
        plan.network,
        {
            engine.layer.name: Folding(engine.layer.rows, engine.layer.columns)
            for engine in engines(plan)
        },
    )
    check(render_page(make_report(whole), whole))


def rows(page, title):
    """Texts of the cells of each row of the table below a title."""
    table = re.search(rf"<h2>{title}</h2>.*?<tbody>(.*?)</table>", page, re.DOTALL)[1]
    cells = re.compile(r"<t[dh].*?</t[dh]>", re.DOTALL)
    return [
        [" ".join(re.sub("<.*?>", "", cell).split()) for cell in cells.findall(row)]
        for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    ]


def test_area(plan, build):
    report = make_report(plan, build=build)
    units = {unit["name"]: unit for unit in report["area"]["units"]}
    page = render_page(report, plan)
    check(page)
    estimates = {
        name: [f"{unit['estimated_lut']:,}", str(unit["estimated_bram"])]
        for name, unit in units.items()
    }
    assert rows(page, "Area") == [
        ["fc1", "1,200", estimates["fc1"][0], "7", estimates["fc1"][1]],
        ["fc2", "2,000", estimates["fc2"][0], "12", estimates["fc2"][1]],
        ["fc3", "0", estimates["fc3"][0], "0", estimates["fc3"][1]],
        ["argmax", "0", estimates["argmax"][0], "0", estimates["argmax"][1]],
        ["clock, serial line, LEDs", "100", "", "0", ""],
        ["of no known unit", "12", "", "0", ""],
        ["Total", "3,312", "", "19", ""],
    ]


def test_memories_before_and_after_synthesis(plan, build):
    first = engines(plan)[0]
    size, bits = f"{first.depth} × 32 bits", f"{first.schedule.weight_bits:,} bits"
    planned = rows(render_page(make_report(plan), plan), "Memories")
    assert planned[0] == ["fc1", f"{size}, auto", bits, first.form]
    assert [row[0] for row in planned] == ["fc1", "fc2", "fc3"]
    built = rows(render_page(make_report(plan, build=build), plan), "Memories")
    assert built[0] == [
        "fc1",
        f"{size}, flip-flops",
        f"{bits}, 7 block RAMs",
        f"{first.form}, LUTs",
    ]
    assert built[1][1].endswith(" bits, 12 block RAMs")


def test_slowest_path(plan, build):
    page = render_page(make_report(plan, build=build), plan)
    sentence = (
        "From the weight memory of fc1 to the activation buffer of fc2, through 1 cell: 8.2 ns of "
        "logic and 20.5 ns of routing."
    )
    assert sentence in page
    build["critical_path"]["cells"] = ["link.receiver.x", "link.accelerator.argmax.y"]
    page = render_page(make_report(plan, build=build), plan)
    assert "From the serial receiver to argmax: 8.2 ns" in page


def test_confusion_matrix(plan, simulation):
    page = render_page(make_report(plan, simulation=simulation), plan)
    check(page)
    table = rows(page, "Confusion matrix")
    assert table[0] == ["0", "35", "1", *[""] * 8]
    assert table[9] == ["9", *[""] * 9, "35"]
    assert page.count('class="wrong"') == 9


def test_confusions_of_many_classes(make_plan):
    plan = make_plan(classes=20)
    counts = 5 * np.eye(20, dtype=int)
    counts[3, 7], counts[4, 0] = 2, 3
    report = make_report(plan, simulation={"confusion": counts.tolist()})
    assert rows(render_page(report, plan), "Confusion matrix") == [
        ["4 taken for 0", "3 of 8 images"],
        ["3 taken for 7", "2 of 7 images"],
    ]
    right = make_report(plan, simulation={"confusion": (5 * np.eye(20, dtype=int)).tolist()})
    assert "every image was given its own class" in render_page(right, plan)


def test_what_next(plan, build, simulation):
    text = check(render_page(make_report(plan), plan)).text
    assert "threefold simulate network.tern --images test.npz -o ." in text
    assert "threefold build network.tern -o ." in text
    assert "Run it" not in text
    report = make_report(plan, build=build, simulation=simulation)
    text = check(render_page(report, plan, {"C header": "firmware/sample.h"})).text
    steps = text.split("What next")[1].split("Ports")[0]
    assert "threefold simulate" not in steps
    assert "threefold build" not in steps
    for part in (
        "Writes the bitstream to the 1BitSquared iCEBreaker.",
        "threefold program .",
        "115,200 baud",
        "An image is a frame of 64 codes",
        "its result is a frame of 1 byte: the class.",
        "threefold run PORT test.npz --network network.tern",
        "firmware/sample.h has these sizes and rates as constants.",
        "Nothing was run on a board yet.",
    ):
        assert part in " ".join(text.split())


def test_logits_on_the_line(plan):
    """Two bytes each, for lack of an arg-max."""
    nodes = plan.network.nodes[:-1]
    network = Network(plan.network.name, plan.network.input, nodes)
    plan = fold(network, plan.foldings())
    text = render_page(make_report(plan, board="icebreaker"), plan)
    assert (
        "its result is a frame of 20 bytes: signed logits, 2 bytes each, the lowest first." in text
    )


def test_ports(plan, branching_plan):
    lanes = plan.ports.input.type.lanes
    assert rows(render_page(make_report(plan), plan), "Ports") == [
        ["input i", f"64 codes of 4 bits; {lanes} lanes, {64 // lanes} beats an image"],
        ["output o", "index of 10 classes, 4 bits; 1 lane, 1 beat an image"],
    ]
    ports = rows(render_page(make_report(branching_plan), branching_plan), "Ports")
    assert ports[0][1].startswith("8×8×4 codes of ")


def test_samples_of_a_table_are_rows(plan, build, simulation, accuracy):
    report = make_report(plan, build=build, simulation=simulation, accuracy=accuracy)
    text = check(render_page(report | {"sample": "row"}, plan)).text
    assert re.search(r"\d rows of ", text)
    assert "beats a row" in text
    assert "the rows' own classes" in " ".join(text.split())
    assert "image" not in text


def test_cells_of_wide_tables_are_labelled(plan, build):
    """Without headings, on a narrow screen, each cell says what it is."""
    page = render_page(make_report(plan, build=build), plan)
    for table in re.findall(r'<table class="steps.*?</table>', page, re.DOTALL):
        for row in re.findall(r"<tr.*?</tr>", table.split("</thead>")[1], re.DOTALL):
            _, *cells = re.findall(r"<td.*?</td>", row, re.DOTALL)
            assert all("data-label=" in cell or "><" in cell for cell in cells)
