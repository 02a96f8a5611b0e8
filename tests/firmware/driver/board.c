#include "board.h"

#include <string.h>

enum { BYTES_A_CALL = 8 };

uint32_t board_random(struct board *board)
{
    board->seed ^= board->seed << 13;
    board->seed ^= board->seed >> 7;
    board->seed ^= board->seed << 17;
    return (uint32_t)(board->seed >> 16);
}

static int happens(struct board *board, uint32_t chance)
{
    const int yes = chance && board_random(board) < chance;

    board->injected += (uint64_t)yes;
    return yes;
}

static void push(struct line *line, uint8_t byte)
{
    if (line->tail - line->head < LINE_MOST)
        line->bytes[line->tail++ % LINE_MOST] = byte;
}

static int pop(struct line *line)
{
    return line->head == line->tail ? -1 : line->bytes[line->head++ % LINE_MOST];
}

/* A byte enters a line, which may damage it. */
static void carry(struct board *board, struct line *line, uint8_t byte)
{
    const struct faults *faults = &board->faults;

    if (happens(board, faults->cut))
        board->dead_until = board->time + board_random(board) % 2000;
    if (board->time < board->dead_until || happens(board, faults->drop))
        return;
    if (happens(board, faults->flip))
        byte ^= (uint8_t)(1 << board_random(board) % 8);
    if (happens(board, faults->insert))
        for (uint32_t i = board_random(board) % 40; i; i--)
            push(line, (uint8_t)board_random(board));
    if (happens(board, faults->repeat))
        push(line, byte);
    push(line, byte);
}

static void send(struct board *board, uint8_t type, uint16_t sequence, const uint8_t *payload,
                 size_t size)
{
    uint8_t bytes[2 * FRAME_MOST];
    const size_t length = reference_encode(bytes, type, sequence, payload, size);

    for (size_t i = 0; i < length; i++)
        carry(board, &board->to_host, bytes[i]);
}

void board_answer(const struct threefold_network *network, uint8_t width, const uint8_t *codes,
                  int32_t *outputs)
{
    const uint32_t top = 1u << (network->output_bits - 1);

    for (uint32_t i = 0; i < network->outputs; i++) {
        uint32_t sum = i * 77 + 13 + width * 1001;

        for (uint32_t j = 0; j < network->inputs; j++)
            sum = sum * 31 + codes[j];
        sum = (sum ^ sum >> 15) & (top | (top - 1));
        outputs[i] = network->output_is_signed && sum & top ? (int32_t)(sum - top) - (int32_t)top
                                                            : (int32_t)sum;
    }
}

static void answer_image(struct board *board)
{
    const struct threefold_network *network = board->network;
    const unsigned bytes = (network->output_bits + 7u) / 8;
    const struct frame *image = &board->images[0];
    const unsigned head = network->narrower != 0; /* the width */
    int32_t outputs[64];
    uint8_t payload[256];

    board_answer(network, head ? image->payload[0] : 0, image->payload + head, outputs);
    for (uint32_t i = 0; i < network->outputs * bytes; i++)
        payload[i] = (uint8_t)((uint32_t)outputs[i / bytes] >> (8 * (i % bytes)));
    send(board, RESULT, image->sequence, payload, network->outputs * bytes);
    board->registers[0x2C / 4]++;
    board->pending--;
    board->answerable--;
    memmove(&board->images[0], &board->images[1], board->pending * sizeof(board->images[0]));
}

static void answer_access(struct board *board, const struct frame *frame)
{
    const uint8_t word = frame->payload[0] % 32;
    uint8_t payload[5] = {frame->payload[0]};

    if (frame->type == WRITE && word == 0x20 / 4 && frame->payload[1] & 2)
        board->pending = board->answerable = board->registers[0x2C / 4] = 0;
    if (frame->type == WRITE)
        board->written[word] = frame->payload[1] | (uint32_t)frame->payload[2] << 8
                               | (uint32_t)frame->payload[3] << 16
                               | (uint32_t)frame->payload[4] << 24;
    board->registers[0x30 / 4] = (uint32_t)board->time;
    board->registers[0x40 / 4] = board->parser.refused;
    for (int i = 0; i < 4; i++)
        payload[1 + i] = (uint8_t)(board->registers[word] >> (8 * i));
    send(board, VALUE, frame->sequence, payload, 5);
}

static void take(struct board *board, const struct frame *frame)
{
    const size_t size = (board->network->narrower != 0) + board->network->inputs;

    if (frame->type == IMAGE && frame->size == size && board->pending < WINDOW)
        board->images[board->pending++] = *frame;
    else if (frame->size == 1 ? frame->type == READ : frame->size == 5 && frame->type == WRITE)
        answer_access(board, frame);
    else
        board->parser.refused++;
}

/* The time that a byte takes on the line. */
static void step(struct board *board)
{
    struct frame frame;
    const int byte = board->time < board->stalled_until ? -1 : pop(&board->to_board);

    board->time++;
    if (happens(board, board->faults.stall))
        board->stalled_until = board->time + board_random(board) % 8000;
    if (happens(board, board->faults.restart)) {
        board->pending = board->answerable = 0;
        board->parser = (struct parser){0};
    }
    if (byte >= 0 && reference_parse(&board->parser, (uint8_t)byte, &frame))
        take(board, &frame);
    if (!board->answerable && board->pending > board->network->batch)
        board->answerable = board->network->batch + 1u;
    if (board->answerable && board->time >= board->stalled_until && board_random(board) % 32 == 0)
        answer_image(board);
}

static int16_t write_line(void *context, const uint8_t *bytes, int16_t size)
{
    struct board *board = context;
    const int16_t taken = (int16_t)(board_random(board) % ((uint32_t)size + 1));

    if (board->write_error)
        return -1;
    if (board->to_board.tail - board->to_board.head > 200)
        return 0;
    for (int16_t i = 0; i < taken; i++)
        carry(board, &board->to_board, bytes[i]);
    return taken;
}

static int16_t read_line(void *context, uint8_t *bytes, int16_t size)
{
    struct board *board = context;
    int16_t count = 0;

    if (board->read_error)
        return -1;
    for (int i = 0; i < BYTES_A_CALL; i++)
        step(board);
    while (count < size && count < BYTES_A_CALL) {
        const int byte = pop(&board->to_host);

        if (byte < 0)
            break;
        bytes[count++] = (uint8_t)byte;
    }
    return count;
}

static uint32_t milliseconds(void *context)
{
    const struct board *board = context;

    return (uint32_t)(board->time * 10000 / board->serial.baud - 1000); /* it wraps soon */
}

void board_init(struct board *board, const struct threefold_network *network, uint64_t seed)
{
    *board = (struct board){.network = network, .seed = seed * 0x9E3779B97F4A7C15 + 1};
    board->serial = (struct threefold_serial){
        board, write_line, read_line, milliseconds, 115200, (uint16_t)board_random(board)};
    board->registers[0x00 / 4] = 0x54464C44;
    board->registers[0x04 / 4] = 0x00010003;
    board->registers[0x08 / 4] = network->digest;
    board->registers[0x0C / 4] = network->inputs;
    board->registers[0x10 / 4] = network->outputs;
    board->registers[0x14 / 4] = network->input_bits | (uint32_t)network->output_bits << 8
                                 | (uint32_t)network->output_is_signed << 16
                                 | (uint32_t)network->output_is_class << 17
                                 | (uint32_t)network->narrower << 20
                                 | (uint32_t)network->batch << 25;
    board->registers[0x1C / 4] = CLOCK_HZ;
    board->registers[0x3C / 4] = WINDOW;
}
