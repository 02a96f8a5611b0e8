/* Registers of Threefold's accelerators: offsets in bytes, fields as masks. */
#ifndef THREEFOLD_REGISTERS_H
#define THREEFOLD_REGISTERS_H

#define THREEFOLD_ID_VALUE 0x54464C44UL
#define THREEFOLD_VERSION_VALUE 0x00010003UL

/* ro: 0x54464C44, "TFLD": an accelerator made by Threefold */
#define THREEFOLD_REG_ID 0x00

/* ro: version of this map */
#define THREEFOLD_REG_VERSION 0x04
/* counts additions */
#define THREEFOLD_VERSION_MINOR 0x0000FFFFUL
#define THREEFOLD_VERSION_MINOR_SHIFT 0
/* another one is another map */
#define THREEFOLD_VERSION_MAJOR 0xFFFF0000UL
#define THREEFOLD_VERSION_MAJOR_SHIFT 16

/* ro: first 32 bits of the network's SHA-256 */
#define THREEFOLD_REG_DIGEST 0x08

/* ro: input codes of an image */
#define THREEFOLD_REG_INPUTS 0x0C

/* ro: output elements of an image */
#define THREEFOLD_REG_OUTPUTS 0x10

/* ro: what codes and output elements are */
#define THREEFOLD_REG_FORMAT 0x14
/* bits of an input code */
#define THREEFOLD_FORMAT_INPUT_BITS 0x000000FFUL
#define THREEFOLD_FORMAT_INPUT_BITS_SHIFT 0
/* bits of an output element */
#define THREEFOLD_FORMAT_OUTPUT_BITS 0x0000FF00UL
#define THREEFOLD_FORMAT_OUTPUT_BITS_SHIFT 8
/* output elements are signed */
#define THREEFOLD_FORMAT_OUTPUT_SIGNED 0x00010000UL
/* the output is the index of a class */
#define THREEFOLD_FORMAT_OUTPUT_IS_CLASS 0x00020000UL
/* program images can be loaded (loadable accelerators only) */
#define THREEFOLD_FORMAT_LOADABLE 0x00040000UL
/* registers of a benchmark are there, from TEST on (link only) */
#define THREEFOLD_FORMAT_BENCHMARK 0x00080000UL
/* widths of the network beside the whole */
#define THREEFOLD_FORMAT_NARROWER 0x01F00000UL
#define THREEFOLD_FORMAT_NARROWER_SHIFT 20
/* images that a batch has beside the first; no result comes before the last of them has */
#define THREEFOLD_FORMAT_BATCH 0xFE000000UL
#define THREEFOLD_FORMAT_BATCH_SHIFT 25

/* ro: classes, or channels of the output */
#define THREEFOLD_REG_CLASSES 0x18

/* ro: frequency of the accelerator in Hz, 0 if it is not known */
#define THREEFOLD_REG_CLOCK 0x1C

/* rw: start, stop, and reset */
#define THREEFOLD_REG_CONTROL 0x20
/* images are taken; at 0 one that has begun goes on, and no further one begins */
#define THREEFOLD_CONTROL_RUN 0x00000001UL
/* write 1: images in flight are forgotten; IMAGES, LATENCY and INTERVAL are 0 */
#define THREEFOLD_CONTROL_RESET 0x00000002UL
/* a program image is loaded: its bytes are taken, and no image begins; at 0 they are dropped
 * (loadable accelerators only) */
#define THREEFOLD_CONTROL_LOAD 0x00000004UL

/* ro: what the accelerator does */
#define THREEFOLD_REG_STATUS 0x24
/* an image has begun whose last output has not left */
#define THREEFOLD_STATUS_BUSY 0x00000001UL
/* the accelerator takes input */
#define THREEFOLD_STATUS_INPUT_READY 0x00000002UL
/* the accelerator offers output */
#define THREEFOLD_STATUS_OUTPUT_VALID 0x00000004UL
/* a program image has been loaded; without one no image is taken (loadable accelerators only) */
#define THREEFOLD_STATUS_LOADED 0x00000008UL
/* LOAD takes a byte; one that is written at 0 is lost (AXI, Wishbone of loadable accelerators only)
 * */
