// SPDX-License-Identifier: GPL-2.0-or-later
// The STUN codec: what is read and written again reads as the same; a fault has a name.
#include "model/wire/stun-message.h"

#include <cstdlib>

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

/// Attributes that EncodeStun() makes itself.
void
RemoveSeals(isb::StunMessage& message)
{
    std::vector<isb::StunAttribute> kept;
    for (isb::StunAttribute& attribute : message.attributes)
    {
        if (attribute.type != isb::StunType::MessageIntegrity &&
            attribute.type != isb::StunType::Fingerprint)
        {
            kept.push_back(std::move(attribute));
        }
    }
    message.attributes = std::move(kept);
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const isb::ByteView bytes(data, size);
    isb::StunMessage message;
    const isb::StunFault fault = isb::DecodeStun(bytes, message);
    const auto length = isb::StunLengthOf(bytes);
    Require(!ToString(fault).empty() || fault == isb::StunFault::None);
    if (fault != isb::StunFault::None)
    {
        return 0;
    }
    Require(length == size);
    RemoveSeals(message);
    for (const bool fingerprint : {false, true})
    {
        isb::StunMessage again;
        const auto encoded = EncodeStun(message, {nullptr, {}, fingerprint});
        Require(DecodeStun(encoded, again) == isb::StunFault::None ||
                message.attributes.size() == isb::STUN_ATTRIBUTE_LIMIT);
        RemoveSeals(again);
        Require(again.kind == message.kind && again.method == message.method &&
                again.id == message.id);
        Require(fingerprint || again.attributes == message.attributes);
    }
    (void)message.Mapped();
    (void)message.UnknownRequired({});
    return 0;
}
