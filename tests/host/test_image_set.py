import zlib

import numpy as np
import pytest

from threefold.host.image_set import BURST_BYTES, bytes_of, image_words


@pytest.mark.parametrize("lanes", [1, 2, 3, 6, 12])
@pytest.mark.parametrize("bits", [1, 3, 4, 8])
def test_beats_are_in_words_of_16_bits(bits, lanes):
    codes = np.random.default_rng(bits).integers(0, 1 << bits, (5, 12))
    made = bytes_of(codes, bits=bits, lanes=lanes)
    assert made[:8] == b"TFP1TEST"
    assert int.from_bytes(made[-4:], "little") == zlib.crc32(made[:-4])
    content = made[12:-4]
    assert len(content) == BURST_BYTES * int.from_bytes(made[8:12], "little")
    words = np.frombuffer(content, "<u2").tolist()
    size, width = image_words(12 // lanes, bits * lanes), bits * lanes
    assert -(-5 * size // 8) * 8 == len(words)
    assert set(words[5 * size :]) <= {0}
    in_word, each = max(1, 16 // width), -(-width // 16)
    for number, image in enumerate(codes.reshape(5, -1, lanes).tolist()):
        for place, beat in enumerate(image):
            first = number * size + place // in_word * each
            found = sum(word << 16 * n for n, word in enumerate(words[first : first + each]))
            expected = sum(code << bits * lane for lane, code in enumerate(beat))
            assert found >> place % in_word * width & (1 << width) - 1 == expected
