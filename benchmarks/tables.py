"""Writes docs/benchmarks.md from the figures that the other scripts recorded.

python benchmarks/tables.py
"""

import json
from pathlib import Path
from statistics import linear_regression

from imports_table import imports
from page_table import table
from summary_table import summary

from threefold.fpga import ECP5, ICE40

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"


def recorded(name: str) -> dict:
    """What a script recorded with ``--json``."""
    return json.loads((HERE / f"{name}.json").read_text())


def pe_area() -> str:
    record = recorded("pe_area")
    cells = {(r["family"], r["simd"], r["bits"], r["form"]): r for r in record["rows"]}
    published = {tuple(point): first for *point, first in record["published"]}
    rows = []
    for family, simd, bits, form in cells:
        if form == "pe":
            ours, plain = (cells[family, simd, bits, form] for form in ("pe", "form_c"))
            packed = f"{ours['packed']} / {plain['packed']}"
            bold, first = f"**{ours['cells']}**", published.get((family, simd, bits), "–")
            rows.append((family, simd, bits, bold, plain["cells"], first, packed))
    head = ("family", "SIMD", "bits", "cells", "form C", "first measured", "packed, ours / form C")
    return f"""## One processing element
`benchmarks/pe_area.py`, {record["yosys"]}, a {record["sum_bits"]}-bit accumulator. Cells are
LUT4s, on ECP5 and Nexus with 2 for each CCU2, on Gowin and GateMate with 1 for each bit of a sum.
Form C masks and complements each lane and adds them in a tree with registers, as one would write
it; it shares nothing with our component but its ports. A carry cell of ECP5 masks an operand; those
of the other families have no LUT, or none with an input to spare, so that ours is form C there, but
for single bits, which are counted by threes. Packed is what nextpnr makes of it: logic cells on
iCE40, TRELLIS_COMB on ECP5, LUT4s in use on Gowin, where cells begin and end each carry chain,
OXIDE_COMB on Nexus, halves of CPEs on GateMate.

{table(head, rows)}
"""


def boards() -> str:
    record = recorded("boards")
    rows, tools = [], {}
    for board in record["boards"]:
        used = [f"{board['utilization'][key]['used']:,}" for key in ("lut", "ff", "bram", "dsp")]
        cycles, rate = board["cycles"], f"{board['inferences_per_second']:,.0f}"
        rows.append(
            (
                f"{board['board']} ({board['device']})",
                f"{board['clock_mhz']:g}",
                f"{board['fmax_mhz']:.1f}",
                *used,
                f"{cycles['latency']} / {cycles['interval']}",
                rate,
            )
        )
        tools |= board["tools"]
    head = ("board", "clock MHz", "Fmax MHz", "logic cells", "FF", "block RAM", "DSP")
    head += ("latency / interval", "inferences/s")
    folded = ", ".join(f"{name} {folding}" for name, folding in record["foldings"].items())
    versions = ", ".join(f"{name} {tools[name]}" for name in sorted(tools) if name != "threefold")
    return f"""## The digits network on boards
`benchmarks/boards.py`, seed 0, PE × SIMD {folded}; {versions}. Cycles are simulated over
{record["images"]} images, and inferences a second are the clock over the interval: what the
accelerator does, not the serial line in front of it. A logic cell holds a LUT, a carry and a
flip-flop on iCE40, and is a TRELLIS_COMB on ECP5.

{table(head, rows)}
"""


