"""Table of the registers: what hardware, driver, host and documentation are made from."""

from .register import Field, Register, RegisterMap

__all__ = ["IDENTITY", "REGISTERS", "VERSION"]

IDENTITY = 0x54464C44
"""Value of ``ID``: "TFLD"."""

VERSION = 1 << 16 | 3
"""Value of ``VERSION``: major and minor of this map, of 16 bits each. A minor one only adds."""

LINK, AXI, WISHBONE = ("link",), ("axi",), ("wishbone",)

REGISTERS = RegisterMap(
    (
        Register("ID", 0x00, "ro", '0x54464C44, "TFLD": an accelerator made by Threefold'),
        Register(
            "VERSION",
            0x04,
            "ro",
            "version of this map",
            (
                Field("minor", 0, 16, "counts additions"),
                Field("major", 16, 16, "another one is another map"),
            ),
        ),
        Register("DIGEST", 0x08, "ro", "first 32 bits of the network's SHA-256"),
        Register("INPUTS", 0x0C, "ro", "input codes of an image"),
        Register("OUTPUTS", 0x10, "ro", "output elements of an image"),
        Register(
            "FORMAT",
            0x14,
            "ro",
            "what codes and output elements are",
            (
                Field("input_bits", 0, 8, "bits of an input code"),
                Field("output_bits", 8, 8, "bits of an output element"),
                Field("output_signed", 16, 1, "output elements are signed"),
                Field("output_is_class", 17, 1, "the output is the index of a class"),
                Field("loadable", 18, 1, "program images can be loaded", loadable=True),
                Field(
                    "benchmark", 19, 1, "registers of a benchmark are there, from TEST on", on=LINK
                ),
                Field("narrower", 20, 5, "widths of the network beside the whole"),
                Field(
                    "batch",
                    25,
                    7,
                    "images that a batch has beside the first; no result comes before the last of "
                    "them has",
                ),
            ),
        ),
        Register("CLASSES", 0x18, "ro", "classes, or channels of the output"),
        Register("CLOCK", 0x1C, "ro", "frequency of the accelerator in Hz, 0 if it is not known"),
        Register(
            "CONTROL",
            0x20,
            "rw",
            "start, stop, and reset",
            (
                Field(
                    "run",
                    0,
                    1,
                    "images are taken; at 0 one that has begun goes on, and no further one begins",
                    init=1,
                ),
                Field(
                    "reset",
                    1,
                    1,
                    "write 1: images in flight are forgotten; IMAGES, LATENCY and INTERVAL are 0",
                    pulse=True,
                ),
                Field(
                    "load",
                    2,
                    1,
                    "a program image is loaded: its bytes are taken, and no image begins; at 0 "
                    "they are dropped",
                    loadable=True,
                ),
            ),
        ),
        Register(
            "STATUS",
            0x24,
            "ro",
            "what the accelerator does",
            (
                Field("busy", 0, 1, "an image has begun whose last output has not left"),
                Field("input_ready", 1, 1, "the accelerator takes input"),
                Field("output_valid", 2, 1, "the accelerator offers output"),
                Field(
                    "loaded",
                    3,
                    1,
                    "a program image has been loaded; without one no image is taken",
                    loadable=True,
                ),
                Field(
                    "load_ready",
                    4,
                    1,
                    "LOAD takes a byte; one that is written at 0 is lost",
                    on=AXI + WISHBONE,
                    loadable=True,
                ),
                Field(
                    "wrong",
                    5,
                    1,
                    "what came from the memory of the program was not what had been loaded; no "
                    "image is taken until another is loaded, or a reset",
                    on=LINK,
                    loadable=True,
                ),
            ),
        ),
        Register(
            "ERRORS",
            0x28,
            "w1c",
            "what went wrong; a flag stays until a 1 is written to it",
            (
                Field("frame", 0, 1, "a frame was refused, see FRAMES_BAD", on=LINK),
                Field("overrun", 1, 1, "a byte was lost, see OVERRUNS", on=LINK),
                Field("last", 2, 1, "TLAST was not at the last beat of an image", on=AXI),
                Field("full", 3, 1, "a word was lost: DATA_IN was full", on=WISHBONE),
                Field("empty", 4, 1, "DATA_OUT was read while it was empty", on=WISHBONE),
            ),
        ),
        Register("IMAGES", 0x2C, "ro", "images answered since the last reset, modulo 2³²"),
        Register("CYCLES", 0x30, "ro", "clock cycles, modulo 2³²"),
        Register(
            "LATENCY",
            0x34,
            "ro",
            "cycles from the first input beat to the last output beat of an image, the latest that "
            "was measured: one after the other, not those that begin meanwhile",
            on=AXI + WISHBONE,
        ),
        Register(
            "INTERVAL",
            0x38,
            "ro",
            "cycles between the last output beats of the latest two images; 0 before the second",
            on=AXI + WISHBONE,
        ),
        Register("WINDOW", 0x3C, "ro", "images that a host may have unanswered", on=LINK),
        Register("FRAMES_BAD", 0x40, "ro", "frames that were refused, modulo 65,536", on=LINK),
        Register(
            "OVERRUNS",
            0x44,
            "ro",
            "bytes that were lost: without room, or a stop bit; modulo 65,536",
            on=LINK,
        ),
        Register(
            "DATA_IN",
            0x48,
            "wo",
            "input codes, the first in the lowest bits: 4 a word, of 8 bits each, or 2 of 16 bits "
            "where a code has more than 8; an image begins with a word of its own, and if "
            "FORMAT.narrower is not 0, with one that holds its width, 0 for the whole network",
            on=WISHBONE,
        ),
        Register(
            "DATA_OUT",
            0x4C,
            "ro",
            "next output element, sign-extended to 32 bits if it is signed; 0 if there is none",
            takes=True,
            on=WISHBONE,
        ),
        Register(
            "LEVELS",
            0x50,
            "ro",
            "how much can be written and read now",
            (
                Field("free", 0, 16, "words that DATA_IN takes"),
                Field("waiting", 16, 16, "elements that DATA_OUT has"),
            ),
            on=WISHBONE,
        ),
        Register(
            "LOADED",
            0x54,
            "ro",
            "CRC-32 of the program image that was loaded: its last four bytes; 0 if there is none",
            loadable=True,
        ),
        Register(
            "REFUSED",
            0x58,
            "ro",
            "program images that were refused, modulo 256: damaged, or of other hardware",
            loadable=True,
        ),
        Register(
            "LOAD",
            0x5C,
            "wo",
            "next byte of a program image, in the lowest bits",
            on=AXI + WISHBONE,
            loadable=True,
        ),
    )
)
"""The registers of every interface; ``REGISTERS.on("link")`` are those of one."""
