// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_PACKET_STORE_H
#define ISB_EMULATION_IO_PACKET_STORE_H

#include "model/wire/bytes.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// Packets that wait, by numbers. Memory of packets that left is used again, so nothing is
/// allocated in the long run.
class PacketStore
{
  public:
    /// Keeps a copy; its number stays valid until Forget().
    uint64_t
    Keep(ByteView bytes)
    {
        if (m_free.empty())
        {
            m_free.push_back(m_packets.size());
            m_packets.emplace_back();
        }
        const uint64_t number = m_free.back();
        m_free.pop_back();
        m_packets[number].assign(bytes.data, bytes.data + bytes.size);
        return number;
    }

    /// The packet; valid until the next Keep().
    [[nodiscard]] ByteView
    Packet(uint64_t number) const
    {
        return m_packets[number];
    }

    void
    Forget(uint64_t number)
    {
        m_free.push_back(number);
    }

    [[nodiscard]] size_t
    Count() const
    {
        return m_packets.size() - m_free.size();
    }

  private:
    std::vector<std::vector<uint8_t>> m_packets;
    std::vector<uint64_t> m_free;
};

} // namespace isb

#endif