def every_board() -> str:
    rows, tools = [], {}
    for row in recorded("every_board")["rows"]:
        cells, blocks = row["utilization"]["lut"], row["utilization"]["bram"]
        rows.append(
            (
                f"`{row['board']}`",
                f"{row['family']}, {row['device']}",
                " ".join(f"{pe}×{simd}" for pe, simd in row["foldings"].values()),
                row["interval"],
                f"{row['clock_mhz']:g}",
                f"{row['fmax_mhz']:.1f}",
                f"{cells['used']:,} of {cells['available']:,}",
                f"{blocks['used']} of {blocks['available']}",
                row["place_seconds"],
            )
        )
        tools |= row["tools"]
    head = ("board", "device", "PE × SIMD", "interval", "clock MHz", "Fmax MHz", "logic cells")
    head += ("block RAMs", "seconds to place")
    versions = ", ".join(f"{name} {tools[name]}" for name in sorted(tools))
    return f"""## The digits network on every board
`benchmarks/every_board.py`: the default plan of each board for the network of the zoo, seed 1;
{versions}. Each comes to a bitstream, serial line included; none has been on a board. Seconds to
place are those of nextpnr in WebAssembly, on two cores that several others used as well. A GateMate
takes so much longer that it is not on record.

How far Fmax is to be believed depends on what nextpnr knows. Its figures for iCE40 and ECP5 come
from measured models; those for Gowin and GateMate from the vendors' tables, GateMate's for the
worst case. Those for Nexus are not to be believed: they are far above what it tells of an ECP5 for
the same logic. The oscillator of that board takes 12 MHz.

{table(head, rows)}
"""


def networks_on_boards() -> str:
    rows, tools = [], {}
    for row in recorded("networks_on_boards")["rows"]:
        used = [f"{row['utilization'][key]['used']:,}" for key in ("lut", "ff", "bram")]
        cells, blocks = (row["utilization"][key]["available"] for key in ("lut", "bram"))
        rows.append(
            (
                f"{row['network']}, {row['board']}",
                f"{row['clock_mhz']:g}",
                f"{row['fmax_mhz']:.1f}",
                f"{row['latency']:,} / {row['interval']:,}",
                f"{row['images_per_second']:,.0f}",
                f"{used[0]} of {cells:,}",
                used[1],
                f"{used[2]} of {blocks}",
                f"{row['seed']} of {len(row['fmax_by_seed'])}",
            )
        )
        tools |= row["tools"]
    head = ("network, board", "clock asked, MHz", "Fmax MHz", "latency / interval", "images/s")
    head += ("logic cells", "FF", "block RAM", "seed")
    versions = ", ".join(f"{name} {tools[name]}" for name in sorted(tools))
    return f"""## Convolutional networks on boards
`benchmarks/networks_on_boards.py`; {versions}. ResNet-20 has random ternary weights in all layers,
activations of 4 bits and an input of 8, and is planned for 36,864 and 18,432 cycles on the larger
board, where arrays work on two pixels at once for the shorter interval, and for the fewest that fit
on the smaller one; LeNet is trained on digits (`lenet-digits`). Each is
simulated against the golden model, without a mismatch, and then placed and routed with the board's
serial line. Images a second are the routed Fmax over the simulated interval. Seed is the one that
is shown, of so many that were tried. The boards of ResNet-20 are the largest ECP5 and the smallest
that it fits: a smaller one has too few block RAMs.

{table(head, rows)}
"""


def resource_model() -> str:
    record = recorded("resource_model")
    rows = []
    for family, errors in record["errors"].items():
        shares = ("cells_mean", "cells_bias", "cells_worst", "lut_mean", "lut_worst")
        figures = (
            f"{errors[key]:+.1%}" if "bias" in key else f"{errors[key]:.1%}" for key in shares
        )
        rows.append((family, *figures, errors["bram_mean"], errors["bram_worst"]))
    head = ("family", "logic cells, mean", "bias", "worst", "LUTs, mean", "worst")
    head += ("block RAMs, mean", "worst")
    tools = ", ".join(f"{name} {version}" for name, version in sorted(record["tools"].items()))
    return f"""## The estimate that foldings are chosen by
`benchmarks/resource_model.py`, {len(record["rows"])} syntheses of random foldings of dense networks
and of convolutional ones with pools, groups and residuals; {tools}. Logic cells are counted as
nextpnr packs LUTs, carries and flip-flops into them: ICESTORM_LC on iCE40, TRELLIS_COMB on ECP5,
LUT4 on Gowin, OXIDE_COMB on Nexus, halves of CPEs on GateMate.
They and LUTs are off by shares, block RAMs by blocks. What a window reader takes beside its
addresses is fitted to these accelerators; registers without a LUT and ends of carry chains are
counted.

{table(head, rows)}

{packed_cells()}"""


