// Board model: the hardware behind a serial line, compiled by Verilator, and the host's end of the
// line. All functions are of C. Times are in 1/256 of a clock cycle.

#include <cstdint>
#include <deque>

#include "Vboard.h"
#include "verilated.h"

// Level of the pin that is read, when the pins of a flash are set in some cycle.
typedef int (*FlashPins)(int cs, int clk, int copi, uint64_t cycle);

// Word on the data pins of an SDRAM until the next edge of its clock, at one with these levels; -1
// if it does not drive them. `command` is RAS, CAS, WE, DQM and whether data is driven, from bit 4.
typedef int (*SDRAMPins)(int command, int bank, int address, int data, uint64_t edge);

// Edges of the SDRAM's clock in a cycle.
#ifndef BOARD_RATIO
#define BOARD_RATIO 1
#endif

// A pin of the memory; Verilator has other names for those with two underscores.
#define MEMORY(pin) top.memory___05F##pin

namespace {

constexpr uint64_t kCycle = 256;

struct Board {
    VerilatedContext context;
    Vboard top{&context};
    uint64_t cycles = 0;
    uint64_t bit = 8 * kCycle;  // the host's time of a bit

    std::deque<uint16_t> to_send;  // frames of a byte, lowest bit first: start, data, stop
    uint16_t sending = 0;
    int bits_left = 0;
    uint64_t next_bit = 0;
    int level = 1;
    uint64_t noise_until = 0;  // while the line is inverted

    std::deque<uint8_t> received;
    int bits_read = -1;
    uint16_t reading = 0;
    uint64_t next_read = 0;

#ifdef BOARD_FLASH
    FlashPins flash = nullptr;
    int flash_pins = 0;
#endif

#ifdef BOARD_SDRAM
    SDRAMPins sdram = nullptr;
    int sdram_pins[4] = {0, 0, 0, 0};  // in the registers beside the pins
    int sdram_word = 0;
    uint64_t sdram_edges = 0;
    uint64_t sdram_until = 0;  // while words of a read may come
#endif

    Board() {
#ifdef BOARD_FLASH
        top.flash_cipo = 1;
#endif
        reset();
    }

    void set_reset(int level) {
        top.rst = level;
#if BOARD_RATIO > 1
        top.memory_rst = level;
#endif
    }

    void reset() {
        set_reset(1);
        top.rx = 1;
        for (int i = 0; i < 4; ++i) tick();
        set_reset(0);
    }

#ifdef BOARD_SDRAM
    void clock_sdram(int level) {
#if BOARD_RATIO > 1
        top.memory_clk = level;
#endif
    }

    // An edge of the SDRAM's clock, the first of a cycle with that of all else.
    void edge_of_sdram(bool first) {
        const int pins[4] = {MEMORY(ras) << 4 | MEMORY(cas) << 3 | MEMORY(we) << 2 |
                                 MEMORY(dqm) << 1 | MEMORY(dq_oe),
                             MEMORY(bank), MEMORY(address), MEMORY(dq_o)};
        clock_sdram(1);
        top.clk = first;
        top.eval();
        clock_sdram(0);
        top.eval();
        MEMORY(dq_i) = sdram_word;
        if (sdram_pins[0] & ~2) sdram_until = sdram_edges + 16;
        int word = -1;
        if (sdram && sdram_edges < sdram_until)
            word = sdram(sdram_pins[0], sdram_pins[1], sdram_pins[2], sdram_pins[3], sdram_edges);
        const int none = static_cast<int>(sdram_edges * 0x9E3779B1u >> 8 & 0xFFFF);
        sdram_word = word < 0 ? none : word;
        for (int i = 0; i < 4; ++i) sdram_pins[i] = pins[i];
        ++sdram_edges;
    }
#endif

