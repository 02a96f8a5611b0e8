#ifndef SIMULATED_H
#define SIMULATED_H

#include "threefold.h"

/* Opens the hardware that the program is linked with; faults happen where the seed is not 0. */
enum threefold_error simulated_open(struct threefold *accelerator,
                                    const struct threefold_network *network, unsigned seed);

/* Ends all faults. */
void simulated_calm(void);

#endif
