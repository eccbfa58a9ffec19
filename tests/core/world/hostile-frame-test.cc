// SPDX-License-Identifier: GPL-2.0-or-later
// Peers that break the protocol: only the guilty session ends, with a counted reason.
#include "tests/core/world/broker-rig.h"
#include "tests/wire/message-fields.h"

#include <functional>
#include <gtest/gtest.h>
#include <set>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;
using Bytes = std::vector<uint8_t>;

constexpr size_t VERSION_AT = 5;  ///< in a frame: 4 bytes of length, field number, value
constexpr size_t SEQUENCE_AT = 7; ///< while it is below 128

Bytes
Changed(Bytes bytes, size_t at, uint8_t value)
{
    bytes.at(at) = value;
    return bytes;
}

/// What a guilty peer does after it has logged in, and what its session ends for.
struct Crime
{
    const char* name;
    std::function<void(Puppet&)> commit;
    IsbCode code;
};

std::vector<Crime>
FrameCrimes()
{
    const auto ping = [](Puppet& p) { return p.Encode(PingMessage{1}); };
    return {
        {"garbage", [](Puppet& p) { p.SayBytes(Bytes(100, 0xa5)); }, IsbCode::BadFrame},
        {"an HTTP request",
         [](Puppet& p) {
             p.SayBytes({'G', 'E', 'T', ' ', '/', '\r', '\n'});
         },
         IsbCode::BadFrame},
        {"length 0",
         [](Puppet& p) {
             p.SayBytes({0, 0, 0, 0});
         },
         IsbCode::BadFrame},
        {"one byte too long",
         [](Puppet& p) {
             p.SayBytes({0, 1, 0, 1});
         },
         IsbCode::BadFrame},
        {"4 GiB",
         [](Puppet& p) {
             p.SayBytes({255, 255, 255, 255});
         },
         IsbCode::BadFrame},
        {"a body cut short",
         [ping](Puppet& p)
         {
             Bytes bytes = ping(p);
             bytes.pop_back();
             bytes[3] = static_cast<uint8_t>(bytes[3] - 1);
             p.SayBytes(bytes);
         },
         IsbCode::BadFrame},
        {"version 2",
         [ping](Puppet& p) { p.SayBytes(Changed(ping(p), VERSION_AT, 2)); },
         IsbCode::BadVersion},
        {"version 0",
         [ping](Puppet& p) { p.SayBytes(Changed(ping(p), VERSION_AT, 0)); },
         IsbCode::BadVersion},
        {"a replayed frame",
         [ping](Puppet& p)
         {
             const Bytes bytes = ping(p);
             p.SayBytes(bytes);
             p.SayBytes(bytes);
         },
         IsbCode::BadSequence},
        {"a lost frame",
         [ping](Puppet& p)
         {
             (void)ping(p);
             p.SayBytes(ping(p));
         },
         IsbCode::BadSequence},
        {"exchanged frames",
         [ping](Puppet& p)
         {
             const Bytes first = ping(p);
             p.SayBytes(ping(p));
             p.SayBytes(first);
         },
         IsbCode::BadSequence},
        {"number 0",
         [ping](Puppet& p) { p.SayBytes(Changed(ping(p), SEQUENCE_AT, 0)); },
         IsbCode::BadSequence},
    };
}

/// A frame whose one byte makes a field wrong: the last of the body.
std::vector<Crime>
FieldCrimes()
{
    return {
        {"an enumerator out of range",
         [](Puppet& p)
         {
             Bytes bytes = p.Encode(ByeMessage{IsbCode::Cancelled});
             bytes.back() = 99;
             p.SayBytes(bytes);
         },
         IsbCode::BadRequest},
        {"a name with a line break",
         [](Puppet& p)
         {
             Bytes bytes = p.Encode(WithdrawMessage{"web"});
             bytes.back() = '\n';
             p.SayBytes(bytes);
         },
         IsbCode::BadRequest},
    };
}

/// Messages that the ISB sends, or that ISTs send, from a user.
std::vector<Crime>
StateCrimes()
{
    const auto say = [](const IsbMessage& message)
    { return [message](Puppet& p) { p.Say(message); }; };
    std::vector<Crime> crimes;
    static std::set<std::string> names; // keeps the texts
    for (const IsbMessage& message : FullMessages())
    {
        const std::string_view name = NameOf(message);
        for (const std::string_view wrong : {"hello",
                                             "logged-in",
                                             "pong",
                                             "probe",
                                             "nat-status",
                                             "announced",
                                             "listing",
                                             "offer",
                                             "subscribed",
                                             "subscription-ended",
                                             "prepare",
                                             "instruct",
                                             "connection-ended",
                                             "ist-list",
                                             "splice-request",
                                             "splice-ready",
                                             "splice-event",
                                             "splice-cancel",
                                             "load",
                                             "login"})
        {
            if (name == wrong)
            {
                const auto& text = *names.insert("a user says " + std::string(name)).first;
                crimes.push_back({text.c_str(), say(message), IsbCode::BadState});
            }
        }
    }
    return crimes;
}