    void tick() {
#ifdef BOARD_SDRAM
        for (int i = 0; i < BOARD_RATIO; ++i) edge_of_sdram(i == 0);
#else
        top.clk = 1;
        top.eval();
#endif
        top.clk = 0;
        top.eval();
        ++cycles;
#ifdef BOARD_FLASH
        const int pins = top.flash_cs << 2 | top.flash_clk << 1 | top.flash_copi;
        if (flash && (pins ^ flash_pins) & 6)
            top.flash_cipo = flash(top.flash_cs, top.flash_clk, top.flash_copi, cycles) & 1;
        flash_pins = pins;
#endif
    }

    void drive(uint64_t now) {
        if (bits_left == 0 && !to_send.empty() && now >= next_bit) {
            sending = to_send.front();
            to_send.pop_front();
            bits_left = 10;
            next_bit = now;
        }
        if (bits_left > 0 && now >= next_bit) {
            level = sending & 1;
            sending >>= 1;
            --bits_left;
            next_bit += bit;
        }
        top.rx = level ^ (cycles < noise_until);
    }

    void listen(uint64_t now) {
        if (bits_read < 0) {
            if (!top.tx) {
                bits_read = 0;
                next_read = now + bit / 2;
            }
            return;
        }
        if (now < next_read) return;
        next_read += bit;
        if (bits_read == 0) {
            bits_read = top.tx ? -1 : 1;
        } else if (bits_read <= 8) {
            reading = reading >> 1 | top.tx << 7;
            ++bits_read;
        } else {
            if (top.tx) received.push_back(static_cast<uint8_t>(reading));
            bits_read = -1;
        }
    }

    void step() {
        drive(cycles * kCycle);
        tick();
        listen(cycles * kCycle);
    }
};

}  // namespace

extern "C" {

Board *board_new() { return new Board; }

void board_free(Board *board) {
    board->top.final();
    delete board;
}

// Queue bytes to be sent, each with a stop bit unless `stop` is 0.
void board_send(Board *board, const uint8_t *bytes, uint64_t count, int stop) {
    for (uint64_t i = 0; i < count; ++i)
        board->to_send.push_back(static_cast<uint16_t>(bytes[i] << 1 | (stop ? 0x200 : 0)));
}

// Take at most `room` bytes that were received; how many.
uint64_t board_receive(Board *board, uint8_t *bytes, uint64_t room) {
    uint64_t count = 0;
    while (count < room && !board->received.empty()) {
        bytes[count++] = board->received.front();
        board->received.pop_front();
    }
    return count;
}

// Run for `cycles`, or with `until_received` until a byte has been received.
void board_run(Board *board, uint64_t cycles, int until_received) {
    const uint64_t end = board->cycles + cycles;
    while (board->cycles < end && !(until_received && !board->received.empty())) board->step();
}

// Invert the line from the host for the next `cycles`.
void board_disturb(Board *board, uint64_t cycles) { board->noise_until = board->cycles + cycles; }

// Give the host another time of a bit.
void board_set_bit(Board *board, uint64_t time) { board->bit = time; }

#ifdef BOARD_FLASH
// Let a function be the flash.
void board_set_flash(Board *board, FlashPins flash) { board->flash = flash; }
#endif

#ifdef BOARD_SDRAM
// Let a function be the SDRAM.
void board_set_sdram(Board *board, SDRAMPins sdram) { board->sdram = sdram; }
#endif

// Reset the hardware, as configuration does.
void board_reset(Board *board) { board->reset(); }

// Forget what is queued on both sides of the line, as a host that is plugged out.
void board_unplug(Board *board) {
    board->to_send.clear();
    board->received.clear();
    board->bits_left = 0;
    board->level = 1;
}

uint64_t board_cycles(const Board *board) { return board->cycles; }

// Whether all that was queued has been sent.
int board_sent(const Board *board) { return board->to_send.empty() && board->bits_left == 0; }

// Outputs beside the line: bit 0 busy, bits 8 to 15 the low bits of the latest output.
int board_outputs(const Board *board) { return board->top.busy | board->top.last << 8; }

}  // extern "C"
