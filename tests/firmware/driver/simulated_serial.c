/* Serial line of a simulated board, whose library has these functions. */
#include "simulated.h"

struct Board *board_new(void);
void board_send(struct Board *board, const uint8_t *bytes, uint64_t count, int stop);
uint64_t board_receive(struct Board *board, uint8_t *bytes, uint64_t room);
void board_run(struct Board *board, uint64_t cycles, int until_received);
void board_disturb(struct Board *board, uint64_t cycles);
uint64_t board_cycles(const struct Board *board);
int board_sent(const struct Board *board);

/* A millisecond has few cycles, so that little is simulated until nothing comes any more. */
enum { CYCLES_A_MS = 100, CYCLES_A_BIT = 8, STEP = 400 };

static struct Board *board;
static uint32_t state;

static uint32_t draw(void)
{
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static int16_t write_line(void *context, const uint8_t *bytes, int16_t size)
{
    (void)context;
    if (!board_sent(board))
        return 0;
    board_send(board, bytes, (uint64_t)size, 1);
    return size;
}

static int16_t read_line(void *context, uint8_t *bytes, int16_t size)
{
    (void)context;
    if (state && draw() % 256 == 0)
        board_disturb(board, 1 + draw() % 20);
    board_run(board, STEP, 1);
    return (int16_t)board_receive(board, bytes, (uint64_t)size);
}

static uint32_t milliseconds(void *context)
{
    (void)context;
    return (uint32_t)(board_cycles(board) / CYCLES_A_MS);
}

enum threefold_error simulated_open(struct threefold *accelerator,
                                    const struct threefold_network *network, unsigned seed)
{
    static const struct threefold_serial serial = {
        0, write_line, read_line, milliseconds, 1000 * CYCLES_A_MS / CYCLES_A_BIT, 0xFFF0,
    };

    board = board_new();
    state = seed;
    return threefold_open_serial(accelerator, network, &serial);
}

void simulated_calm(void)
{
    state = 0;
}
