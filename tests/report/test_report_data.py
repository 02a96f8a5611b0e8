import dataclasses
import json

import pytest

from threefold import __version__
from threefold.errors import FileFormatError, PlanError
from threefold.network import Codes, MaxPool, Network, Tensor
from threefold.network.file import digest as network_digest
from threefold.plan import fold
from threefold.plan.file import digest
from threefold.report import dumps, make_report

from ..accelerators import engines


def test_everything(plan, build, simulation, accuracy):
    report = make_report(
        plan, build=build, simulation=simulation, accuracy=accuracy, tools={"verilator": "5.48"}
    )
    layers, steps = report.pop("layers"), report.pop("steps")
    assert {"area", "memories", "critical_path", "confusion"} <= report.keys()
    for name in ("area", "memories", "critical_path", "confusion"):
        del report[name]
    latency, interval = plan.cycles.latency, plan.cycles.interval
    assert report == {
        "schema": 1,
        "name": "sample",
        "sample": "image",
        "network_digest": network_digest(plan.network),
        "plan_digest": digest(plan),
        "board": "icebreaker",
        "device": "iCE40UP5K",
        "clock_mhz": 30,
        "fmax_mhz": 34.8712,
        "cycles": {"latency": latency, "interval": interval},
        "predicted_cycles": {"latency": latency, "interval": interval},
        "predicted_array_utilization": pytest.approx(plan.array_utilization, rel=1e-5),
        "latency_us": pytest.approx(latency / 30, rel=1e-5),
        "inferences_per_second": pytest.approx(30e6 / interval, rel=1e-5),
        "link": {
            "baud": 115200,
            "input_bytes": 64,
            "output_bytes": 1,
            "input_frame_bytes": 73,
            "output_frame_bytes": 10,
            "inferences_per_second": pytest.approx(11520 / 73, rel=1e-5),
        },
        "limited_by": "link",
        "flash_command": "threefold program .",
        "ports": {
            "input": {
                "shape": [1, 1, 64],
                "lanes": 8,
                "bits": 4,
                "signed": False,
                "beats": 8,
            },
            "output": {"shape": [1, 1, 1], "lanes": 1, "bits": 4, "signed": False, "beats": 1},
            "gives": "class",
            "classes": 10,
        },
        "utilization": build["utilization"],
        "bitstream": "gateware/sample.bin",
        "simulation": {
            "simulator": "verilator",
            "images": 360,
            "mismatches": 0,
            "beats_compared": 38160,
            "stalls": 0.0,
        },
        "accuracy": {
            "integer": 0.969444,
            "float": 0.980556,
            "rtl": 0.969444,
            "images": 360,
            "rtl_images": 360,
            "dataset": "digits, held out",
        },
        "tools": {"threefold": __version__, "yosys": "0.70", "verilator": "5.48"},
    }
    assert [layer["name"] for layer in layers] == ["fc1", "fc2", "fc3"]
    assert set(layers[0]) == {
        "name",
        "op",
        "kernel",
        "stride",
        "padding",
        "groups",
        "rows",
        "columns",
        "pe",
        "simd",
        "pixels",
        "macs",
        "digits",
        "tiles",
        "tiles_skipped",
        "cycles",
        "weight_bits_stored",
        "weights",
    }
    assert steps[0] == {
        "name": "fc1",
        "op": "conv",
        "unit": "engine",
        "description": "dense",
        "input": [1, 1, 64],
        "output": [1, 1, 32],
        "lanes": engines(plan)[0].lanes,
        "cycles": engines(plan)[0].interval,
        "memory": "auto",
        "buffer_words": engines(plan)[0].depth,
        "buffer_word_bits": 32,
        "requantizer": engines(plan)[0].form,
    }
    assert [step["name"] for step in steps] == ["fc1", "fc2", "fc3", "argmax"]
    assert "requantizer" not in steps[2]
    for layer, engine in zip(layers, engines(plan), strict=True):
        assert layer["op"] == "dense"
        assert layer["macs"] == engine.layer.weights.size == sum(layer["weights"].values())
        assert layer["tiles"] == len(engine.schedule.tiles)
        assert layer["cycles"] == engine.interval
        assert layer["tiles_skipped"] == engine.schedule.skipped > 0


def test_nothing_measured(plan):
    report = make_report(plan)
    planned = {"predicted_cycles", "predicted_array_utilization", "layers", "ports", "steps"}
    digests = {"network_digest", "plan_digest"}
    assert set(report) == {"schema", "name", "sample", "tools"} | digests | planned


