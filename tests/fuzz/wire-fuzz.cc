// SPDX-License-Identifier: GPL-2.0-or-later
// Decoders of model/wire: the first byte chooses one, the rest is its input.
#include "model/wire/endpoint.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"
#include "model/wire/pcapng.h"
#include "model/wire/registration.h"
#include "model/wire/units.h"

#include <cstdlib>
#include <string_view>

namespace
{

void
Require(bool claim)
{
    if (!claim)
    {
        std::abort();
    }
}

/// What was read and written again reads as the same value; refusals are one line.
void
ReadUnits(std::string_view text)
{
    if (const auto duration = isb::ParseDuration(text))
    {
        Require(*isb::ParseDuration(isb::FormatDuration(*duration)) == *duration);
    }
    else
    {
        Require(!duration.Why().empty());
    }
    if (const auto rate = isb::ParseDataRate(text))
    {
        Require(*isb::ParseDataRate(isb::FormatDataRate(*rate)) == *rate);
    }
    if (const auto bytes = isb::ParseByteCount(text))
    {
        Require(*isb::ParseByteCount(isb::FormatByteCount(*bytes)) == *bytes);
    }
    if (const auto ratio = isb::ParseRatio(text))
    {
        Require(*isb::ParseRatio(isb::FormatRatio(*ratio)) == *ratio);
    }
}

void
ReadEndpoints(std::string_view text)
{
    if (const auto address = isb::Ipv4::Parse(text))
    {
        Require(address->ToString() == text);
    }
    if (const auto subnet = isb::Subnet::Parse(text))
    {
        Require(subnet->Contains(subnet->address));
        Require(isb::Subnet::Parse(subnet->ToString())->length == subnet->length);
    }
}

/// A packet that can be read lies inside its bytes.
void
ReadPacket(isb::ByteView bytes)
{
    isb::PacketView view;
    if (view.Read(bytes, bytes.size))
    {
        Require(view.TotalLength() <= bytes.size);
        Require(view.PayloadOffset() <= view.TotalLength());
        Require(view.PayloadOffset() + view.PayloadLength() <= view.TotalLength());
    }
    if (isb::ChecksumsAreRight(bytes))
    {
        Require(isb::FragmentPacket(bytes, 128).size() >= 1);
    }
    Require(isb::PcapngPacket(0, isb::TimePoint(1), bytes, 0).size() % 4 == 0);
    Require(!isb::IsRegistrationDatagram(bytes) || bytes.size == 16);
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0)
    {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    switch (data[0])
    {
    case 'u':
        ReadUnits(text);
        break;
    case 'e':
        ReadEndpoints(text);
        break;
    default:
        ReadPacket(isb::ByteView(data + 1, size - 1));
    }
    return 0;
}
