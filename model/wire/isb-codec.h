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
/// after isb.proto. A message of ours always fits ISB_FRAME_LIMIT (asserted).
[[nodiscard]] std::vector<uint8_t> EncodeFrame(const IsbFrame& frame);

/// Cuts a byte stream into frames and decodes them. Strict: unknown message, enumerator out of
/// range, bad name, address or port, trailing bytes are faults; after a fault nothing more is read.
/// Bounded: buffers at most one frame (4 + ISB_FRAME_LIMIT bytes).
class IsbDeframer
{
  public:
    /// Takes bytes as they come. At most one frame beyond those returned is kept.
    void Push(ByteView bytes);

    /// The next complete frame, or nothing when more bytes are needed or a fault was found.
    /// Sequence numbers are checked: 1, 2, 3, ...
    [[nodiscard]] std::optional<IsbFrame> Next();

    /// BadFrame, BadVersion, BadSequence, BadRequest; None while all is well.
    [[nodiscard]] IsbCode
    Fault() const
    {
        return m_fault;
    }

  private:
    std::vector<uint8_t> m_bytes;
    size_t m_read = 0; ///< of m_bytes, already decoded
    uint64_t m_lastSequence = 0;
    IsbCode m_fault = IsbCode::None;
};

} // namespace isb

#endif
