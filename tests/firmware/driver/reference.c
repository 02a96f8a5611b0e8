#include "reference.h"

#include <string.h>

uint32_t reference_crc(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return ~crc;
}

size_t reference_encode(uint8_t *to, uint8_t type, uint16_t sequence, const uint8_t *payload,
                        size_t size)
{
    uint8_t body[FRAME_MOST + 7] = {type, (uint8_t)sequence, (uint8_t)(sequence >> 8)};
    uint8_t *end = to;
    uint32_t crc;

    memcpy(body + 3, payload, size);
    crc = reference_crc(body, 3 + size);
    for (int i = 0; i < 4; i++)
        body[3 + size + i] = (uint8_t)(crc >> (8 * i));
    *end++ = FLAG;
    for (size_t i = 0; i < 3 + size + 4; i++) {
        const int escape = body[i] == FLAG || body[i] == ESCAPE;

        if (escape)
            *end++ = ESCAPE;
        *end++ = escape ? body[i] ^ MASK : body[i];
    }
    *end++ = FLAG;
    return (size_t)(end - to);
}

/* Decodes what is between two flags; whether it is right. */
static int decode(const uint8_t *from, size_t size, struct frame *frame)
{
    uint8_t body[FRAME_MOST];
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        int escaped = 0;

        for (; i < size && from[i] == ESCAPE; i++)
            escaped = 1;
        if (i == size)
            return 0; /* aborted */
        body[length++] = escaped ? from[i] ^ MASK : from[i];
    }
    if (length < 7)
        return 0;
    length -= 4;
    for (int i = 0; i < 4; i++)
        if (body[length + i] != (uint8_t)(reference_crc(body, length) >> (8 * i)))
            return 0;
    frame->type = body[0];
    frame->sequence = (uint16_t)(body[1] | body[2] << 8);
    frame->size = length - 3;
    memcpy(frame->payload, body + 3, frame->size);
    return 1;
}

int reference_parse(struct parser *parser, uint8_t byte, struct frame *frame)
{
    int right = 0;

    if (byte != FLAG) {
        if (parser->size < FRAME_MOST)
            parser->bytes[parser->size++] = byte;
        return 0;
    }
    if (parser->in_frame && parser->size) {
        right = parser->size < FRAME_MOST && decode(parser->bytes, parser->size, frame);
        parser->refused += !right;
    }
    parser->in_frame = 1;
    parser->size = 0;
    return right;
}
