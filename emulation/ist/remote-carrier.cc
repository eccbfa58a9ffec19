// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/remote-carrier.h"

#include "emulation/io/unix-request.h"
#include "emulation/ist/json-fields.h"
#include "emulation/sys/system-error.h"

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <sys/socket.h>
#include <utility>

namespace isb
{

namespace
{

// A page of splices takes about 100 KiB.
constexpr size_t LARGEST_ANSWER = 16U << 20;
constexpr size_t CHUNK = 65536;

TimePoint
Now()
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

/// The value, or an exception: the other process speaks another language.
template <typename T>
T
Understood(Result<T> result)
{
    if (!result)
    {
        throw std::runtime_error("the carrier's answer is not understood: " + result.Why());
    }
    return std::move(*result);
}

} // namespace

RemoteCarrier::RemoteCarrier(std::string path)
    : m_path(std::move(path)),
      m_description(std::make_unique<Json>(Ask({{"order", "describe"}}))),
      m_name(JsonFields(*m_description, "description").Text("carrier"))
{
}

RemoteCarrier::~RemoteCarrier() = default;

Json
RemoteCarrier::Ask(const Json& order) const
{
    const std::string text = AskUnix(m_path, order.dump() + "\n", LARGEST_ANSWER);
    Json answer = Json::parse(text, nullptr, false);
    if (!answer.is_object())
    {
        throw SystemError("read the answer of " + m_path, EPROTO);
    }
    if (answer.contains("fault"))
    {
        throw std::runtime_error(m_path + ": " + JsonFields(answer, "answer").Text("fault"));
    }
    return answer;
}

std::string_view
RemoteCarrier::Name() const
{
    return m_name;
}

Result<uint64_t>
RemoteCarrier::Add(const IstPair& pair)
{
    const Json answer = Ask({{"order", "add"}, {"pair", PairJson(pair)}});
    JsonFields fields(answer, "answer");
    const std::string refused = fields.Text("refused");
    if (!refused.empty())
    {
        return Error{refused};
    }
    return fields.Number("id");
}

bool
RemoteCarrier::Remove(uint64_t id)
{
    return Ask({{"order", "remove"}, {"id", id}}) == Json{{"removed", true}};
}

std::vector<IstSpliceInfo>
RemoteCarrier::List()
{
    std::vector<IstSpliceInfo> all;
    for (bool more = true; more;)
    {
        const Json answer = Ask({{"order", "list"}, {"after", all.empty() ? 0 : all.back().id}});
        const JsonFields fields(answer, "answer");
        const size_t before = all.size();
        for (const Json& splice : fields.Any("splices"))
        {
            all.push_back(Understood(ReadSplice(splice, Now(), m_words)));
        }
        more = fields.Any("more") == Json(true) && all.size() > before;
    }
    return all;
}

std::optional<IstSpliceInfo>
RemoteCarrier::Find(uint64_t id)
{
    const Json answer = Ask({{"order", "find"}, {"id", id}});
    const Json& splice = JsonFields(answer, "answer").Any("splice");
    if (splice.is_null())
    {
        return std::nullopt;
    }
    return Understood(ReadSplice(splice, Now(), m_words));
}

IstCounters
RemoteCarrier::Counters()
{
    const Json answer = Ask({{"order", "counters"}});
    return Understood(ReadCounters(JsonFields(answer, "answer").Any("counters"), m_words));
}

const Json&
RemoteCarrier::Description() const
{
    return *m_description;
}

void
RemoteCarrier::Watch() const
{
    if (m_watch)
    {
        return;
    }
    m_watch = SendUnix(m_path, Json{{"order", "watch"}}.dump() + "\n");
    // From the answer on the other side tells everything; it comes a byte at a time, so that none
    // of a later line is taken.
    std::string answer;
    while (answer.empty() || answer.back() != '\n')
    {
        char one = 0;
        const ssize_t got = ::recv(m_watch.Get(), &one, 1, 0);
        if (got < 0 && errno == EINTR)
        {
            continue;
        }
        if (got <= 0 || answer.size() > CHUNK)
        {
            m_watch.Close();
            throw SystemError("watch the news of " + m_path, got == 0 ? ECONNRESET : errno);
        }
        answer.push_back(one);
    }
    const Json json = Json::parse(answer, nullptr, false);
    if (json.is_object() && json.contains("fault"))
    {
        m_watch.Close();
        throw std::runtime_error(m_path + ": " + JsonFields(json, "answer").Text("fault"));
    }
}

std::vector<CarrierNews>
RemoteCarrier::TakeNews()
{
    Watch();
    std::vector<CarrierNews> all;
    std::array<char, CHUNK> chunk{};
    for (;;)
    {
        const ssize_t got = ::recv(m_watch.Get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
        {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        {
            break;
        }
        if (got <= 0)
        {
            if (!all.empty())
            {
                break; // first what was told; the next call finds the end again
            }
            throw SystemError("watch the news of " + m_path, got == 0 ? ECONNRESET : errno);
        }
        m_received.append(chunk.data(), static_cast<size_t>(got));
        for (size_t end = m_received.find('\n'); end != std::string::npos;
             end = m_received.find('\n'))
        {
            const Json line = Json::parse(m_received.substr(0, end), nullptr, false);
            m_received.erase(0, end + 1);
            all.push_back(Understood(ReadNews(JsonFields(line, "line").Any("news"), m_words)));
        }
    }
    return all;
}

int
RemoteCarrier::NewsDescriptor() const
{
    Watch();
    return m_watch.Get();
}

void
RemoteCarrier::Stop()
{
    (void)Ask({{"order", "stop"}});
    // The process holds this connection until it ends.
    try
    {
        const Descriptor end = SendUnix(m_path, "");
        char nothing = 0;
        while (::recv(end.Get(), &nothing, 1, 0) < 0 && errno == EINTR)
        {
        }
    }
    catch (const SystemError&)
    {
        return; // it has gone already
    }
}

} // namespace isb
