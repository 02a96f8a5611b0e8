"""Text of what ``tile_skipping.py`` measured."""

from page_table import table

__all__ = ["tile_skipping"]


def tile_skipping(record: dict) -> str:
    """The section of docs/benchmarks.md, from what ``tile_skipping.py`` recorded."""
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
