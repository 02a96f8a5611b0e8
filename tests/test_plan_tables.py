import re
from dataclasses import replace

import numpy as np
import pytest

from threefold.fpga.ice40 import ICE40UP5K
from threefold.network import Add, Codes, Dense, Logits, Network, Tensor, Threshold
from threefold.plan import Folding, fit, fold, image_of
from threefold.plan_tables import plan_lines, plan_tables
from threefold.references import Builder

from .hw.test_widths import random_plan
from .loadable_networks import loadable_plan, network

CODES = Codes.unsigned(2)


def two_layers():
    rng = np.random.default_rng(0)
    ops = [
        ("fc1", Dense(rng.integers(-1, 2, (16, 32)))),
        ("act1", Threshold([[-3, 0, 3]] * 16)),
        ("fc2", Dense(rng.integers(-1, 2, (4, 16)))),
        ("logits", Logits([0] * 4)),
    ]
    return Network.chain("two", Tensor((1, 1, 32), CODES), ops)


@pytest.fixture(scope="module")
def plan():
    return replace(fit(two_layers(), ICE40UP5K), board="icebreaker")


def cells(html):
    return re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", html)


def test_a_notebook_shows_what_a_terminal_shows(plan):
    tables = plan_tables(plan)
    assert [table.title.split(",")[0] for table in tables] == [
        "two on 1BitSquared iCEBreaker",
        "Memories",
        "Alternatives",
    ]
    html = plan._repr_html_()
    expected = []
    for table in tables:
        expected += [*table.left, *table.right]
        for row in table.rows:
            expected += [f"{each:,}" if isinstance(each, int) else each or "" for each in row]
    assert cells(html) == expected
    assert html.count("font-weight: bold") == sum(len(table.emphasized) for table in tables)
    for line in plan_lines(plan):
        assert f"<p>{line}</p>" in html


def test_a_plan_of_several_widths_shows_their_speed():
    made = replace(random_plan(0), board="icebreaker")
    table = next(each for each in plan_tables(made) if each.title.startswith("Widths"))
    assert table.title == "Widths, at 30 MHz"
    assert table.right == ("latency", "interval", "images/s")
    cycles = [made.cycles_at(number) for number in range(3)]
    assert table.rows == [
        [name, each.latency, round(each.interval), round(30e6 / each.interval)]
        for name, each in zip(("whole", "half", "quarter"), cycles, strict=True)
    ]


def test_a_loadable_plan_tells_the_size_of_its_program_image():
    made = loadable_plan(network(1))
    assert plan_lines(made)[-1] == (
        f"program image of {len(image_of(made)):,} bytes, loaded at run time"
    )


def test_what_a_plan_for_no_board_shows():
    made = fold(two_layers(), {"fc1": Folding(4, 4), "fc2": Folding(1, 4)})
    units, memories = plan_tables(made)
    assert units.title == "two, input 1×1×32, logic cells estimated"
    assert units.rows[0][:8] == ["fc1", "dense", "16", "4×4", 1, 32, 0, 32]
    assert units.emphasized == (0,)
    assert memories.rows[0][:2] == ["fc1", "auto"]
    total, latency, *_ = plan_lines(made)
    assert re.fullmatch(r"about \d+ logic cells and \d+ block RAMs", total)
    assert latency == (
        f"latency {made.cycles.latency:,} cycles, an image every {made.cycles.interval:,} cycles"
    )


def test_fifos_before_joins():
    builder = Builder("block", Tensor((6, 6, 1), CODES), images=8, seed=5)
    first = builder.layer("conv1", 4, (3, 3), CODES, padding=(1, 1, 1, 1))
    second = builder.layer("conv2", 4, (3, 3), CODES, padding=(1, 1, 1, 1))
    builder.add("sum", Add(), second, first)
    builder.threshold("codes", CODES)
    folds = {"conv1": Folding(1, 1), "conv2": Folding(1, 1), "classes": Folding(1, 1)}
    made = fold(builder.classifier(3), folds)
    fifos = plan_tables(made)[2]
    assert fifos.title == "FIFOs before joins"
    assert [row[2] for row in fifos.rows] == [beats for beats in made.buffers.values() if beats]
