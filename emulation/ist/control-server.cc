// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/control-server.h"

#include "emulation/ist/json-fields.h"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

namespace isb
{

namespace
{

/// On Linux steady_clock is CLOCK_MONOTONIC, the clock of the carriers.
TimePoint
Now()
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

std::string
Line(const Json& json)
{
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string
FaultLine(const std::string& why)
{
    return Line({{"fault", why}});
}

} // namespace

/// One who is connected; lives as long as something waits for him.
struct ControlServer::Client
{
    Client(UnixListener::Socket ofSocket, UnixListener::Seat ofSeat)
        : socket(std::move(ofSocket)),
          patience(socket.get_executor()),
          seat(std::move(ofSeat))
    {
    }

    void
    HangUp()
    {
        std::error_code ignored;
        socket.close(ignored);
        patience.cancel();
    }

    /// Hangs up unless something else is done with `patience` before.
    static void
    Limit(const std::shared_ptr<Client>& client, std::chrono::milliseconds patience)
    {
        client->patience.expires_after(patience);
        client->patience.async_wait(
            [client](const std::error_code& error)
            {
                if (!error)
                {
                    client->HangUp();
                }
            });
    }

    UnixListener::Socket socket;
    asio::steady_timer patience;
    UnixListener::Seat seat;
    std::string received;
    std::string sending;
    std::string waiting; ///< to be sent after `sending`
    bool isWatcher = false;
    bool stops = false; ///< the program ends after the answer
};

ControlServer::ControlServer(asio::io_context& io,
                             const std::string& path,
                             SpliceCarrier& carrier,
                             std::function<Json()> describe,
                             std::function<void()> stop,
                             std::chrono::milliseconds patience)
    : m_carrier(carrier),
      m_describe(std::move(describe)),
      m_stop(std::move(stop)),
      m_patience(patience),
      m_news(io, carrier.NewsDescriptor()),
      m_listener(io,
                 {path, "orders", MOST_CLIENTS, 0600},
                 [this](UnixListener::Socket socket, UnixListener::Seat seat)
                 { Serve(std::move(socket), std::move(seat)); })
{
    AwaitNews();
}

ControlServer::~ControlServer()
{
    m_news.release();
}

void
ControlServer::Serve(UnixListener::Socket socket, UnixListener::Seat seat)
{
    const auto client = std::make_shared<Client>(std::move(socket), std::move(seat));
    Client::Limit(client, m_patience);
    ReadOrder(client);
}

void
ControlServer::ReadOrder(const std::shared_ptr<Client>& client)
{
    asio::async_read_until(
        client->socket,
        asio::dynamic_buffer(client->received, LARGEST_ORDER),
        '\n',
        [this, client](const std::error_code& error, size_t length)
        {
            if (error && error != asio::error::not_found)
            {
                client->HangUp();
                return;
            }
            const std::string_view line = std::string_view(client->received).substr(0, length);
            // Nothing may follow an order: a second one would never be answered.
            const bool isOne = !error && client->received.size() == length;
            const Json order = isOne ? Json::parse(line, nullptr, false) : Json();
            client->waiting = error ? FaultLine("the order is longer than " +
                                                std::to_string(LARGEST_ORDER) + " bytes")
                                    : Answer(client, order);
            Write(client);
        });
}

std::string
ControlServer::Answer(const std::shared_ptr<Client>& client, const Json& order)
{
    JsonFields fields(order, "the order");
    const std::string name = fields.Text("order");
    const uint64_t id = fields.Number("id");
    if (fields.Failure())
    {
        return FaultLine(fields.Failure()->text);
    }
    try
    {
        if (name == "describe")
        {
            return Line(m_describe());
        }
        if (name == "add")
        {
            return Line(AnswerAdd(order));
        }
        if (name == "remove")
        {
            return Line({{"removed", m_carrier.Remove(id)}});
        }
        if (name == "list")
        {
            return Line(AnswerList(order));
        }
        if (name == "find")
        {
            const auto splice = m_carrier.Find(id);
            return Line({{"splice", splice ? SpliceJson(*splice, Now()) : Json()}});
        }
        if (name == "counters")
        {
            return Line({{"counters", CountersJson(m_carrier.Counters())}});
        }
        if (name == "stop")
        {
            client->stops = true;
            return Line({{"stopping", true}});
        }
        if (name == "watch" && m_watchers.size() < MOST_WATCHERS)
        {
            Watch(client);
            return Line({{"watching", true}});
        }
    }
    catch (const std::exception& error)
    {
        return FaultLine(error.what());
    }
    return FaultLine(name == "watch" ? std::to_string(MOST_WATCHERS) + " others watch already"
                                     : "there is no order '" + name + "'");
}

Json
ControlServer::AnswerAdd(const Json& order)
{
    const JsonFields fields(order, "the order");
    const auto pair = ReadPair(fields.Any("pair"));
    if (!pair)
    {
        return {{"fault", pair.Why()}};
    }
    const auto id = m_carrier.Add(*pair);
    return id ? Json{{"id", *id}} : Json{{"refused", id.Why()}};
}

Json
ControlServer::AnswerList(const Json& order)
{
    JsonFields fields(order, "the order");
    const uint64_t after = fields.Number("after");
    if (fields.Failure())
    {
        return {{"fault", fields.Failure()->text}};
    }
    const std::vector<IstSpliceInfo> all = m_carrier.List();
    const TimePoint now = Now();
    Json splices = Json::array();
    auto next = std::upper_bound(all.begin(),
                                 all.end(),
                                 after,
                                 [](uint64_t id, const IstSpliceInfo& one) { return id < one.id; });
    for (; next != all.end() && splices.size() < PAGE; ++next)
    {
        splices.push_back(SpliceJson(*next, now));
    }
    return {{"splices", std::move(splices)}, {"more", next != all.end()}};
}

/// Sends what waits, then hangs up on all but watchers.
void
ControlServer::Write(const std::shared_ptr<Client>& client)
{
    client->sending = std::exchange(client->waiting, {});
    Client::Limit(client, m_patience);
    asio::async_write(client->socket,
                      asio::buffer(client->sending),
                      [this, client](const std::error_code& error, size_t)
                      {
                          client->sending.clear();
                          client->patience.cancel();
                          if (error || !client->isWatcher)
                          {
                              client->HangUp();
                          }
                          else if (!client->waiting.empty())
                          {
                              Write(client);
                          }
                          if (client->stops)
                          {
                              m_stop();
                          }
                      });
}

/// Watchers say nothing more: whatever can be read is their end.
void
ControlServer::Watch(const std::shared_ptr<Client>& client)
{
    client->isWatcher = true;
    m_watchers.push_back(client);
    client->socket.async_wait(UnixListener::Socket::wait_read,
                              [this, client](const std::error_code&)
                              {
                                  client->HangUp();
                                  const auto isHim = [&client](const std::weak_ptr<Client>& one)
                                  { return one.lock() == client; };
                                  m_watchers.erase(
                                      std::remove_if(m_watchers.begin(), m_watchers.end(), isHim),
                                      m_watchers.end());
                              });
}

void
ControlServer::AwaitNews()
{
    m_news.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](const std::error_code& error)
                      {
                          if (!error)
                          {
                              TellNews();
                              AwaitNews();
                          }
                      });
}

void
ControlServer::TellNews()
{
    std::string lines;
    for (const CarrierNews& news : m_carrier.TakeNews())
    {
        lines += Line({{"news", NewsJson(news)}});
    }
    for (const std::weak_ptr<Client>& one : m_watchers)
    {
        const auto client = one.lock();
        if (!client || !client->socket.is_open())
        {
            continue;
        }
        client->waiting += lines;
        if (client->waiting.size() > LARGEST_BACKLOG)
        {
            client->HangUp();
        }
        else if (client->sending.empty() && !client->waiting.empty())
        {
            Write(client);
        }
    }
}

} // namespace isb
