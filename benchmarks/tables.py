"""Writes docs/benchmarks.md from the figures that the other scripts recorded.

python benchmarks/tables.py
"""

import json
from pathlib import Path

from convolutions_table import convolutions
from depths_table import depths
from first_layers_table import first_layers
from imagenet_table import imagenet
from imports_table import imports
from matrix_units_table import matrix_units
from page_table import table, versions
from pareto_table import pareto
from peers_table import convolution, tiny_conv
from power_up_table import power_up
from summary_table import summary
from tile_skipping_table import tile_skipping
from unrolled_table import unrolled, whole_network
from widths_in_turn_table import widths_in_turn
from widths_table import widths

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
            forms = [cells[family, simd, bits, form] for form in ("pe", "digits", "form_c")]
            packed = " / ".join(str(each["packed"]) for each in forms)
            bold, *others = (str(each["cells"]) for each in forms)
            first = published.get((family, simd, bits), "–")
            rows.append((family, simd, bits, f"**{bold}**", *others, first, packed))
    head = ("family", "SIMD", "bits", "cells", "several digits", "form C", "first measured")
    head += ("packed, ours / several digits / form C",)
    return f"""## One processing element
`benchmarks/pe_area.py`, {record["yosys"]}, a {record["sum_bits"]}-bit accumulator. Cells are
LUT4s, on ECP5 and Nexus with 2 for each CCU2, on Gowin and GateMate with 1 for each bit of a sum.
Form C masks and complements each lane and adds them in a tree with registers, as one would write
it; it shares nothing with our component but its ports. "Several digits" is the element of layers
whose weights have several: doubling its accumulator takes a cell for each bit at most, however many
digits there are. Form C does not double, and is to be compared with ours alone. A carry cell of
ECP5 masks an operand; those of the other families have no LUT, or none with an input to spare, so
that ours is form C there, but for single bits, which are counted by threes. Packed is what nextpnr
makes of it: logic cells on iCE40, TRELLIS_COMB on ECP5, LUT4s in use on Gowin, where cells begin
and end each carry chain, OXIDE_COMB on Nexus, halves of CPEs on GateMate. It is what a device has
room for, so that no PE is ever to take more than on record; on ECP5 the places that begin a chain
are in the netlist already.

{table(head, rows)}
"""


def boards() -> str:
    record = recorded("boards")
    rows = []
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
    head = ("board", "clock MHz", "Fmax MHz", "logic cells", "FF", "block RAM", "DSP")
    head += ("latency / interval", "inferences/s")
    folded = ", ".join(f"{name} {folding}" for name, folding in record["foldings"].items())
    tools = versions(board["tools"] for board in record["boards"])
    return f"""## The digits network on boards
`benchmarks/boards.py`, seed 0, PE × SIMD {folded}; {tools}. Cycles are simulated over
{record["images"]} images, and inferences a second are the clock over the interval: what the
accelerator does, not the serial line in front of it. A logic cell holds a LUT, a carry and a
flip-flop on iCE40, and is a TRELLIS_COMB on ECP5.

{table(head, rows)}
"""


def every_board() -> str:
    record, rows = recorded("every_board")["rows"], []
    for row in record:
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
    head = ("board", "device", "PE × SIMD", "interval", "clock MHz", "Fmax MHz", "logic cells")
    head += ("block RAMs", "seconds to place")
    return f"""## The digits network on every board
`benchmarks/every_board.py`: the default plan of each board for the network of the zoo, seed 1;
{versions(row["tools"] for row in record)}.
Each comes to a bitstream, serial line included; none has been on a board. Seconds to place are
those of nextpnr in WebAssembly, on two cores that several others used as well.

How far Fmax is to be believed depends on what nextpnr knows. Its figures for iCE40 and ECP5 come
from measured models; those for Gowin and GateMate from the vendors' tables, GateMate's for the
worst case. Those for Nexus are not to be believed: they are far above what it tells of an ECP5 for
the same logic. The oscillator of that board takes 12 MHz.

A Tang Primer 25K, a GW5A, is not among them: nextpnr-himbaechel-gowin 0.11.1 has no RAM in LUTs for
that device (`no BELs remaining to implement cell type 'RAM16SDP4'`), of which small memories are on
Gowin, and its PLL is another one.

{table(head, rows)}
"""


def networks_on_boards() -> str:
    record, rows = recorded("networks_on_boards")["rows"], []
    for row in record:
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
    head = ("network, board", "clock asked, MHz", "Fmax MHz", "latency / interval", "images/s")
    head += ("logic cells", "FF", "block RAM", "seed")
    return f"""## Convolutional networks on boards
`benchmarks/networks_on_boards.py`; {versions(row["tools"] for row in record)}.
ResNet-20 has random ternary weights in all layers,
activations of 4 bits and an input of 8, and is planned for 36,864 and 18,432 cycles on the larger
board, where arrays work on two pixels at once for the shorter interval, and for the fewest that fit
on the smaller one; resnet20_jpeg is the trained one of the zoo, planned for 9,216 cycles, and
placed with nextpnr's `static` placer, since the default one packs it so closely that routing does
not end. LeNet is trained on digits (`lenet-digits`). Each is
simulated against the golden model, without a mismatch, and then placed and routed with the board's
serial line. Images a second are the routed Fmax over the simulated interval. Seed is the one that
is shown, of so many that were tried. The boards of ResNet-20 are the largest ECP5 and the smallest
that it fits: a smaller one has too few block RAMs.

{table(head, rows)}
"""


