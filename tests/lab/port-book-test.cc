// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/port-book.h"

#include <gtest/gtest.h>

namespace isb
{

namespace
{

std::vector<std::string>
Lines(LabFaults& faults)
{
    std::vector<std::string> lines;
    for (const LabError& error : faults.Take("t"))
    {
        lines.push_back(error.ToString());
    }
    return lines;
}

TEST(PortBook, RefusesAPortTwiceOnAHost)
{
    LabFaults faults;
    PortBook book(faults);
    book.Enter(0, Protocol::Tcp, 80, {3, "the first"});
    book.Enter(0, Protocol::Tcp, 80, {7, "the second"});
    EXPECT_EQ(
        Lines(faults),
        std::vector<std::string>{"t:7: TCP port 80 of the second is taken on that host by the "
                                 "first, line 3; take another"});
}

TEST(PortBook, TellsHostsAndProtocolsApart)
{
    LabFaults faults;
    PortBook book(faults);
    book.Enter(0, Protocol::Tcp, 80, {3, "the first"});
    book.Enter(0, Protocol::Udp, 80, {4, "another protocol"});
    book.Enter(1, Protocol::Tcp, 80, {5, "another host"});
    EXPECT_EQ(faults.Count(), 0U);
}

TEST(PortBook, RefusesAPortWithinARange)
{
    LabFaults faults;
    PortBook book(faults);
    book.EnterRange(0, 20'000, 30'000, {3, "translator 'ist'"});
    book.Enter(0, Protocol::Udp, 30'000, {5, "the server"});
    book.Enter(0, Protocol::Udp, 30'001, {6, "another server"});
    EXPECT_EQ(Lines(faults),
              std::vector<std::string>{"t:5: UDP port 30000 of the server is taken on that host by "
                                       "translator 'ist', line 3; take another"});
}

TEST(PortBook, RefusesARangeOverAPortOrARange)
{
    LabFaults faults;
    PortBook book(faults);
    book.Enter(0, Protocol::Tcp, 7470, {1, "the broker"});
    book.EnterRange(0, 7000, 8000, {2, "one"});
    book.EnterRange(0, 20'000, 30'000, {3, "two"});
    book.EnterRange(0, 30'000, 40'000, {4, "three"});
    EXPECT_EQ(
        Lines(faults),
        (std::vector<std::string>{
            "t:2: ports 7000 to 8000 of one hold port 7470 of the broker, line 1; take others",
            "t:4: ports 30000 to 40000 of three overlap those of two, line 3; take others"}));
}

TEST(PortBook, GivesTheNextFreePort)
{
    LabFaults faults;
    PortBook book(faults);
    book.Enter(0, Protocol::Tcp, 8001, {1, "somebody"});
    book.EnterRange(0, 8003, 9000, {2, "a range"});
    EXPECT_EQ(book.Give(0, Protocol::Tcp, 8000, 3), 8000);
    EXPECT_EQ(book.Give(0, Protocol::Tcp, 8000, 3), 8002);
    EXPECT_EQ(book.Give(0, Protocol::Tcp, 8000, 3), 9001);
    EXPECT_EQ(book.Give(1, Protocol::Tcp, 8000, 3), 8000);
    EXPECT_EQ(faults.Count(), 0U);
}

TEST(PortBook, SaysWhenNoPortIsLeft)
{
    LabFaults faults;
    PortBook book(faults);
    book.EnterRange(0, 8000, 65'535, {2, "a range"});
    EXPECT_EQ(book.Give(0, Protocol::Tcp, 8000, 3), 0);
    EXPECT_EQ(Lines(faults), std::vector<std::string>{"t:3: no port is left on its host"});
}

} // namespace

} // namespace isb
