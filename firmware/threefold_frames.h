/* Frames of the serial line, for the driver's own use. */
#ifndef THREEFOLD_FRAMES_H
#define THREEFOLD_FRAMES_H

#include "threefold.h"

enum { HEADER_BYTES = 3, ACCESS_BYTES = 5, CRC_BYTES = 4 }; /* parts of a frame */

/* Bytes of an element of the output. */
static inline uint8_t output_bytes(const struct threefold_network *network)
{
    return (uint8_t)((network->output_bits + 7) / 8);
}

/* Hands over what the line takes: of the frame that is begun, and of those that are queued. */
enum threefold_error threefold_transmit(struct threefold *accelerator, uint32_t now);

/* Takes the bytes that have come, and what they answer for answered. */
enum threefold_error threefold_receive(struct threefold *accelerator);

/* Begins a frame. */
void threefold_restart(struct threefold_receiver *receiver);

#endif
