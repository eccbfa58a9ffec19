// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

#include <sstream>

namespace isb
{

const std::string_view SMALL_WORLD = R"(schema = 1
name = "world"
duration = "10 s"

[[region]]
name = "east"
delay = "20 ms"

[[site]]
name = "home"
nat = "symmetric"
uplink = "20 Mb/s"
region = "east"

[[site]]
name = "flat"
behind = "home"
firewall = ["isb", "ist"]

[[host]]
name = "printer"
site = "flat"

[[isb]]
name = "isb"
hello = "1 s"

[[ist]]
name = "ist"
capacity = 100

[[user]]
name = "ann"
site = "home"
subscribes = ["bob/web"]

[[user]]
name = "bob"
site = "flat"
listen-port = 7500

[[service]]
name = "web"
provider = "bob"
port = 80

[[service]]
name = "print"
provider = "bob"
port = 9100
on = "printer"
allowed = ["ann"]

[[service]]
name = "voice"
provider = "bob"
port = 5004
protocol = "udp"

[[subscription]]
user = "ann"
service = "bob/print"
method = "pure"

[[crowd]]
name = "u"
count = 6
nats = ["none", "full-cone"]
subscribes-to = "bob/web"

[crowd.traffic]
kind = "request-response"
start = "5 s"

[[traffic]]
name = "pages"
kind = "request-response"
from = "ann"
service = "bob/web"
response = "20 kB"

[[incident]]
at = "3 s"
logout = "bob"

[[incident]]
at = "4 s"
login = "bob"

[[expect]]
subscription = "ann -> bob/web"
path = "translated"

[[expect]]
counter = "isb/logins"
at-least = 2

[[expect]]
crowd = "u"
measure = "failures"
equals = 0
)";

std::string
SmallWorldWith(const std::map<int, std::string>& changes)
{
    return WithLines(SMALL_WORLD, changes);
}

namespace
{

TEST_P(WorldFaults, AreRefusedInExactlyTheseLines)
{
    std::vector<std::string> expected;
    for (const std::string& line : GetParam().errors)
    {
        expected.push_back("t.toml:" + line);
    }
    EXPECT_EQ(ErrorLines(SmallWorldWith(GetParam().changes)), expected);
}

TEST(SmallWorld, IsValidWithoutAnyChange)
{
    EXPECT_EQ(ErrorLines(SMALL_WORLD), std::vector<std::string>{});
}

} // namespace

} // namespace isb
