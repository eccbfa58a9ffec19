// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_BYTES_H
#define ISB_WIRE_BYTES_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// Bytes that someone else owns, read only.
struct ByteView
{
    const uint8_t* data = nullptr;
    size_t size = 0;

    ByteView() = default;

    ByteView(const uint8_t* bytes, size_t count)
        : data(bytes),
          size(count)
    {
    }

    ByteView(const std::vector<uint8_t>& bytes)
        : data(bytes.data()),
          size(bytes.size())
    {
    }
};

/// Bytes that someone else owns, to be changed in place; the size never changes.
struct MutableBytes
{
    uint8_t* data = nullptr;
    size_t size = 0;

    MutableBytes() = default;

    MutableBytes(uint8_t* bytes, size_t count)
        : data(bytes),
          size(count)
    {
    }

    MutableBytes(std::vector<uint8_t>& bytes)
        : data(bytes.data()),
          size(bytes.size())
    {
    }

    operator ByteView() const
    {
        return {data, size};
    }
};

} // namespace isb

#endif
