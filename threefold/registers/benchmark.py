"""Registers of a benchmark: images in a board's SDRAM, run from there, and what was measured."""

from .register import Field, Register, RegisterMap

__all__ = ["BENCHMARK", "RESULT_WORDS"]

RESULT_WORDS = 4
"""Registers that a burst of results is read by."""

_LINK = ("link",)
_WORD = 0x80  # offset of the first of them, behind all others


def _registers() -> tuple[Register, ...]:
    measured = "of the latest run"
    told = [
        (
            "TEST",
            "rw",
            "loads and runs a set of images that the board's SDRAM holds",
            (
                Field("load", 0, 1, "bytes of LOADs are those of a set; no image begins"),
                Field(
                    "run",
                    1,
                    1,
                    "write 1: the images of the set go into the accelerator, as fast as it takes "
                    "them; none from the line may be unanswered",
                    pulse=True,
                ),
            ),
        ),
        (
            "TEST_STATUS",
            "ro",
            "what is there",
            (
                Field("busy", 0, 1, "a run has begun, and results of it are missing"),
                Field("loaded", 1, 1, "a set is in the SDRAM, and its CRC was right"),
                Field("refused", 8, 8, "sets that were refused, modulo 256"),
            ),
        ),
        (
            "TEST_FORMAT",
            "ro",
            "how a set is laid out",
            (
                Field("lanes", 0, 16, "codes of a beat of the accelerator"),
                Field("size", 16, 6, "the SDRAM holds 2 to the power of this bursts of 16 bytes"),
            ),
        ),
        ("TEST_SET", "ro", "CRC-32 of the set that is there: its last four bytes; 0 if none is"),
        ("TEST_IMAGES", "rw", "images of the set", (Field("count", 0, 24, "1 at least"),)),
        (
            "TEST_ROUNDS",
            "rw",
            "how often a run goes through the set",
            (Field("count", 0, 16, "1 at least"),),
        ),
        (
            "TEST_CYCLES",
            "ro",
            f"cycles {measured}, from its first input beat to its last output beat; all ones if "
            f"they are more than that",
        ),
        ("TEST_FIRST", "ro", "the same to the last output beat of its first image"),
        (
            "TEST_STALLS",
            "ro",
            "those of TEST_CYCLES in which the accelerator waited for the SDRAM: it took input and "
            "none was there, or an output beat was not taken",
        ),
        (
            "TEST_SUM",
            "ro",
            f"sum of all bytes of results {measured}: 0 at first, and for each byte it is moved "
            f"down a bit, 0xEDB88320 XORed if that bit was 1, and the byte XORed",
        ),
        (
            "TEST_BURST",
            "rw",
            "which 16 bytes of the results of the last round TEST_WORD0 to 3 tell",
            (Field("number", 0, 24, "0 are the first of them"),),
        ),
        *(
            (f"TEST_WORD{each}", "ro", f"bytes {4 * each} to {4 * each + 3} of these")
            for each in range(RESULT_WORDS)
        ),
    ]
    return tuple(
        Register(name, _WORD + 4 * index, access, text, *fields, on=_LINK)
        for index, (name, access, text, *fields) in enumerate(told)
    )


BENCHMARK = RegisterMap(_registers())
"""Registers of boards with a benchmark, which ``FORMAT.benchmark`` tells."""
