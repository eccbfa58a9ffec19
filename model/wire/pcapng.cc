// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/pcapng.h"

#include <cstddef>
#include <utility>

namespace isb
{

namespace
{

constexpr uint32_t SECTION_HEADER_BLOCK = 0x0a0d0d0a;
constexpr uint32_t INTERFACE_BLOCK = 1;
constexpr uint32_t ENHANCED_PACKET_BLOCK = 6;
constexpr uint32_t BYTE_ORDER_MAGIC = 0x1a2b3c4d;

constexpr uint16_t OPTION_END = 0;
constexpr uint16_t OPTION_COMMENT = 1;
constexpr uint16_t OPTION_INTERFACE_NAME = 2;
constexpr uint16_t OPTION_USER_APPLICATION = 4;
constexpr uint16_t OPTION_TIMESTAMP_RESOLUTION = 9;
constexpr uint8_t NANOSECONDS = 9; ///< 10^-9 s

constexpr size_t MOST_OPTION = 65535;

/// One block: type, length, body in units of four bytes, length again.
class Block
{
  public:
    explicit Block(uint32_t type)
    {
        Put32(type);
        Put32(0);
    }

    void
    Put16(uint16_t value)
    {
        m_bytes.push_back(static_cast<uint8_t>(value));
        m_bytes.push_back(static_cast<uint8_t>(value >> 8));
    }

    void
    Put32(uint32_t value)
    {
        Put16(static_cast<uint16_t>(value));
        Put16(static_cast<uint16_t>(value >> 16));
    }

    void
    PutPadded(const uint8_t* bytes, size_t size)
    {
        m_bytes.insert(m_bytes.end(), bytes, bytes + size);
        m_bytes.resize((m_bytes.size() + 3) / 4 * 4);
    }

    /// Text longer than an option holds is cut.
    void
    PutOption(uint16_t code, std::string_view text)
    {
        if (!text.empty())
        {
            text = text.substr(0, MOST_OPTION);
            Put16(code);
            Put16(static_cast<uint16_t>(text.size()));
            PutPadded(reinterpret_cast<const uint8_t*>(text.data()), text.size());
        }
    }

    /// The block, its options ended.
    std::vector<uint8_t>
    Finish()
    {
        Put16(OPTION_END);
        Put16(0);
        const auto length = static_cast<uint32_t>(m_bytes.size() + 4);
        Put32(length);
        for (size_t i = 0; i < 4; ++i)
        {
            m_bytes[4 + i] = static_cast<uint8_t>(length >> (8 * i));
        }
        return std::move(m_bytes);
    }

  private:
    std::vector<uint8_t> m_bytes;
};

} // namespace

std::vector<uint8_t>
PcapngSection(std::string_view application, std::string_view comment)
{
    Block block(SECTION_HEADER_BLOCK);
    block.Put32(BYTE_ORDER_MAGIC);
    block.Put16(1); // version 1.0
    block.Put16(0);
    block.Put32(UINT32_MAX); // section length: not known
    block.Put32(UINT32_MAX);
    block.PutOption(OPTION_COMMENT, comment);
    block.PutOption(OPTION_USER_APPLICATION, application);
    return block.Finish();
}

std::vector<uint8_t>
PcapngInterface(PcapngLinkType linkType, std::string_view name, std::string_view comment)
{
    constexpr char RESOLUTION = NANOSECONDS;
    Block block(INTERFACE_BLOCK);
    block.Put16(static_cast<uint16_t>(linkType));
    block.Put16(0);
    block.Put32(0); // packets of any length
    block.PutOption(OPTION_COMMENT, comment);
    block.PutOption(OPTION_INTERFACE_NAME, name);
    block.PutOption(OPTION_TIMESTAMP_RESOLUTION, std::string_view(&RESOLUTION, 1));
    return block.Finish();
}

std::vector<uint8_t>
PcapngPacket(uint32_t interface,
             TimePoint when,
             ByteView bytes,
             uint32_t originalLength,
             std::string_view comment)
{
    const auto stamp = static_cast<uint64_t>(when.count());
    Block block(ENHANCED_PACKET_BLOCK);
    block.Put32(interface);
    block.Put32(static_cast<uint32_t>(stamp >> 32));
    block.Put32(static_cast<uint32_t>(stamp));
    block.Put32(static_cast<uint32_t>(bytes.size));
    block.Put32(originalLength);
    block.PutPadded(bytes.data, bytes.size);
    block.PutOption(OPTION_COMMENT, comment);
    return block.Finish();
}

} // namespace isb