def packed_cells() -> str:
    record = recorded("packed_cells")
    rows = []
    for row in record["rows"]:
        estimated, packed = row["cells_estimated"], row["cells"]
        placed = {True: "yes", False: "no", None: "–"}[row.get("placed")]
        on_board = f"{row['lut_on_board']:,}" if "lut_on_board" in row else "–"
        figures = (f"{estimated:,}", f"{packed:,}", f"{estimated / packed - 1:+.1%}")
        figures += (f"{row['bram_estimated']} / {row['bram']}", on_board, placed)
        rows.append((row["network"], row["board"], row["foldings"], *figures))
    found = "; ".join(
        f"on {board} {errors['mean']:.1%} on average, {errors['bias']:+.1%} with its sign, from "
        f"{errors['lowest']:+.1%} to {errors['highest']:+.1%}"
        for board, errors in record["errors"].items()
    )
    failed = "".join(
        f" {row['network']} on {row['board']}: {row['error']}."
        for row in record["rows"]
        if "error" in row
    )
    head = ("network", "board", "PE × SIMD", "cells, estimated", "packed", "error")
    head += ("block RAMs, estimated / packed", "with the board's logic", "placed")
    return f"""### Networks that nothing was fitted to
`benchmarks/packed_cells.py`: each network with random weights, as fast as fits. Errors of logic
cells are, {found}. A build with seed 1 says whether nextpnr finds a place
and a route; – has not come to an end.{failed}

{table(head, rows)}
"""


def filter_reordering() -> str:
    record = recorded("filter_reordering")
    rows = []
    for row in record["rows"]:
        shares = [f"{row[key] / row['tiles']:.1%}" for key in ("left", "left_aligned")]
        folding = f"{row['pe']} × {row['simd']}"
        rows.append(
            (folding, f"{row['pruned']:.0%}", f"{row['tiles']:,}", shares[0], f"**{shares[1]}**")
        )
    widths = "-".join(map(str, record["widths"]))
    return f"""## Tiles left after filters are reordered
`benchmarks/filter_reordering.py`: 3 × 3 convolutions with {widths} channels and a dense
layer of {record["classes"]} classes with 2 PEs, pruned at random: of each filter, SIMD neighbouring
channels at all kernel positions go together. Tiles of all layers that still hold a weight, each
counted once for each output pixel, as shares of all tiles.

{table(("PE × SIMD", "pruned", "tiles × pixels", "left", "left when aligned"), rows)}
"""


