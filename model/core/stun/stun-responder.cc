// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/stun-responder.h"

#include <string>

namespace isb
{

namespace
{

bool
AsksForChange(const StunMessage& message, StunType type)
{
    const StunAttribute* attribute = message.Find(type);
    const auto change = attribute == nullptr ? std::nullopt : ReadStunChange(*attribute);
    return change && (change->address || change->port);
}

StunChange
ChangeOf(const StunMessage& message, StunType type)
{
    const StunAttribute* attribute = message.Find(type);
    return attribute == nullptr ? StunChange{} : ReadStunChange(*attribute).value_or(StunChange{});
}

/// Attributes below 0x8000 that this request may have.
std::vector<StunType>
KnownIn(const StunRequest& request, bool canChange)
{
    // Credentials are not asked for, and not looked at when they come.
    std::vector<StunType> known{StunType::Username,
                                StunType::MessageIntegrity,
                                StunType::Realm,
                                StunType::Nonce};
    const bool udp = request.protocol == Protocol::Udp;
    if ((udp && canChange) || !AsksForChange(request.message, StunType::ChangeRequest))
    {
        known.push_back(StunType::ChangeRequest);
    }
    if (udp && !request.message.IsClassic())
    {
        known.push_back(StunType::ResponsePort);
        known.push_back(StunType::Padding);
    }
    return known;
}

StunAnswer
Silence(std::string_view why)
{
    StunAnswer answer;
    answer.silence = why;
    return answer;
}

/// Seals the response; it goes back where the request came from.
StunAnswer
Finish(const StunRequest& request, const StunMessage& response)
{
    StunAnswer answer;
    StunSeal seal;
    seal.fingerprint =
        !request.message.IsClassic() && request.message.Find(StunType::Fingerprint) != nullptr;
    answer.bytes = EncodeStun(response, seal);
    answer.from = request.local;
    answer.to = request.source;
    answer.isError = response.kind == StunClass::Error;
    return answer;
}

StunAnswer
Refuse(const StunRequest& request, uint16_t code, const char* reason, std::vector<StunType> unknown)
{
    StunMessage response;
    response.kind = StunClass::Error;
    response.id = request.message.id;
    response.attributes.push_back(MakeStunError({code, reason}));
    if (!unknown.empty())
    {
        // RFC 3489 section 11.2.10: an odd number is made even by repeating one.
        if (request.message.IsClassic() && unknown.size() % 2 != 0)
        {
            unknown.push_back(unknown.back());
        }
        response.attributes.push_back(MakeStunUnknown(unknown));
    }
    return Finish(request, response);
}

void
AddAddresses(StunMessage& response,
             const StunRequest& request,
             Endpoint from,
             const std::optional<Endpoint>& other)
{
    const StunAddress mapped = StunAddress::From(request.source);
    const bool classic = request.message.IsClassic();
    response.attributes.push_back(classic ? MakeStunAddress(StunType::MappedAddress, mapped)
                                          : MakeStunXorAddress(mapped, response.id));
    response.attributes.push_back(
        MakeStunAddress(classic ? StunType::SourceAddress : StunType::ResponseOrigin,
                        StunAddress::From(from)));
    if (other)
    {
        response.attributes.push_back(
            MakeStunAddress(classic ? StunType::ChangedAddress : StunType::OtherAddress,
                            StunAddress::From(*other)));
    }
}

/// As much as the request leaves room for.
void
AddPadding(StunMessage& response, const StunRequest& request)
{
    if (request.message.Find(StunType::Padding) == nullptr)
    {
        return;
    }
    constexpr size_t HEADER = 4;
    StunSeal seal;
    seal.fingerprint = request.message.Find(StunType::Fingerprint) != nullptr;
    const size_t taken = EncodeStun(response, seal).size() + HEADER;
    response.attributes.push_back(
        MakeStunPadding(request.bytes > taken ? request.bytes - taken : 0));
}

} // namespace

StunEndpoints::StunEndpoints(const StunServerSettings& settings)
    : m_primary(settings.primary),
      m_alternate(settings.alternate),
      m_port(settings.port),
      m_otherPort(settings.otherPort)
{
}

std::vector<Endpoint>
StunEndpoints::All() const
{
    std::vector<Endpoint> all;
    for (const Ipv4 address : {m_primary, m_alternate})
    {
        for (const uint16_t port : {m_port, m_otherPort})
        {
            if ((address.value != 0 || address == m_primary) && port != 0)
            {
                all.push_back({address, port});
            }
        }
    }
    return all;
}

std::optional<Endpoint>
StunEndpoints::Changed(Endpoint local, StunChange change) const
{
    if (change.address)
    {
        local.address = local.address == m_alternate ? m_primary : m_alternate;
    }
    if (change.port)
    {
        local.port = local.port == m_otherPort ? m_port : m_otherPort;
    }
    return local.address.value == 0 || local.port == 0 ? std::nullopt : std::optional(local);
}

StunAnswer
AnswerStun(const StunRequest& request, const StunEndpoints& endpoints, std::string_view software)
{
    const StunMessage& message = request.message;
    if (message.kind != StunClass::Request)
    {
        return Silence("stun.not-a-request");
    }
    if (message.method != STUN_BINDING)
    {
        return Silence("stun.unknown-method");
    }
    const auto from = endpoints.Changed(request.local, ChangeOf(message, StunType::ChangeRequest));
    if (!from && message.IsClassic())
    {
        return Silence("stun.no-alternate");
    }
    const auto unknown = message.UnknownRequired(KnownIn(request, from.has_value()));
    if (!unknown.empty())
    {
        return Refuse(request, 420, "Unknown Attribute", unknown);
    }
    const StunAttribute* port = message.Find(StunType::ResponsePort);
    if (port != nullptr && message.Find(StunType::Padding) != nullptr)
    {
        return Refuse(request, 400, "RESPONSE-PORT with PADDING", {}); // RFC 5780 section 6.1
    }
    StunMessage response;
    response.kind = StunClass::Success;
    response.id = message.id;
    AddAddresses(response, request, *from, endpoints.Changed(request.local, {true, true}));
    StunAnswer answer;
    if (request.protocol == Protocol::Tcp && AsksForChange(message, StunType::ConnectFrom))
    {
        const StunChange change = ChangeOf(message, StunType::ConnectFrom);
        if (endpoints.Changed(request.local, {change.address, false}))
        {
            answer.call = change;
            response.attributes.push_back(MakeStunChange(StunType::ConnectFrom, change));
        }
    }
    if (message.Find(StunType::Software) != nullptr && !software.empty() && !message.IsClassic())
    {
        response.attributes.push_back(MakeStunText(StunType::Software, software));
    }
    AddPadding(response, request);
    StunAnswer finished = Finish(request, response);
    finished.call = answer.call;
    finished.from = *from;
    if (port != nullptr)
    {
        finished.to.port = ReadStunPort(*port).value_or(request.source.port);
    }
    return finished;
}

} // namespace isb
