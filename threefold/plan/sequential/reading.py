"""Reading of maps: the numbers by which hardware walks over the words that windows take."""

from collections.abc import Sequence

from .tiles import PassTiles

__all__ = ["tile_rows", "window_fields"]


def window_fields(
    each: PassTiles, base: int, *, address_bits: int, position_bits: int
) -> dict[str, int]:
    """Fields of a descriptor by which windows are read.

    Parameters
    ----------
    each : PassTiles
    base : int
        First place of the map in each bank.
    address_bits, position_bits : int
        Widths of addresses in a bank, and of positions of windows.
    """
    window, array = each.work.window, each.array
    (top, left, _, _), (height, width, channels) = window.padding, window.shape
    block, groups, shift = each.spread * array.pitch(channels), each.groups, each.shift
    row, columns_apart = each.line_places, each.pixels * window.stride[1]
    step = columns_apart // (array.pixels * each.spread) * block
    modulus, positions = 1 << address_bits, 1 << position_bits
    padded = any(window.padding)
    return {
        "rewind": int(shift is not None),
        "groups": groups - 1,
        "steps": each.row_steps - 1,
        "rows": each.rows - 1,
        "corner": (base - top * row) % modulus,
        "to_group": (shift or 0) % modulus,
        "to_step": (step - (groups - 1) * (shift or 0)) % modulus,
        "to_row": window.stride[0] * row % modulus,
        "block": block,
        "y": -top % positions,
        "x": -left % positions,
        "y_step": window.stride[0] if padded else 0,
        "x_step": window.stride[1] * each.pixels if padded else 0,
        "height": height if padded else positions - 1,
        "width": width if padded else positions - 1,
        "pad": each.work.pad_code if padded else 0,
        "stride": window.stride[1] if each.pixels > 1 else 0,
        "largest": int(each.work.weights is None),
    }


def tile_rows(
    each: PassTiles, bases: Sequence[int], *, parts: int, address_bits: int, joins: bool = False
) -> list[dict[str, int]]:
    """Fields of the tiles that are stored of a pass.

    Parameters
    ----------
    each : PassTiles
    bases : sequence of int
        First place in each bank of each map that is read.
    parts : int
        Parts of the codes that are read.
    address_bits : int
        Width of an address in a bank.
    joins : bool
        Whether any pass adds a map to its codes.
    """
    window, array = each.work.window, each.array
    pitch, row = array.pitch(window.shape[2]), each.line_places
    share, rows, modulus = pitch // parts, [], 1 << address_bits
    joined = {"join": 0} if joins else {}
    for tiles in each.stored:
        for place, (source, ky, kx, word, double) in enumerate(tiles.tolist()):
            if source and each.work.added:
                none = dict.fromkeys(("bank", "row", "column", "part", "double", "last"), 0)
                rows.append({"offset": word % modulus, **none, "join": 1})
                continue
            blocks, within = divmod(kx - window.padding[1], array.pixels * each.spread)
            bank, column = divmod(within, each.spread)
            words = (blocks * each.spread + column) * pitch + word
            rows.append(
                {
                    "offset": (bases[source] - bases[0] + ky * row + words) % modulus,
                    "bank": bank,
                    "row": ky if any(window.padding) else 0,
                    "column": kx if any(window.padding) else 0,
                    "part": word // share,
                    "double": double,
                    "last": int(place == len(tiles) - 1),
                    **joined,
                }
            )
    return rows