def tiny_conv() -> str:
    record = recorded("peers")
    peer, rows, tools = record["rlx"], [], {}
    rows.append(
        (
            "rlx-fpga, published",
            f"{peer['multipliers']} multipliers",
            f"{peer['cycles']:,}",
            "–",
            f"{peer['clock_mhz']}",
            f"{peer['cycles'] / peer['clock_mhz']:,.0f}",
            *("–",) * 4,
        )
    )
    for run in record["tiny_conv"]:
        cycles, used = run["cycles"], run["utilization"]
        clock = min(run["fmax_mhz"], run["clock_mhz"])
        rows.append(
            (
                f"ours, {run['name']}",
                f"{run['lanes']} lanes",
                f"**{cycles['latency']:,}**",
                f"{cycles['interval']:,.0f}",
                f"{clock:.1f}",
                f"{cycles['latency'] / clock:,.0f}",
                *(f"{used[key]['used']:,}" for key in ("lut", "ff", "bram", "dsp")),
            )
        )
        tools |= run["tools"]
    head = ("", "arithmetic", "latency, cycles", "interval", "clock MHz", "latency µs")
    head += ("logic cells", "FF", "block RAM", "DSP")
    folded = "; ".join(
        f"{run['name']} " + ", ".join(f"{name} {size}" for name, size in run["foldings"].items())
        for run in record["tiny_conv"]
    )
    used = [tool for tool in sorted(tools) if tool not in ("threefold", "torch")]
    versions = ", ".join(f"{tool} {tools[tool]}" for tool in used)
    fmax = ", ".join(f"{run['fmax_mhz']:.1f} MHz" for run in record["tiny_conv"])
    ratio = peer["cycles"] / record["tiny_conv"][0]["cycles"]["latency"]
    return f"""## TinyConv on an ECP5-25F, beside rlx-fpga
`benchmarks/peers.py`, {versions}. Two 3 × 3
convolutions of 8 and 16 filters, each with a pool, and 10 classes of 28 × 28 pixels of 8 bits.
Theirs has weights and activations of 8 bits; ours ternary weights, random here, and activations
of 4 bits. Planned by `fit` for the ULX3S, simulated in Verilator without a mismatch and in as
many cycles as predicted, placed and routed with the board's serial line for
{record["tiny_conv"][0]["clock_mhz"]:g} MHz, and routed it holds {fmax}.
An image takes {ratio:.0f} times fewer cycles. PE × SIMD: {folded}.

{table(head, rows)}
"""


def convolution() -> str:
    record = recorded("peers")
    all_rows = record["convolution"]
    narrow = [row for row in all_rows if row["bits"] == 4]
    rows = []
    for peer in record["nngen"]:
        figures = (f"{peer['cycles']:,}", "–", f"{peer['cells']:,}", "–", "–")
        rows.append(("NNgen", *figures))
    for row in sorted(narrow, key=lambda row: row["latency"]):
        figures = (f"{row[key]:,.0f}" for key in ("latency", "interval", "cells", "bram"))
        simulated = "yes" if row["simulated"] else ""
        rows.append((f"{row['pe']} × {row['simd']}", *figures, simulated))
    gains = []
    for peer in record["nngen"]:
        fewer = [row for row in narrow if row["latency"] < peer["cycles"]]
        best = min(fewer, key=lambda row: row["cells"])
        gains.append(
            f"{best['pe']} × {best['simd']} takes {best['latency']:,} cycles and "
            f"{best['cells']:,} cells against {peer['cycles']:,} and {peer['cells']:,}, "
            f"{peer['cells'] / best['cells']:.0f} times less area"
        )
    wide = ", ".join(
        f"{row['pe']} × {row['simd']} {row['latency']:,} cycles and {row['cells']:,} cells"
        for row in all_rows
        if row["bits"] == 8
    )
    head = ("PE × SIMD", "latency, cycles", "interval", "cells", "block RAM", "simulated")
    return f"""## A ternary convolution in every folding, beside NNgen
`benchmarks/peers.py`, Yosys {record["yosys"]}, `synth_ecp5`. Maps of 8 × 8 × 8,
16 filters of 3 × 3, stride 1, padding 1, codes of 4 bits in and out, half of the weights zeros;
a tile of nothing but zeros is skipped, which is why 1 × 1 takes half of its 73,728 cycles.
Cells are LUT4s, 2 for each CCU2C and 4 for each TRELLIS_DPR16X4; nothing is placed, and there is no
multiplier. NNgen's area is in LUTs, and its code widths are not known to us; with codes of 8 bits
ours are: {wide}.
Cycles are predicted; those of foldings marked as simulated were measured in Verilator and are
equal, with every beat compared.

{gains[0]}; {gains[1]}.

![Cells over latency of every folding, with NNgen's two points far above](foldings.svg)

{table(head, rows)}
"""