#define THREEFOLD_STATUS_LOAD_READY 0x00000010UL
/* what came from the memory of the program was not what had been loaded; no image is taken until
 * another is loaded, or a reset (link of loadable accelerators only) */
#define THREEFOLD_STATUS_WRONG 0x00000020UL

/* w1c: what went wrong; a flag stays until a 1 is written to it */
#define THREEFOLD_REG_ERRORS 0x28
/* a frame was refused, see FRAMES_BAD (link only) */
#define THREEFOLD_ERRORS_FRAME 0x00000001UL
/* a byte was lost, see OVERRUNS (link only) */
#define THREEFOLD_ERRORS_OVERRUN 0x00000002UL
/* TLAST was not at the last beat of an image (AXI only) */
#define THREEFOLD_ERRORS_LAST 0x00000004UL
/* a word was lost: DATA_IN was full (Wishbone only) */
#define THREEFOLD_ERRORS_FULL 0x00000008UL
/* DATA_OUT was read while it was empty (Wishbone only) */
#define THREEFOLD_ERRORS_EMPTY 0x00000010UL

/* ro: images answered since the last reset, modulo 2^32 */
#define THREEFOLD_REG_IMAGES 0x2C

/* ro: clock cycles, modulo 2^32 */
#define THREEFOLD_REG_CYCLES 0x30

/* ro: cycles from the first input beat to the last output beat of an image, the latest that was
 * measured: one after the other, not those that begin meanwhile (AXI, Wishbone only) */
#define THREEFOLD_REG_LATENCY 0x34

/* ro: cycles between the last output beats of the latest two images; 0 before the second (AXI,
 * Wishbone only) */
#define THREEFOLD_REG_INTERVAL 0x38

/* ro: images that a host may have unanswered (link only) */
#define THREEFOLD_REG_WINDOW 0x3C

/* ro: frames that were refused, modulo 65,536 (link only) */
#define THREEFOLD_REG_FRAMES_BAD 0x40

/* ro: bytes that were lost: without room, or a stop bit; modulo 65,536 (link only) */
#define THREEFOLD_REG_OVERRUNS 0x44

/* wo: input codes, the first in the lowest bits: 4 a word, of 8 bits each, or 2 of 16 bits where a
 * code has more than 8; an image begins with a word of its own, and if FORMAT.narrower is not 0,
 * with one that holds its width, 0 for the whole network (Wishbone only) */
#define THREEFOLD_REG_DATA_IN 0x48

/* ro: next output element, sign-extended to 32 bits if it is signed; 0 if there is none (Wishbone
 * only) */
#define THREEFOLD_REG_DATA_OUT 0x4C

/* ro: how much can be written and read now (Wishbone only) */
#define THREEFOLD_REG_LEVELS 0x50
/* words that DATA_IN takes */
#define THREEFOLD_LEVELS_FREE 0x0000FFFFUL
#define THREEFOLD_LEVELS_FREE_SHIFT 0
/* elements that DATA_OUT has */
#define THREEFOLD_LEVELS_WAITING 0xFFFF0000UL
#define THREEFOLD_LEVELS_WAITING_SHIFT 16

/* ro: CRC-32 of the program image that was loaded: its last four bytes; 0 if there is none
 * (loadable accelerators only) */
#define THREEFOLD_REG_LOADED 0x54

/* ro: program images that were refused, modulo 256: damaged, or of other hardware (loadable
 * accelerators only) */
#define THREEFOLD_REG_REFUSED 0x58

/* wo: next byte of a program image, in the lowest bits (AXI, Wishbone of loadable accelerators
 * only) */
#define THREEFOLD_REG_LOAD 0x5C

