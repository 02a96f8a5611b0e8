/* Model of a board behind a serial line that may be faulty, in simulated time. */
#ifndef BOARD_H
#define BOARD_H

#include "reference.h"
#include "threefold.h"

enum { LINE_MOST = 1 << 14, WINDOW = 3, CLOCK_HZ = 12000000 };

/* Bytes on their way. */
struct line {
    uint8_t bytes[LINE_MOST];
    unsigned head, tail;
};

/* Chances of faults, each of 2^32 for a byte. */
struct faults {
    uint32_t flip, drop, repeat, insert; /* of a byte on the line */
    uint32_t cut;                        /* the line is dead for some time */
    uint32_t stall;                      /* the board waits for some time */
    uint32_t restart;                    /* the board forgets everything */
};

struct board {
    const struct threefold_network *network;
    struct threefold_serial serial; /* what a driver uses */
    struct faults faults;
    struct line to_board, to_host;
    struct parser parser;
    struct frame images[WINDOW + 1]; /* in their order, to be answered */
    unsigned pending, answerable;    /* of these, the batch that is complete */
    uint32_t registers[32], written[32];
    uint64_t time; /* bytes that the line could have carried */
    uint64_t dead_until, stalled_until;
    uint64_t seed;
    uint64_t injected; /* faults so far */
    int write_error, read_error;
};

void board_init(struct board *board, const struct threefold_network *network, uint64_t seed);

/* A random number of 32 bits. */
uint32_t board_random(struct board *board);

/* Outputs that the board gives for codes at a width. */
void board_answer(const struct threefold_network *network, uint8_t width, const uint8_t *codes,
                  int32_t *outputs);

#endif