def convolutions() -> str:
    record = recorded("convolutions")
    rows, found = [], record["conditions"]
    for row in record["rows"]:
        low, high = row["utilization_without_padding"]
        inside = f"{high:.1%}" if low == high else f"{low:.1%}…{high:.1%}"
        rows.append(
            (
                row["network"],
                f"{row['lanes']:,}",
                *(f"{row['measured'][key]:,}" for key in ("latency", "interval")),
                f"{row['beats_compared']:,} + {row['stalled_beats_compared']:,}",
                f"**{row['utilization']:.1%}**",
                inside,
                f"{row['generate_seconds']['all']:.1f}",
                f"{row['compile_seconds']:.0f}",
                f"{row['cycles_per_second']:,.0f}",
            )
        )
    head = ("network", "lanes", "latency", "interval", "beats compared", "array used")
    head += ("padding not counted", "generate s", "compile s", "cycles/s")
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return f"""## Convolutional networks in simulation
`benchmarks/convolutions.py`, random weights, half of them zeros; {versions}. No beat of any stream
differs from the golden model, neither without stalls, where latency and interval are those
predicted, to the cycle, nor in {STALLED.format(**record["rows"][0])}. The array is used in a cycle
in which it works on a tile, zero weights included, of the engine with the most tiles, over the
measured interval. A position in the padding is read as zero and counts as a tile; the next column
counts only those inside the map, from the least to the most of the engines with as many tiles.

{table(head, rows)}

{_speed(record)}
"""


STALLED = "{stalled_images} images more with stalls in {stalls:.0%} of the cycles on both sides"


def _speed(record: dict) -> str:
    """Where the time of generation and simulation goes."""
    rows, found = record["rows"], record["conditions"]
    fit = linear_regression(
        [row["lanes"] for row in rows], [1e6 / row["cycles_per_second"] for row in rows]
    )
    resnet = next(row for row in rows if "cycles_per_second_unchecked" in row)
    seconds = resnet["generate_seconds"]
    whole = 1e6 / resnet["cycles_per_second"]
    unchecked = resnet["cycles_per_second_unchecked"]
    return f"""Seconds are of processor time ({found["processor"]}, {found["cores"]} cores under a
load of {found["load"]}). Of the {seconds["all"]:.1f} s from network to Verilog that
{resnet["network"]} takes, {seconds["plan"]:.1f} s go to the plan, nearly all of it to the depths of
the FIFOs before additions, {seconds["amaranth"]:.1f} s to Amaranth and {seconds["yosys"]:.1f} s
to Yosys. Simulation takes {fit.intercept:.1f} µs a cycle and {1000 * fit.slope:.1f} ns a lane more,
fitted to these networks, so {fit.slope * resnet["lanes"] / whole:.0%} of the {whole:.1f} µs of
{resnet["network"]} grow with the arrays. With comparisons of the last stream alone it reaches
{unchecked:,.0f} cycles/s, not {resnet["cycles_per_second"]:,.0f}: the others cost
{_cost(resnet["cycles_per_second"], unchecked)}."""


def _cost(checked: float, unchecked: float) -> str:
    share = 1 - checked / unchecked
    return f"{share:.0%} of the time" if share >= 0.1 else "less than runs differ by, some 10%"


def tile_skipping() -> str:
    record = recorded("tile_skipping")
    rows, kept = [], []
    for row in record["rows"]:
        figures = []
        for key, share in (("intervals", "interval_share"), ("weight_bits", "bits_share")):
            figures += [*(f"{figure:,}" for figure in row[key]), f"**{row[share]:.1%}**"]
        index = f"{row['index_bits']:,}"
        rows.append((row["network"], row["kernel_positions"], *figures, index))
        if row["simulated"]:
            kept.append(f"{row['network']} ({row['kernel_positions']})")
    head = ("network", "positions of a tile", "interval, dense", "sparse", "share")
    head += ("weight bits, dense", "sparse", "share", "of these index")
    return f"""## Tiles that are empty
`benchmarks/tile_skipping.py`: {record["sparsity"]:.0%} of the tiles of every layer are empty, at
one kernel position or at all of them, beside the same networks without empty tiles, with equal
foldings of at least 48 lanes; in the other tiles a third of the weights is 0. Weight bits are rows
times width of all weight memories, and of the index, which names the word that each tile reads.
Intervals are predicted, and simulated in Verilator for {", ".join(kept)}, with the same result.
The 3 channels of a first layer are a single tile, so at all kernel positions that layer stays as it
is.

{table(head, rows)}

{_index(record)}
"""


