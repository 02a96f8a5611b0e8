"""Simulation of accelerators that compute several widths of a network."""

import re

import numpy as np
import pytest

from threefold.errors import DataError, MismatchError, PlanError
from threefold.host import Session
from threefold.plan import Folding, fold
from threefold.project import Project
from threefold.sim import golden
from threefold.sim.board import SimulatedBoard, compile_board
from threefold.sim.line import SimulatedLine
from threefold.sim.simulate import simulate
from threefold.sim.widths import expected_values, numbers_of

from ..network.test_width import HALF, INPUT_TYPE, network

NETWORK = network({"half": HALF})
FOLDINGS = {
    "conv": Folding(3, 2),
    "dw": Folding(2, 1),
    "body": Folding(5, 3),
    "fc": Folding(3, 8),
}
IMAGES = np.random.default_rng(0).integers(0, 8, (12, *INPUT_TYPE.shape))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project(tmp_path_factory.mktemp("widths"), fold(NETWORK, FOLDINGS, widths=["half"]))
    made.generate()
    return made


def test_images_at_widths_in_turn_equal_the_golden_model_everywhere(project):
    result = project.simulate(IMAGES, widths=["half", "", "half"])
    assert result.cycles is None
    half = project.network.at("half")
    expected = [(half, NETWORK, half)[index % 3] for index in range(len(IMAGES))]
    for image, output, each in zip(IMAGES, result.outputs, expected, strict=True):
        assert np.array_equal(golden.run(each, image[None]).ravel(), output)
    assert not project.products.simulation_record.exists()
    assert project.simulate(IMAGES).cycles == project.plan.cycles
    assert project.products.simulation_record.exists()


def test_images_that_leave_in_other_cycles_are_found(project, monkeypatch):
    plan = fold(NETWORK, FOLDINGS, widths=["half"])
    monkeypatch.setitem(FOLDINGS, "conv", Folding(6, 2))
    faster = fold(NETWORK, FOLDINGS, widths=["half"])
    object.__setattr__(plan, "netlist", faster.netlist)
    with pytest.raises(MismatchError, match=r"^image 0 leaves after \d+ cycles, not \d+ as pred"):
        simulate(plan, project.products.rtl, IMAGES, project.products.simulation, widths=["half"])


def test_what_leaves_is_expected_of_the_narrower_network_alone(project, monkeypatch):
    monkeypatch.setattr(type(project.plan), "network_at", lambda plan, number: plan.network)
    (values,) = expected_values(project.plan, IMAGES, [1] * len(IMAGES))
    alone = golden.evaluate(NETWORK.at("half"), IMAGES)
    assert np.array_equal(values["best"], alone["best"])
    assert not np.array_equal(values["best"], golden.evaluate(NETWORK, IMAGES)["best"])


def test_a_width_that_the_plan_lacks(project):
    message = f"the plan of {NETWORK.name!r} has no width 'w50', but half; plan with --width w50"
    with pytest.raises(PlanError, match=f"^{re.escape(message)}$"):
        project.simulate(IMAGES, widths=["w50"])


def test_a_plan_with_widths_is_read_back(project):
    project.save()
    opened = Project.open(project.folder)
    assert opened.plan == project.plan
    assert opened.plan.widths == ("half",)
    assert opened.plan.cycles_at(1) == project.plan.cycles_at(1)


def test_expected_values_are_those_of_each_image():
    plan = fold(NETWORK, FOLDINGS, widths=["half"])
    numbers = numbers_of(plan, ["", "half"], len(IMAGES))
    assert numbers == [0, 1] * (len(IMAGES) // 2)
    (values,) = expected_values(plan, IMAGES, numbers)
    assert (values["act"][1::2, ..., 4:] == 0).all()
    assert values["act"][::2, ..., 4:].any()


def test_images_over_the_line_of_a_board_each_at_its_width(project, tmp_path):
    library = compile_board(project.plan, tmp_path, clock_mhz=30)
    numbers = np.random.default_rng(1).integers(0, 2, len(IMAGES)).tolist()
    half = NETWORK.at("half")
    expected = [
        golden.run(half if number else NETWORK, image[None]).ravel().tolist()
        for number, image in zip(numbers, IMAGES, strict=True)
    ]
    with SimulatedBoard(library, clock_mhz=30) as board:
        session = Session(SimulatedLine(board))
        assert session.board.narrower == 1
        results = dict(session.run(IMAGES, numbers))
        assert [results[index] for index in range(len(IMAGES))] == expected
        assert session.counters.faults == 0
        with pytest.raises(DataError, match=r"^the board has widths 0…1, not 2$"):
            next(session.run(IMAGES[:1], [2]))
        whole = dict(session.run(IMAGES[:2]))
        assert whole[0] == golden.run(NETWORK, IMAGES[:1]).ravel().tolist()
