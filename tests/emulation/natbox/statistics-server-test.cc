// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/statistics-server.h"

#include "emulation/sys/system-error.h"

#include <asio/read.hpp>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <unistd.h>

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
