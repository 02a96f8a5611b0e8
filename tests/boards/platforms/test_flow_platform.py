# amaranth: UnusedElaboratable=no

import json

import pytest
from amaranth.hdl import Module

from threefold.boards import BOARDS
from threefold.boards.platforms import FlowPlatform

OURS = [name for name, board in BOARDS.items() if isinstance(board.make_platform(), FlowPlatform)]


def plan_of(board):
    return board.make_platform().build(
        Module(),
        name="design",
        do_build=False,
        emit_src=False,
        synth_opts="-noflatten",
        nextpnr_opts="--seed 7",
        script_after_synth="stat",
    )


def test_boards_whose_tools_amaranth_does_not_call():
    assert {BOARDS[name].family.name for name in OURS} == {"gowin", "nexus", "gatemate"}


@pytest.mark.parametrize("name", OURS)
def test_files_and_commands_are_those_of_the_flow(name):
    flow = BOARDS[name].family.flow
    plan = plan_of(BOARDS[name])
    script = plan.files["design.ys"]
    assert flow.script("design", "-noflatten") in script
    assert script.index(flow.script("design", "-noflatten")) < script.index("\nstat\n")
    assert flow.files.items() <= plan.files.items()
    commands = json.loads(plan.files["build_design.json"])["commands"]
    assert [command[0] for command in commands] == ["yosys", flow.nextpnr.name, flow.packer.name]
    assert commands[1][1:4] == ["--quiet", "--seed", "7"]