void
ExpectOnlyTheGuiltySuffers(const Crime& crime)
{
    SCOPED_TRACE(crime.name);
    BrokerRig rig(BrokerRig::SettingsFor(2, 1));
    Puppet& innocent = rig.User("u0");
    Puppet& guilty = rig.User("u1");
    (void)rig.Ist("i0");
    innocent.Say(AnnounceMessage{1, {"web", Protocol::Tcp, "", true, {}}});
    innocent.ForgetHeard();
    guilty.ForgetHeard();
    crime.commit(guilty);
    EXPECT_FALSE(guilty.IsOpen());
    const auto bye = guilty.HearA<ByeMessage>();
    EXPECT_TRUE(bye && bye->code == crime.code);
    EXPECT_EQ(rig.Ended(crime.code), 1U);
    EXPECT_EQ(rig.broker.Users(), 1U);
    EXPECT_EQ(rig.broker.Ists(), 1U);
    EXPECT_EQ(rig.broker.Services(), 1U);
    innocent.Say(PingMessage{7});
    const auto pong = innocent.HearA<PongMessage>();
    EXPECT_TRUE(pong && pong->nonce == 7);
    EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
}

TEST(HostileFrames, EndOnlyTheSessionThatSentThem)
{
    for (const auto& crimes : {FrameCrimes(), FieldCrimes(), StateCrimes()})
    {
        for (const Crime& crime : crimes)
        {
            ExpectOnlyTheGuiltySuffers(crime);
        }
    }
}

TEST(HostileFrames, EndAConnectionThatHasNotLoggedInToo)
{
    for (const Crime& crime : FrameCrimes())
    {
        SCOPED_TRACE(crime.name);
        if (crime.code == IsbCode::BadSequence && crime.name != std::string("number 0"))
        {
            continue; // their first frame is in order, and no Login: the next test
        }
        BrokerRig rig(BrokerRig::SettingsFor(1, 0));
        Puppet& innocent = rig.User("u0");
        Puppet& guilty = rig.Connect();
        crime.commit(guilty);
        EXPECT_FALSE(guilty.IsOpen());
        EXPECT_EQ(rig.Ended(crime.code), 1U);
        EXPECT_TRUE(innocent.IsOpen());
        EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
    }
}

TEST(HostileFrames, NothingButALoginIsHeardBeforeTheLogin)
{
    for (const IsbMessage& message : FullMessages())
    {
        const std::string_view name = NameOf(message);
        if (name == "login" || name == "bye")
        {
            continue;
        }
        SCOPED_TRACE(name);
        BrokerRig rig(BrokerRig::SettingsFor(1, 0));
        Puppet& guilty = rig.Connect();
        guilty.Say(message);
        EXPECT_FALSE(guilty.IsOpen());
        EXPECT_EQ(rig.Ended(IsbCode::BadState), 1U);
        EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
    }
}

TEST(HostileFrames, ATruncatedFrameOnlyWaitsAndTimesOut)
{
    BrokerRig rig(BrokerRig::SettingsFor(2, 0));
    Puppet& innocent = rig.User("u0");
    Puppet& guilty = rig.User("u1");
    Bytes bytes = guilty.Encode(PingMessage{1});
    bytes.pop_back();
    guilty.SayBytes(bytes);
    EXPECT_TRUE(guilty.IsOpen());
    for (int i = 0; i < 8; ++i) // the innocent goes on
    {
        rig.Pass(rig.settings.helloInterval / 2);
        innocent.Say(PingMessage{1});
    }
    EXPECT_FALSE(guilty.IsOpen());
    EXPECT_EQ(rig.Ended(IsbCode::TimedOut), 1U);
    EXPECT_TRUE(innocent.IsOpen());
}

TEST(HostileFrames, BytesOfOneFrameEachCountAsNoSignOfLife)
{
    BrokerRig rig(BrokerRig::SettingsFor(1, 0));
    Puppet& slow = rig.Connect();
    LoginMessage login;
    login.name = "u0";
    const Bytes bytes = slow.Encode(login);
    for (size_t at = 0; at < bytes.size() && slow.IsOpen(); ++at) // slow loris
    {
        slow.SayBytes({bytes[at]});
        rig.Pass(rig.settings.loginTimeout / 4);
    }
    EXPECT_FALSE(slow.IsOpen());
    EXPECT_EQ(rig.Ended(IsbCode::TimedOut), 1U);
    EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
}

} // namespace
} // namespace isb::test
