// Core with Wishbone, compiled by Verilator, and cycles of its bus.

#include <cstdint>

#include "Vcore.h"
#include "verilated.h"

static Vcore &core() {
    static VerilatedContext context;
    static Vcore *top = nullptr;
    if (!top) {
        top = new Vcore{&context};
        top->rst = 1;
        for (int i = 0; i < 8; ++i) {
            top->clk = !top->clk;
            top->eval();
        }
        top->rst = 0;
    }
    return *top;
}

static void tick() {
    core().clk = 1;
    core().eval();
    core().clk = 0;
    core().eval();
}

static uint32_t request(uint16_t offset, int write, uint32_t value) {
    core().wb_cyc = core().wb_stb = 1;
    core().wb_we = write;
    core().wb_adr = offset / 4;
    core().wb_sel = 15;
    core().wb_dat_w = value;
    do
        tick();
    while (!core().wb_ack);
    const uint32_t found = core().wb_dat_r;
    core().wb_cyc = core().wb_stb = 0;
    tick();
    return found;
}

extern "C" uint32_t core_read(uint16_t offset) { return request(offset, 0, 0); }
extern "C" void core_write(uint16_t offset, uint32_t value) { request(offset, 1, value); }
