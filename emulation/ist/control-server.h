// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_CONTROL_SERVER_H
#define ISB_EMULATION_IST_CONTROL_SERVER_H

#include "emulation/carrier/splice-carrier.h"
#include "emulation/io/unix-listener.h"
#include "emulation/ist/ist-json.h"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace isb
{

/// Lends a carrier that lives in this process to others, through a unix socket of mode 0600.
///
/// A client sends one order, a line of JSON, gets one line of answer and is hung up on; only
/// "watch" goes on with a line for each news:
///
///     {"order":"describe"}              {"carrier":"tun","devices":["ist0"]}
///     {"order":"add","pair":{...}}      {"id":1} or {"refused":"why"}
///     {"order":"remove","id":1}         {"removed":true}
///     {"order":"list","after":0}        {"splices":[...],"more":false}
///     {"order":"find","id":1}           {"splice":{...}} or {"splice":null}
///     {"order":"counters"}              {"counters":{...}}
///     {"order":"watch"}                 {"watching":true}, then {"news":{...}} ...
///     {"order":"stop"}                  {"stopping":true}, and the program ends
///
/// Whatever else comes is answered by {"fault":"why"}. Clients are bounded in number, in the size
/// of what they send and in the time that they take; watchers who do not read are hung up on.
class ControlServer
{
  public:
    static constexpr size_t MOST_CLIENTS = 32;
    static constexpr size_t MOST_WATCHERS = 8;
    /// Bytes of an order: a pair with as many closed ports as fit.
    static constexpr size_t LARGEST_ORDER = 65536;
    /// Splices in one answer of "list".
    static constexpr size_t PAGE = 256;
    /// Bytes that wait for a watcher.
    static constexpr size_t LARGEST_BACKLOG = 1U << 20;

    /// Listens. SystemError when that is impossible.
    /// \param carrier is asked from `io` only and must outlive this object
    /// \param describe what "describe" answers
    /// \param stop called after "stop" is answered
    /// \param patience how long a client may take for an order, and for taking the answer
    ControlServer(asio::io_context& io,
                  const std::string& path,
                  SpliceCarrier& carrier,
                  std::function<Json()> describe,
                  std::function<void()> stop,
                  std::chrono::milliseconds patience = std::chrono::seconds(5));
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

  private:
    struct Client;

    void Serve(UnixListener::Socket socket, UnixListener::Seat seat);
    void ReadOrder(const std::shared_ptr<Client>& client);
    [[nodiscard]] std::string Answer(const std::shared_ptr<Client>& client, const Json& order);
    [[nodiscard]] Json AnswerAdd(const Json& order);
    [[nodiscard]] Json AnswerList(const Json& order);
    void Write(const std::shared_ptr<Client>& client);
    void Watch(const std::shared_ptr<Client>& client);
    void AwaitNews();
    void TellNews();

    SpliceCarrier& m_carrier;
    std::function<Json()> m_describe;
    std::function<void()> m_stop;
    std::chrono::milliseconds m_patience;
    std::vector<std::weak_ptr<Client>> m_watchers;
    asio::posix::stream_descriptor m_news; ///< the carrier's, given back at the end
    UnixListener m_listener;
};

} // namespace isb

#endif