def _index(record: dict) -> str:
    """Which arrays keep the bits of a layer below the goal."""
    layers = [layer for row in record["rows"] for layer in row["layers"]]
    layers = [layer for layer in layers if layer["index_bits_of_tile"]]
    most = max(layer["index_bits_of_tile"] for layer in layers)
    worst = max(layers, key=lambda layer: layer["bits"][1] / layer["bits"][0])
    share = worst["bits"][1] / worst["bits"][0]
    return f"""A row of ternary weights has 2 · PE · SIMD bits, but for those that are the same in
all rows; binary ones have half, and an index beside them weighs twice as much. With b bits of
index, a quarter of the rows of ternary weights takes 25% · (1 + b / (2 · PE · SIMD)) of the
bits, 27% or less where PE · SIMD ≥ 6.25 · b.
Here b is at most {most}, and the largest share of a layer with an index {share:.2%}. With fewer
lanes an index weighs more: 4 × 8 with b = 6 takes 27.3%, 4 × 4 takes 29.7%, and a single lane
with b = 7 takes 112.5%, more than no skipping at all."""


def register_area() -> str:
    record = recorded("register_area")
    names = ("family", "part", "lut", "ff", "bram", "packed")
    rows = [tuple(row[name] for name in names) for row in record["rows"]]

    def bare(family: str) -> str:
        area = record["bare_line"][family]
        return f"{area['lut']} LUTs, {area['packed']} cells packed"

    return f"""## Registers and buses
`benchmarks/register_area.py`, {record["yosys"]}: what a core with a bus has beside its accelerator,
here one of wires. Timers are `CYCLES`, `LATENCY` and `INTERVAL`. The block RAMs of a core with
Wishbone are its FIFOs, 256 words of codes and 256 output elements; that of the serial link holds
bytes that wait and sequence numbers. Packed as above. A line without frames, CRCs and registers, as
it was before, took {bare(ICE40.name)} on iCE40 and {bare(ECP5.name)} on ECP5.

{table(("family", "part", "LUTs", "flip-flops", "block RAMs", "packed"), rows)}
"""


def link_faults() -> str:
    record = recorded("link_faults")
    rows = [
        (
            row["fault"],
            *(f"{row[name]:,}" for name in ("faults", "counted", "harmless", "wrong")),
            f"{row['extra_cycles']:,}",
        )
        for row in record["rows"]
    ]
    total = sum(row["faults"] for row in record["rows"])
    return f"""## Faults on the link
`benchmarks/link_faults.py`: {total:,} faults on the serial line of a simulated board, each while
{record["images"]} images were on their way, with the host's own code. All images were answered as
the golden model answers them. Faults are counted by board or host; harmless ones changed nothing,
such as one of two flags that is lost, or a pause. Extra cycles are those of the slowest; a byte
takes 80, an image and its frame 1,200.

{table(("fault", "faults", "counted", "harmless", "wrong results", "extra cycles"), rows)}
"""


def page() -> str:
    """The text of docs/benchmarks.md."""
    records = ("boards", "networks_on_boards", "pe_area", "resource_model")
    parts = (
        summary(*map(recorded, records)),
        pe_area(),
        boards(),
        every_board(),
        networks_on_boards(),
        resource_model(),
        filter_reordering(),
    )
    parts += (
        convolutions(),
        tile_skipping(),
        tiny_conv(),
        convolution(),
        register_area(),
        link_faults(),
        imports(recorded("imports")),
    )
    return "# Area and speed\n" + "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
