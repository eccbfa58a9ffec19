// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_ISB_CODEC_H
#define ISB_WIRE_ISB_CODEC_H

#include "model/wire/bytes.h"
#include "model/wire/isb-message.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace isb
{

/// The frame as it goes over TCP: 4 bytes length of the body (big endian), then the body, protobuf
/// after isb.proto. The message must be one that a deframer takes (asserted): names, texts and
/// lists within the limits of isb-message.h, which also keep it within ISB_FRAME_LIMIT. The same
/// frame gives the same bytes.
[[nodiscard]] std::vector<uint8_t> EncodeFrame(const IsbFrame& frame);

/// Cuts a byte stream into frames and decodes them. Strict; the first fault ends it, and nothing
/// more is read or kept:
///   BadFrame     length 0 or above ISB_FRAME_LIMIT, not protobuf, no message or an unknown one
///   BadVersion   not ISB_PROTOCOL_VERSION
///   BadSequence  not the next number
///   BadRequest   a field out of its range: enumerator, name, text, port, address, token, duration,
///                length of a list
/// Unknown fields are ignored: version 1 may grow by fields that a peer need not know.
class IsbDeframer
{
  public:
    /// Takes bytes as they come. Who drains Next() after each Push() makes it hold less than one
    /// frame (4 + ISB_FRAME_LIMIT bytes) between them.
    void Push(ByteView bytes);

    /// The next complete frame, or nothing when more bytes are needed or a fault was found.
    /// Sequence numbers are checked: 1, 2, 3, ...
    [[nodiscard]] std::optional<IsbFrame> Next();

    /// None while all is well.
    [[nodiscard]] IsbCode
    Fault() const
    {
        return m_fault;
    }

    /// Bytes held: of a frame that is not complete, or not asked for yet.
    [[nodiscard]] size_t
    Held() const
    {
        return m_bytes.size() - m_read;
    }

  private:
    void Fail(IsbCode code);

    std::vector<uint8_t> m_bytes;
    size_t m_read = 0; ///< of m_bytes, already decoded
    uint64_t m_lastSequence = 0;
    IsbCode m_fault = IsbCode::None;
};

} // namespace isb

#endif
