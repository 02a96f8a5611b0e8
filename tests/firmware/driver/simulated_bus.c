/* Registers of a simulated core with Wishbone, whose library has these functions. */
#include "simulated.h"

uint32_t core_read(uint16_t offset);
void core_write(uint16_t offset, uint32_t value);

static uint32_t read_word(void *context, uint16_t offset)
{
    (void)context;
    return core_read(offset);
}

static void write_word(void *context, uint16_t offset, uint32_t value)
{
    (void)context;
    core_write(offset, value);
}

enum threefold_error simulated_open(struct threefold *accelerator,
                                    const struct threefold_network *network, unsigned seed)
{
    static const struct threefold_bus bus = {0, 0, read_word, write_word};

    (void)seed;
    return threefold_open_bus(accelerator, network, &bus);
}

void simulated_calm(void)
{
}
