// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/header-image.h"

#include "ns3/header.h"

#include <algorithm>
#include <cstring>

namespace ns3
{

namespace
{

constexpr uint8_t PROTOCOL_ICMP = 1;

void
Put16(uint8_t* to, uint32_t value)
{
    to[0] = static_cast<uint8_t>(value >> 8);
    to[1] = static_cast<uint8_t>(value);
}

void
Put32(uint8_t* to, uint32_t value)
{
    Put16(to, value >> 16);
    Put16(to + 2, value & 0xffff);
}

uint16_t
Get16(const uint8_t* from)
{
    return static_cast<uint16_t>(from[0] << 8 | from[1]);
}

uint32_t
Get32(const uint8_t* from)
{
    return uint32_t{Get16(from)} << 16 | Get16(from + 2);
}

/// Internet checksum (RFC 1071) of an IP header whose checksum field is zero.
uint16_t
HeaderChecksum(const uint8_t* header, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < size; i += 2)
    {
        sum += Get16(header + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

/// Bytes put in front of a packet as they are.
class RawBytes : public Header
{
  public:
    static TypeId
    GetTypeId()
    {
        static TypeId tid = TypeId("ns3::IsbRawBytes").SetParent<Header>().SetGroupName("Isb");
        return tid;
    }

    RawBytes(const uint8_t* bytes, size_t size)
        : m_bytes(bytes),
          m_size(static_cast<uint32_t>(size))
    {
    }

    TypeId
    GetInstanceTypeId() const override
    {
        return GetTypeId();
    }

    uint32_t
    GetSerializedSize() const override
    {
        return m_size;
    }

    void
    Serialize(Buffer::Iterator start) const override
    {
        start.Write(m_bytes, m_size);
    }

    uint32_t
    Deserialize(Buffer::Iterator) override
    {
        return m_size;
    }

    void
    Print(std::ostream& os) const override
    {
        os << "bytes=" << m_size;
    }

  private:
    const uint8_t* m_bytes;
    uint32_t m_size;
};

/// The 16 bits of flags and fragment offset (RFC 791 section 3.1).
uint32_t
FragmentField(const Ipv4Header& header)
{
    return uint32_t{header.IsDontFragment()} << 14 | uint32_t{!header.IsLastFragment()} << 13 |
           uint32_t{header.GetFragmentOffset()} / 8;
}

} // namespace

HeaderImage::HeaderImage(const Packet& packet,
                         const Ipv4Header& header,
                         bool checksum,
                         size_t limit)
{
    const uint32_t payload = packet.GetSize();
    m_packetLength = payload + IP_HEADER;
    uint8_t* ip = m_bytes.data();
    ip[0] = 0x45;
    ip[1] = header.GetTos();
    Put16(ip + 2, static_cast<uint32_t>(m_packetLength));
    Put16(ip + 4, header.GetIdentification());
    Put16(ip + 6, FragmentField(header));
    ip[8] = header.GetTtl();
    ip[9] = header.GetProtocol();
    Put16(ip + 10, 0);
    Put32(ip + 12, header.GetSource().Get());
    Put32(ip + 16, header.GetDestination().Get());
    if (checksum)
    {
        Put16(ip + 10, HeaderChecksum(ip, IP_HEADER));
    }
    const size_t most = header.GetProtocol() == PROTOCOL_ICMP ? MOST_BYTES : limit;
    const size_t copied = std::min<size_t>(payload, most - IP_HEADER);
    packet.CopyData(ip + IP_HEADER, static_cast<uint32_t>(copied));
    std::memcpy(m_before.data(), ip + IP_HEADER, copied);
    m_size = IP_HEADER + copied;
}

size_t
HeaderImage::ChangedBytes() const
{
    const uint8_t* now = m_bytes.data() + IP_HEADER;
    size_t end = m_size - IP_HEADER;
    // Edits are in front: step over what is equal behind them, coarsely first.
    constexpr size_t step = 32;
    while (end >= step && std::memcmp(&m_before[end - step], now + end - step, step) == 0)
    {
        end -= step;
    }
    while (end > 0 && m_before[end - 1] == now[end - 1])
    {
        --end;
    }
    return end;
}

Ptr<const Packet>
HeaderImage::Restore(Ptr<const Packet> packet, Ipv4Header& header) const
{
    const uint8_t* ip = m_bytes.data();
    header.SetSource(Ipv4Address(Get32(ip + 12)));
    header.SetDestination(Ipv4Address(Get32(ip + 16)));
    const size_t changed = ChangedBytes();
    if (changed == 0)
    {
        return packet;
    }
    Ptr<Packet> edited = packet->Copy();
    edited->RemoveAtStart(static_cast<uint32_t>(changed));
    edited->AddHeader(RawBytes(ip + IP_HEADER, changed));
    return edited;
}

Ptr<Packet>
HeaderImage::Split(isb::ByteView bytes, Ipv4Header& header)
{
    const uint8_t* ip = bytes.data;
    header.SetTos(ip[1]);
    header.SetIdentification(Get16(ip + 4));
    header.SetTtl(ip[8]);
    header.SetProtocol(ip[9]);
    header.SetSource(Ipv4Address(Get32(ip + 12)));
    header.SetDestination(Ipv4Address(Get32(ip + 16)));
    if (ip[6] & 0x40)
    {
        header.SetDontFragment();
    }
    const size_t payload = bytes.size - IP_HEADER;
    header.SetPayloadSize(static_cast<uint16_t>(payload));
    return Create<Packet>(ip + IP_HEADER, static_cast<uint32_t>(payload));
}

} // namespace ns3