/* rw: loads and runs a set of images that the board's SDRAM holds (link only) */
#define THREEFOLD_REG_TEST 0x80
/* bytes of LOADs are those of a set; no image begins */
#define THREEFOLD_TEST_LOAD 0x00000001UL
/* write 1: the images of the set go into the accelerator, as fast as it takes them; none from the
 * line may be unanswered */
#define THREEFOLD_TEST_RUN 0x00000002UL

/* ro: what is there (link only) */
#define THREEFOLD_REG_TEST_STATUS 0x84
/* a run has begun, and results of it are missing */
#define THREEFOLD_TEST_STATUS_BUSY 0x00000001UL
/* a set is in the SDRAM, and its CRC was right */
#define THREEFOLD_TEST_STATUS_LOADED 0x00000002UL
/* sets that were refused, modulo 256 */
#define THREEFOLD_TEST_STATUS_REFUSED 0x0000FF00UL
#define THREEFOLD_TEST_STATUS_REFUSED_SHIFT 8

/* ro: how a set is laid out (link only) */
#define THREEFOLD_REG_TEST_FORMAT 0x88
/* codes of a beat of the accelerator */
#define THREEFOLD_TEST_FORMAT_LANES 0x0000FFFFUL
#define THREEFOLD_TEST_FORMAT_LANES_SHIFT 0
/* the SDRAM holds 2 to the power of this bursts of 16 bytes */
#define THREEFOLD_TEST_FORMAT_SIZE 0x003F0000UL
#define THREEFOLD_TEST_FORMAT_SIZE_SHIFT 16

/* ro: CRC-32 of the set that is there: its last four bytes; 0 if none is (link only) */
#define THREEFOLD_REG_TEST_SET 0x8C

/* rw: images of the set (link only) */
#define THREEFOLD_REG_TEST_IMAGES 0x90
/* 1 at least */
#define THREEFOLD_TEST_IMAGES_COUNT 0x00FFFFFFUL
#define THREEFOLD_TEST_IMAGES_COUNT_SHIFT 0

/* rw: how often a run goes through the set (link only) */
#define THREEFOLD_REG_TEST_ROUNDS 0x94
/* 1 at least */
#define THREEFOLD_TEST_ROUNDS_COUNT 0x0000FFFFUL
#define THREEFOLD_TEST_ROUNDS_COUNT_SHIFT 0

/* ro: cycles of the latest run, from its first input beat to its last output beat; all ones if they
 * are more than that (link only) */
#define THREEFOLD_REG_TEST_CYCLES 0x98

/* ro: the same to the last output beat of its first image (link only) */
#define THREEFOLD_REG_TEST_FIRST 0x9C

/* ro: those of TEST_CYCLES in which the accelerator waited for the SDRAM: it took input and none
 * was there, or an output beat was not taken (link only) */
#define THREEFOLD_REG_TEST_STALLS 0xA0

/* ro: sum of all bytes of results of the latest run: 0 at first, and for each byte it is moved down
 * a bit, 0xEDB88320 XORed if that bit was 1, and the byte XORed (link only) */
#define THREEFOLD_REG_TEST_SUM 0xA4

/* rw: which 16 bytes of the results of the last round TEST_WORD0 to 3 tell (link only) */
#define THREEFOLD_REG_TEST_BURST 0xA8
/* 0 are the first of them */
#define THREEFOLD_TEST_BURST_NUMBER 0x00FFFFFFUL
#define THREEFOLD_TEST_BURST_NUMBER_SHIFT 0

/* ro: bytes 0 to 3 of these (link only) */
#define THREEFOLD_REG_TEST_WORD0 0xAC

/* ro: bytes 4 to 7 of these (link only) */
#define THREEFOLD_REG_TEST_WORD1 0xB0

/* ro: bytes 8 to 11 of these (link only) */
#define THREEFOLD_REG_TEST_WORD2 0xB4

/* ro: bytes 12 to 15 of these (link only) */
#define THREEFOLD_REG_TEST_WORD3 0xB8

#endif
