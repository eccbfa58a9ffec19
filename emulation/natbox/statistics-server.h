// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_NATBOX_STATISTICS_SERVER_H
#define ISB_EMULATION_NATBOX_STATISTICS_SERVER_H

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <functional>
#include <string>

namespace isb
{

/// Answers everyone who connects to a unix socket with a document, then hangs up.
class StatisticsServer
{
  public:
    /// Listens. A socket that nobody listens on any more is taken over; SystemError when somebody
    /// does, or when the path is not ours to write.
    /// \param document called for each connection
    StatisticsServer(asio::io_context& io, std::string path, std::function<std::string()> document);
    /// Removes the socket.
    ~StatisticsServer();
    StatisticsServer(const StatisticsServer&) = delete;
    StatisticsServer& operator=(const StatisticsServer&) = delete;

  private:
    void Accept();
    void Serve(asio::local::stream_protocol::socket socket);

    std::string m_path;
    std::function<std::string()> m_document;
    asio::local::stream_protocol::acceptor m_acceptor;
};

} // namespace isb

#endif
