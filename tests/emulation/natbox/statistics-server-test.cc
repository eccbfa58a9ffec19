// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/statistics-server.h"

#include "emulation/sys/system-error.h"

#include <asio/read.hpp>
#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace isb
{
namespace
{

using Unix = asio::local::stream_protocol;

std::string
SocketPath()
{
    return testing::TempDir() + "natbox-statistics-" + std::to_string(getpid());
}

/// Connects and reads to the end, on the server's own event loop.
std::string
Ask(asio::io_context& io)
{
    Unix::socket socket(io);
    socket.connect(Unix::endpoint(SocketPath()));
    std::string answer;
    bool isRead = false;
    asio::async_read(socket,
                     asio::dynamic_buffer(answer),
                     [&isRead](const std::error_code&, size_t) { isRead = true; });
    while (!isRead)
    {
        io.run_one();
    }
    return answer;
}

TEST(StatisticsServer, AnswersEveryoneWhoConnectsAndHangsUp)
{
    asio::io_context io;
    int asked = 0;
    const StatisticsServer server(io,
                                  SocketPath(),
                                  [&asked] { return "document " + std::to_string(++asked); });
    EXPECT_EQ(Ask(io), "document 1");
    EXPECT_EQ(Ask(io), "document 2");
}

/// A document that does not fit the buffers of a socket.
std::string
LargeDocument()
{
    return std::string(16U << 20, 'x');
}

TEST(StatisticsServer, HangsUpOnWhoDoesNotReadInTime)
{
    asio::io_context io;
    const StatisticsServer server(io, SocketPath(), LargeDocument, std::chrono::milliseconds(1));
    Unix::socket silent(io);
    silent.connect(Unix::endpoint(SocketPath()));
    bool isOver = false;
    silent.async_wait(Unix::socket::wait_error,
                      [&isOver](const std::error_code&) { isOver = true; });
    while (!isOver)
    {
        io.run_one();
    }
    std::string answer;
    std::error_code end;
    asio::read(silent, asio::dynamic_buffer(answer), end);
    EXPECT_EQ(end, asio::error::eof);
    EXPECT_GT(answer.size(), 0U);
    EXPECT_LT(answer.size(), LargeDocument().size());
}

TEST(StatisticsServer, ServesABoundedNumberAtOnce)
{
    asio::io_context io;
    int asked = 0;
    const auto document = [&asked]
    {
        ++asked;
        return LargeDocument();
    };
    const StatisticsServer server(io, SocketPath(), document, std::chrono::hours(1));
    std::vector<Unix::socket> silent;
    for (size_t i = 0; i < StatisticsServer::MOST_CLIENTS; ++i)
    {
        silent.emplace_back(io);
        silent.back().connect(Unix::endpoint(SocketPath()));
    }
    EXPECT_EQ(Ask(io), "") << "one too many";
    EXPECT_EQ(asked, static_cast<int>(StatisticsServer::MOST_CLIENTS));
    silent.pop_back();
    const size_t whole = LargeDocument().size();
    size_t got = 0;
    while (got == 0) // until the server has seen that one of them left
    {
        got = Ask(io).size();
    }
    EXPECT_EQ(got, whole);
}

/// While no descriptor is left, the server neither ends nor spins.
TEST(StatisticsServer, WaitsForADescriptor)
{
    asio::io_context io;
    const StatisticsServer server(io, SocketPath(), [] { return std::string("late"); });
    Unix::socket client(io);
    client.connect(Unix::endpoint(SocketPath()));
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 0;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    size_t handlers = 0;
    for (size_t more = io.run_one(); more > 0 && handlers < 100; more = io.poll_one())
    {
        handlers += more;
    }
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_LT(handlers, 100U) << "it tries without a pause";
    std::string answer;
    bool isRead = false;
    asio::async_read(client,
                     asio::dynamic_buffer(answer),
                     [&isRead](const std::error_code&, size_t) { isRead = true; });
    while (!isRead)
    {
        io.run_one();
    }
    EXPECT_EQ(answer, "late");
}

TEST(StatisticsServer, LeavesNothingBehind)
{
    asio::io_context io;
    {
        const StatisticsServer server(io, SocketPath(), [] { return std::string(); });
        EXPECT_EQ(access(SocketPath().c_str(), F_OK), 0);
    }
    EXPECT_NE(access(SocketPath().c_str(), F_OK), 0);
}

TEST(StatisticsServer, TakesOverASocketThatNobodyListensOn)
{
    asio::io_context io;
    {
        Unix::acceptor killed(io, Unix::endpoint(SocketPath()));
    }
    ASSERT_EQ(access(SocketPath().c_str(), F_OK), 0);
    const StatisticsServer server(io, SocketPath(), [] { return std::string("new"); });
    EXPECT_EQ(Ask(io), "new");
}

TEST(StatisticsServer, RefusesASocketThatIsInUse)
{
    asio::io_context io;
    const StatisticsServer first(io, SocketPath(), [] { return std::string("first"); });
    EXPECT_THROW(StatisticsServer(io, SocketPath(), [] { return std::string(); }), SystemError);
    EXPECT_EQ(access(SocketPath().c_str(), F_OK), 0);
}

TEST(StatisticsServer, RefusesAPathThatIsNoSocket)
{
    asio::io_context io;
    std::ofstream(SocketPath()) << "precious";
    EXPECT_THROW(StatisticsServer(io, SocketPath(), [] { return std::string(); }), SystemError);
    EXPECT_EQ(access(SocketPath().c_str(), F_OK), 0);
    unlink(SocketPath().c_str());
}

} // namespace
} // namespace isb
