"""Writing: by which fields of a descriptor results become codes, and where these go."""

from .maps import Maps
from .tiles import PassTiles

__all__ = ["result_fields"]


def result_fields(
    each: PassTiles, maps: Maps, gap: int, thresholds: tuple[bool, int]
) -> dict[str, int]:
    """Fields of a descriptor by which results are taken, and are written.

    Parameters
    ----------
    each : PassTiles
    maps : Maps
    gap : int
        Least cycles between the results of two groups.
    thresholds : (bool, int)
        Whether all channels share them, and the first row of them.
    """
    work, array, (alike, first) = each.work, each.array, thresholds
    before = work.rows_before * array.stored.row(work.map_shape) + work.first // array.simd
    last_words = array.pitch(work.shape[2]) - (each.groups - 1) * each.group_words
    return {
        "gap": gap - 1,
        "beats": each.beats - 1,
        "pixels": each.pixels - 1,
        "last_pixels": work.window.out[1] - (each.row_steps - 1) * each.pixels - 1,
        "last_beats": last_words * (array.simd // array.lanes) - 1,
        "whole": int(work.whole),
        "values": int(work.thresholds is None),
        "thresholds": first,
        "alike": int(alike),
        "place": maps.base(work.stream, work.image) + before,
        "pitch": array.pitch(work.map_shape[2]),
    }