def test_steps_of_a_network_with_branches(branching_plan):
    report = make_report(branching_plan)
    steps = {step["name"]: step for step in report["steps"]}
    assert list(steps) == ["stem", "down", "sub", "pad", "sum", "codes", "classes", "best"]
    assert [layer["name"] for layer in report["layers"]] == ["stem", "down", "classes"]
    assert steps["sum"] == {
        "name": "sum",
        "op": "add",
        "unit": "add",
        "description": "add",
        "input": [4, 4, 8],
        "output": [4, 4, 8],
        "lanes": branching_plan.units[4].o_lanes,
        "cycles": branching_plan.units[4].interval,
    }
    assert steps["sub"]["memory"] == "block"
    assert steps["sub"]["buffer_words"] == branching_plan.units[2].depth
    assert steps["codes"]["requantizer"] == branching_plan.units[5].form
    assert report["buffers"] == [
        {
            "name": f"sum.{index}",
            "beats": branching_plan.buffers[f"sum.{index}"],
            "lanes": branching_plan.units[4].o_lanes,
            "bits": 2,
        }
        for index in range(2)
    ]
    down = report["layers"][1]
    assert (down["op"], down["kernel"], down["stride"]) == ("conv", [3, 3], [2, 2])
    assert (down["padding"], down["groups"]) == ([1, 1, 1, 1], 1)
    assert report["predicted_array_utilization"] == pytest.approx(
        branching_plan.array_utilization, rel=1e-5
    )


def test_no_weights():
    ops = [("pool", MaxPool((2, 2), (2, 2)))]
    plan = fold(Network.chain("pools", Tensor((4, 4, 1), Codes.unsigned(2)), ops), {})
    report = make_report(plan)
    assert report["layers"] == []
    assert [step["name"] for step in report["steps"]] == ["pool"]
    assert "predicted_array_utilization" not in report


def test_speed_without_simulation_is_an_estimate(plan, build):
    report = make_report(plan, build=build)
    assert "latency_us" not in report
    assert "inferences_per_second" not in report
    assert "cycles" not in report
    assert report["estimated_latency_us"] == pytest.approx(plan.cycles.latency / 30, rel=1e-5)
    assert report["estimated_inferences_per_second"] == pytest.approx(
        30e6 / plan.cycles.interval, rel=1e-5
    )


def test_speed_without_build_is_an_estimate(plan, simulation):
    report = make_report(plan, board="icebreaker", clock_mhz=25, simulation=simulation)
    assert report["board"] == "icebreaker"
    assert report["clock_mhz"] == 25
    assert "latency_us" not in report
    assert report["estimated_latency_us"] == pytest.approx(plan.cycles.latency / 25, rel=1e-5)


def test_speed_at_a_clock_that_is_not_held_is_an_estimate(plan, build, simulation):
    build = build | {"clock_mhz": 30, "fmax_mhz": 25}
    report = make_report(plan, build=build, simulation=simulation)
    assert "latency_us" not in report
    assert "inferences_per_second" not in report
    assert report["estimated_latency_us"] == pytest.approx(plan.cycles.latency / 25, rel=1e-5)


def test_single_port_rams_are_counted_where_there_are_some(plan, build):
    spram = {"used": 1, "available": 4}
    build["utilization"]["spram"] = spram
    assert make_report(plan, build=build)["utilization"]["spram"] == spram


@pytest.mark.parametrize("interval", [float("nan"), None])
def test_interval_of_a_single_image_is_absent(plan, build, simulation, interval):
    simulation["cycles"]["interval"] = interval
    report = make_report(plan, build=build, simulation=simulation)
    assert report["cycles"] == {"latency": plan.cycles.latency}
    assert "latency_us" in report
    assert not [name for name in report if name.endswith("inferences_per_second")]


def test_same_bytes(plan, build, simulation, accuracy):
    first = dumps(make_report(plan, build=build, simulation=simulation, accuracy=accuracy))
    shuffled = {key: build[key] for key in sorted(build, reverse=True)}
    again = dumps(make_report(plan, build=shuffled, simulation=simulation, accuracy=accuracy))
    assert first == again
    assert json.loads(first) == make_report(
        plan, build=build, simulation=simulation, accuracy=accuracy
    )


def test_result_of_the_same_plan(plan, build, simulation):
    build["plan_digest"] = simulation["plan_digest"] = digest(plan)
    report = make_report(plan, build=build, simulation=simulation)
    assert report["plan_digest"] == digest(plan)
    assert report["network_digest"] == network_digest(plan.network)
    assert dumps(report).count("plan_digest") == 1


def test_result_of_another_plan(plan, build, simulation):
    with pytest.raises(
        PlanError, match=r"^the build is of another plan; run threefold again for this one$"
    ):
        make_report(plan, build=build | {"plan_digest": "0"})
    with pytest.raises(
        PlanError, match=r"^the simulation is of another plan; run threefold again for this one$"
    ):
        make_report(plan, simulation=simulation | {"plan_digest": "0"})


def test_board_of_the_plan(plan, build):
    ulx3s = dataclasses.replace(plan, board="ulx3s_85f")
    assert make_report(ulx3s)["board"] == "ulx3s_85f"
    with pytest.raises(
        PlanError, match=r"^the build is for board icebreaker, not ulx3s_85f; build again$"
    ):
        make_report(ulx3s, build=build)