SLOWER = "36,864 cycles"  # label of a row of cells_by_kind.py


def cells_by_kind() -> str:
    rows = {row["label"]: row for row in recorded("cells_by_kind")["rows"]}
    now, before = rows["now"], rows["before"]
    columns = [
        [row["kinds"].get(kind, {}).get(figure, 0) for kind in now["kinds"]]
        for row in (before, now)
        for figure in ("cells_estimated", "bram_estimated")
    ]
    placed = [figures.get("cells", "") for figures in now["kinds"].values()]
    columns.append([f"{cells:,}" if cells else "" for cells in placed])
    head = ("kind", "cells before", "block RAMs", "cells now", "block RAMs", "cells placed")
    lines = sorted(zip(now["kinds"], *columns, strict=True), key=lambda line: -line[3])
    sums = [sum(column) for column in columns[:4]]
    lines.append(("together", *sums, f"{sum(filter(None, placed)):,}" if any(placed) else ""))
    shares = ", ".join(f"{what} {share:.1%}" for what, share in now["lanes_used"].items())
    shown = [
        tuple(f"{cell:,}" if isinstance(cell, int) else cell for cell in line) for line in lines
    ]
    return f"""### Logic cells by kind of component
`benchmarks/cells_by_kind.py`: the ResNet-20 of the zoo on a ULX3S 85F, planned for an image in
{now["interval"]:,} cycles, {now["lanes"]:,} lanes. Cells are estimates of the plan. Before are
those of the same network and interval on a device with room, when cells of their own began and
ended each carry chain, block RAM of ECP5 had to save 200 LUTs, and accumulator values moved from
register to register. Lane-cycles in steady state: {shares}.

{table(head, shown)}

{_synthesised(rows[SLOWER])}
"""


def _synthesised(row: dict) -> str:
    cells, share = row["synthesised"], row["kinds"]["processing elements"]["cells_estimated"]
    counts = f"{cells['lut']:,} LUTs, {cells['ff']:,} flip-flops and {cells['bram']} block RAMs"
    return f"""Planned for an image in {row["interval"]:,} cycles, Yosys makes {counts} of it
(`--synthesise`), without a board; processing elements are about {share:,} of these LUTs."""


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
    return f"""## The estimate that foldings are chosen by
`benchmarks/resource_model.py`, {len(record["rows"])} syntheses of random foldings of dense networks
and of convolutional ones with pools, groups and residuals; {versions([record["tools"]])}.
Logic cells are counted as
nextpnr packs LUTs, carries and flip-flops into them: ICESTORM_LC on iCE40, TRELLIS_COMB on ECP5,
LUT4 on Gowin, OXIDE_COMB on Nexus, halves of CPEs on GateMate.
They and LUTs are off by shares, block RAMs by blocks. What a window reader takes beside its
addresses is fitted to these accelerators; registers without a LUT and ends of carry chains are
counted. They were measured before readers of windows became smaller, so that plans count more LUTs
than there are now.

{table(head, rows)}

{packed_cells()}"""


def packed_cells() -> str:
    record = recorded("packed_cells")
    rows = []
    for row in record["rows"]:
        estimated, packed = row["cells_estimated"], row["cells"]
        placed = {True: "yes", False: "no", None: "–"}[row.get("placed")]
        network = row["network"] + ", fastest" * row["fastest"]
        on_board = f"{row['lut_on_board']:,}" if "lut_on_board" in row else "–"
        figures = (f"{estimated:,}", f"{packed:,}", f"{estimated / packed - 1:+.1%}")
        figures += (f"{row['bram_estimated']} / {row['bram']}", on_board, placed)
        rows.append((network, row["board"], row["foldings"], *figures))
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
`benchmarks/packed_cells.py`: each network with random weights, planned as `threefold plan` does by
default, or with `--fastest`. Errors of logic cells of default plans are, {found}. A build with
seed 1 and the default clock says whether nextpnr finds a place and a route.{failed}

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


def load_faults() -> str:
    record = recorded("load_faults")
    names = ("faults", "loads", "again", "wrong")
    rows = [(row["fault"], *(f"{row[name]:,}" for name in names)) for row in record["rows"]]
    total = sum(row["faults"] for row in record["rows"])
    return f"""## Faults while a network is loaded
`benchmarks/load_faults.py`: {total:,} faults, each while a program image of
{record["bytes"]:,} bytes was on its way to a loadable accelerator. In the end the board had that
one, and answered {record["images"]} images as the golden model of its network does. Of loads that
are counted as again a part was sent more than once.

{table(("fault", "faults", "loads", "again", "wrong networks or results"), rows)}
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
        cells_by_kind(),
        resource_model(),
        filter_reordering(),
        first_layers(recorded("first_layers")),
    )
    parts += (
        convolutions(recorded("convolutions")),
        tile_skipping(recorded("tile_skipping")),
        widths(recorded("widths"), recorded("scheduling")),
        widths_in_turn(recorded("widths_in_turn")),
        tiny_conv(recorded("peers")),
        convolution(recorded("peers")),
        unrolled(recorded("unrolled")),
        whole_network(recorded("unrolled_network")),
        matrix_units(recorded("matrix_units")),
        pareto(recorded("pareto")),
        register_area(),
        link_faults(),
        load_faults(),
        power_up(recorded("power_up")),
        depths(recorded("depths")),
        imagenet(recorded("imagenet")),
        imports(recorded("imports")),
    )
    return "# Area and speed\n" + "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
