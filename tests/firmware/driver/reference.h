/* Frames of the link as docs/reference/link.md has them, written for clarity. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stddef.h>
#include <stdint.h>

enum { FLAG = 0x7E, ESCAPE = 0x7D, MASK = 0x20, FRAME_MOST = 4096 };
enum { IMAGE = 0x01, READ = 0x02, WRITE = 0x03, RESULT = 0x81, VALUE = 0x82 };

/* A frame that was received as a whole, with the right CRC. */
struct frame {
    uint8_t type;
    uint16_t sequence;
    uint8_t payload[FRAME_MOST];
    size_t size;
};

/* What has come of a frame. */
struct parser {
    uint8_t bytes[FRAME_MOST];
    size_t size;
    int in_frame;
    unsigned refused;
};

/* CRC-32, a bit at a time. */
uint32_t reference_crc(const uint8_t *bytes, size_t size);

/* Writes a frame between flags, and returns its size. */
size_t reference_encode(uint8_t *to, uint8_t type, uint16_t sequence, const uint8_t *payload,
                        size_t size);

/* Takes a byte; whether it completes a frame that is right. */
int reference_parse(struct parser *parser, uint8_t byte, struct frame *frame);

#endif
