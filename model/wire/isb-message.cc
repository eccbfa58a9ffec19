// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/isb-message.h"

#include <algorithm>

namespace isb
{

namespace
{

/// In the order of IsbMessage's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<IsbMessage>> MESSAGE_NAMES = {
    "hello",
    "login",
    "logged-in",
    "ping",
    "pong",
    "bye",
    "fault",
    "probe",
    "probe-seen",
    "nat-status",
    "announce",
    "announced",
    "withdraw",
    "list",
    "listing",
    "subscribe",
    "offer",
    "answer",
    "subscribed",
    "unsubscribe",
    "subscription-ended",
    "open",
    "prepare",
    "ready",
    "instruct",
    "status",
    "connection-ended",
    "ist-list",
    "nearness",
    "splice-request",
    "splice-ready",
    "splice-event",
    "splice-cancel",
    "load",
    "gather",
    "gathered",
    "nat-probe",
    "nat-report",
    "volunteer-offer",
    "volunteer-answer",
    "volunteer-splice",
    "probe-order",
};

/// Bytes of the UTF-8 character (RFC 3629 section 4) at the start of the text; 0: not one, or a
/// control character.
size_t
CharacterLength(std::string_view text)
{
    const auto byte = [text](size_t at) { return static_cast<uint8_t>(text[at]); };
    const uint8_t first = byte(0);
    if (first < 0x80)
    {
        return first >= 0x20 && first != 0x7f ? 1 : 0;
    }
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length)
    {
        return 0;
    }
    uint32_t value = first & (0xffU >> (length + 1));
    for (size_t at = 1; at < length; ++at)
    {
        if ((byte(at) & 0xc0) != 0x80)
        {
            return 0;
        }
        value = (value << 6) | (byte(at) & 0x3fU);
    }
    constexpr std::array<uint32_t, 5> LEAST = {0, 0, 0xa0, 0x800, 0x10000}; // 0x80-0x9f: controls
    const bool surrogate = value >= 0xd800 && value < 0xe000;
    return value >= LEAST[length] && value < 0x110000 && !surrogate ? length : 0;
}

} // namespace

std::string_view
NameOf(const IsbMessage& message)
{
    return MESSAGE_NAMES[message.index()];
}

std::string_view
ToString(IsbCode code)
{
    switch (code)
    {
    case IsbCode::None:
        return "none";
    case IsbCode::BadFrame:
        return "bad-frame";
    case IsbCode::BadVersion:
        return "bad-version";
    case IsbCode::BadSequence:
        return "bad-sequence";
    case IsbCode::BadState:
        return "bad-state";
    case IsbCode::BadRequest:
        return "bad-request";
    case IsbCode::BadCredentials:
        return "bad-credentials";
    case IsbCode::Replaced:
        return "replaced";
    case IsbCode::TimedOut:
        return "timed-out";
    case IsbCode::QuotaExceeded:
        return "quota-exceeded";
    case IsbCode::Overloaded:
        return "overloaded";
    case IsbCode::NotFound:
        return "not-found";
    case IsbCode::NotOnline:
        return "not-online";
    case IsbCode::NotAllowed:
        return "not-allowed";
    case IsbCode::Refused:
        return "refused";
    case IsbCode::Withdrawn:
        return "withdrawn";
    case IsbCode::LoggedOut:
        return "logged-out";
    case IsbCode::PeerLost:
        return "peer-lost";
    case IsbCode::IstLost:
        return "ist-lost";
    case IsbCode::NoIst:
        return "no-ist";
    case IsbCode::ConnectFailed:
        return "connect-failed";
    case IsbCode::ServerRefused:
        return "server-refused";
    case IsbCode::BadToken:
        return "bad-token";
    case IsbCode::LimitReached:
        return "limit-reached";
    case IsbCode::Duplicate:
        return "duplicate";
    case IsbCode::SlowReader:
        return "slow-reader";
    case IsbCode::Cancelled:
        return "cancelled";
    }
    return "unknown";
}

std::string_view
ToString(Reachability reachability)
{
    switch (reachability)
    {
    case Reachability::Unknown:
        return "unknown";
    case Reachability::Public:
        return "public";
    case Reachability::Private:
        return "private";
    }
    return "unknown";
}

std::string_view
ToString(ServicePath path)
{
    switch (path)
    {
    case ServicePath::Direct:
        return "direct";
    case ServicePath::Reversed:
        return "reversed";
    case ServicePath::Translated:
        return "translated";
    case ServicePath::Punched:
        return "punched";
    }
    return "unknown";
}

std::string_view
ToString(ForwardingMethod method)
{
    switch (method)
    {
    case ForwardingMethod::Proxy:
        return "proxy";
    case ForwardingMethod::Active:
        return "active";
    case ForwardingMethod::Passive:
        return "passive";
    case ForwardingMethod::Pure:
        return "pure";
    case ForwardingMethod::Udp:
        return "udp";
    }
    return "unknown";
}

std::string_view
ToString(ConnectionPhase phase)
{
    switch (phase)
    {
    case ConnectionPhase::Established:
        return "established";
    case ConnectionPhase::Failed:
        return "failed";
    case ConnectionPhase::Started:
        return "started";
    case ConnectionPhase::Closed:
        return "closed";
    }
    return "unknown";
}

std::string_view
ToString(SpliceNews news)
{
    switch (news)
    {
    case SpliceNews::FirstSyn:
        return "first-syn";
    case SpliceNews::Paired:
        return "paired";
    case SpliceNews::FellBack:
        return "fell-back";
    case SpliceNews::Ended:
        return "ended";
    case SpliceNews::Failed:
        return "failed";
    }
    return "unknown";
}

Token
ToldHalf(const Token& token)
{
    Token told{};
    std::copy_n(token.begin(), told.size() / 2, told.begin());
    return told;
}

bool
IsIsbName(std::string_view name)
{
    const auto isRight = [](char c)
    {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= ISB_NAME_LIMIT &&
           std::all_of(name.begin(), name.end(), isRight);
}

bool
IsIsbText(std::string_view text)
{
    if (text.size() > ISB_TEXT_LIMIT)
    {
        return false;
    }
    while (!text.empty())
    {
        const size_t length = CharacterLength(text);
        if (length == 0)
        {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

} // namespace isb
