// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_WIRE_PLAIN_HASH_H
#define ISB_TESTS_WIRE_PLAIN_HASH_H

#include "model/wire/stun-message.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace isb::test
{

/// SHA-1 (FIPS 180-4), HMAC (RFC 2104) and MD5 (RFC 1321), word by word as printed: for tests.
class PlainHash : public StunHash
{
  public:
    [[nodiscard]] std::array<uint8_t, 20>
    HmacSha1(ByteView key, ByteView data) const override
    {
        std::vector<uint8_t> block(key.data, key.data + key.size);
        if (block.size() > 64)
        {
            const auto digest = Sha1(block);
            block.assign(digest.begin(), digest.end());
        }
        block.resize(64);
        std::vector<uint8_t> inner;
        std::vector<uint8_t> outer;
        for (const uint8_t byte : block)
        {
            inner.push_back(static_cast<uint8_t>(byte ^ 0x36));
            outer.push_back(static_cast<uint8_t>(byte ^ 0x5c));
        }
        inner.insert(inner.end(), data.data, data.data + data.size);
        const auto digest = Sha1(inner);
        outer.insert(outer.end(), digest.begin(), digest.end());
        return Sha1(outer);
    }

    [[nodiscard]] std::array<uint8_t, 16>
    Md5(ByteView data) const override
    {
        static constexpr int SHIFTS[4][4] = {{7, 12, 17, 22},
                                             {5, 9, 14, 20},
                                             {4, 11, 16, 23},
                                             {6, 10, 15, 21}};
        std::vector<uint8_t> text = Padded(data);
        for (size_t i = 0; i < 8; ++i)
        {
            text.push_back(static_cast<uint8_t>(uint64_t{data.size} * 8 >> 8 * i));
        }
        std::array<uint32_t, 4> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
        for (size_t at = 0; at < text.size(); at += 64)
        {
            auto [a, b, c, d] = state;
            for (uint32_t i = 0; i < 64; ++i)
            {
                const uint32_t round = i / 16;
                const uint32_t f = round == 0   ? (b & c) | (~b & d)
                                   : round == 1 ? (d & b) | (~d & c)
                                   : round == 2 ? b ^ c ^ d
                                                : c ^ (b | ~d);
                const uint32_t word = round == 0   ? i
                                      : round == 1 ? (5 * i + 1) % 16
                                      : round == 2 ? (3 * i + 5) % 16
                                                   : 7 * i % 16;
                const uint8_t* m = text.data() + at + 4 * word;
                const auto sine = static_cast<uint32_t>(std::fabs(std::sin(i + 1)) * 4294967296.0);
                const uint32_t sum =
                    a + f + sine +
                    (m[0] | uint32_t{m[1]} << 8 | uint32_t{m[2]} << 16 | uint32_t{m[3]} << 24);
                a = d;
                d = c;
                c = b;
                b += Rotated(sum, SHIFTS[round][i % 4]);
            }
            state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
        }
        std::array<uint8_t, 16> digest;
        for (size_t i = 0; i < digest.size(); ++i)
        {
            digest[i] = static_cast<uint8_t>(state[i / 4] >> 8 * (i % 4));
        }
        return digest;
    }

  private:
    static uint32_t
    Rotated(uint32_t value, int by)
    {
        return value << by | value >> (32 - by);
    }

    static std::vector<uint8_t>
    Padded(ByteView data)
    {
        std::vector<uint8_t> text(data.data, data.data + data.size);
        text.push_back(0x80);
        while (text.size() % 64 != 56)
        {
            text.push_back(0);
        }
        return text;
    }

    static std::array<uint8_t, 20>
    Sha1(ByteView data)
    {
        std::vector<uint8_t> text = Padded(data);
        for (int shift = 56; shift >= 0; shift -= 8)
        {
            text.push_back(static_cast<uint8_t>(uint64_t{data.size} * 8 >> shift));
        }
        std::array<uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
        for (size_t at = 0; at < text.size(); at += 64)
        {
            std::array<uint32_t, 80> w;
            for (size_t i = 0; i < 80; ++i)
            {
                const uint8_t* m = text.data() + at + 4 * i;
                w[i] = i < 16 ? uint32_t{m[0]} << 24 | uint32_t{m[1]} << 16 | uint32_t{m[2]} << 8 |
                                    m[3]
                              : Rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
            }
            auto [a, b, c, d, e] = state;
            for (size_t i = 0; i < 80; ++i)
            {
                const uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                                   : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                                   : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                            : (b ^ c ^ d) + 0xca62c1d6;
                const uint32_t next = Rotated(a, 5) + f + e + w[i];
                e = d;
                d = c;
                c = Rotated(b, 30);
                b = a;
                a = next;
            }
            state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
        }
        std::array<uint8_t, 20> digest;
        for (size_t i = 0; i < digest.size(); ++i)
        {
            digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
        }
        return digest;
    }
};

} // namespace isb::test

#endif