def test_another_board_or_clock(plan, build):
    with pytest.raises(
        PlanError, match=r"^the build is for board icebreaker, not ulx3s_85f; build again$"
    ):
        make_report(plan, board="ulx3s_85f", build=build)
    with pytest.raises(PlanError, match=r"^the build is for clock_mhz 30, not 25; build again$"):
        make_report(plan, clock_mhz=25, build=build)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"build": []}, "the build must be an object, not []"),
        ({"build": {"board": 3}}, "board of the build must be text, not 3"),
        (
            {"build": {"fmax_mhz": "fast"}},
            "fmax_mhz of the build must be a positive number of 1e-18…1e18, not 'fast'",
        ),
        (
            {"build": {"clock_mhz": 0}},
            "clock_mhz of the build must be a positive number of 1e-18…1e18, not 0",
        ),
        (
            {"simulation": {"cycles": {"interval": 1e-320}}},
            "interval of cycles of the simulation must be a positive number of 1e-18…1e18, "
            "not 1e-320",
        ),
        ({"build": {"board": "\ud800"}}, r"board of the build must be text, not '\ud800'"),
        ({"build": {"tools": {"yosys\udfff": "0.5"}}}, "names of tools must be text"),
        (
            {"accuracy": {"dataset": "a\udc80"}},
            r"dataset of the accuracy must be text, not 'a\udc80'",
        ),
        (
            {"build": {"fmax_mhz": float("nan")}},
            "fmax_mhz of the build must be a positive number of 1e-18…1e18, not nan",
        ),
        (
            {"build": {"clock_mhz": 10**5000}},
            "clock_mhz of the build must be a positive number of 1e-18…1e18, not a huge number",
        ),
        ({"build": {"utilization": 3}}, "utilization of the build must be an object, not 3"),
        (
            {"build": {"utilization": {"lut": 5}}},
            "utilization of 'lut' must be an object, not 5",
        ),
        (
            {"build": {"utilization": {"lut": {"used": 5}}}},
            "utilization of 'lut' must say how many are used and how many available",
        ),
        (
            {"build": {"utilization": {"ff": {"used": -1, "available": 5}}}},
            "used of utilization of 'ff' must be a whole number, not -1",
        ),
        ({"build": {"cells": {"a": 1}}}, "cells of the build must be a list, not {'a': 1}"),
        ({"build": {"cells": [3]}}, "cells of the build must be an object, not 3"),
        ({"build": {"cells": [{"lut": 3}]}}, "cells of the build must each have a path"),
        (
            {"build": {"cells": [{"path": "a", "lut": -3}]}},
            "lut of cells of the build must be a whole number, not -3",
        ),
        (
            {"build": {"critical_path": {"logic_ns": 1, "cells": ["a"]}}},
            "critical_path of the build must have routing_ns",
        ),
        (
            {"build": {"critical_path": {"logic_ns": -1}}},
            "logic_ns of critical_path of the build must be a number of nanoseconds, 0 or more, "
            "not -1",
        ),
        (
            {"build": {"critical_path": {"logic_ns": 1, "routing_ns": 1, "cells": []}}},
            "cells of critical_path of the build must be a list of texts, not []",
        ),
        (
            {"simulation": {"confusion": [[1, 2]]}},
            "confusion of the simulation must be as many rows as columns, of whole numbers, "
            "not [[1, 2]]",
        ),
        ({"simulation": "good"}, "the simulation must be an object, not 'good'"),
        (
            {"simulation": {"mismatches": None, "images": True}},
            "images of the simulation must be a whole number, not True",
        ),
        ({"simulation": {"cycles": 7}}, "cycles of the simulation must be an object, not 7"),
        (
            {"simulation": {"cycles": {"latency": 1.5}}},
            "latency of cycles of the simulation must be a whole number, not 1.5",
        ),
        (
            {"accuracy": {"integer": 97}},
            "integer of the accuracy must be a number from 0 to 1, not 97",
        ),
        ({"tools": ["yosys"]}, "tools must be an object of versions, not ['yosys']"),
        ({"tools": {"yosys": 70}}, "yosys of the tools must be text, not 70"),
    ],
)
def test_nonsense_is_refused(plan, inputs, message):
    with pytest.raises(FileFormatError) as error:
        make_report(plan, **inputs)
    assert str(error.value) == message


def test_confusion_matrix(make_plan):
    counts = [[3, 1], [0, 2]]
    plan = make_plan(classes=2)
    report = make_report(plan, simulation={"confusion": counts})
    assert report["confusion"] == {"classes": ["0", "1"], "counts": counts}
    assert "confusion" not in report.get("simulation", {})
    known = dataclasses.replace(plan.network, provenance={"classes": ["cat", "dog"]})
    report = make_report(dataclasses.replace(plan, network=known), simulation={"confusion": counts})
    assert report["confusion"]["classes"] == ["cat", "dog"]
    with pytest.raises(FileFormatError) as error:
        make_report(dataclasses.replace(plan, network=known), simulation={"confusion": [[1]]})
    assert str(error.value) == "confusion of the simulation must be of 2 classes, not 1"
