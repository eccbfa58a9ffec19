// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-program.h"

#include "tests/emulation/ist/engine-carrier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace isb
{
namespace
{

using testing::HasSubstr;
using testing::StartsWith;

/// The program with ISTs that live in this process and outlive its commands.
class IstProgramTest : public testing::Test
{
  protected:
    /// What one command has said.
    struct Said
    {
        int status = 0;
        std::string out;
        std::string err;
    };

    Said
    Ist(const std::string& line)
    {
        std::vector<std::string> words{"ist"};
        std::istringstream text(line);
        for (std::string word; text >> word;)
        {
            words.push_back(word);
        }
        std::vector<const char*> arguments;
        for (const std::string& word : words)
        {
            arguments.push_back(word.c_str());
        }
        std::vector<std::unique_ptr<CarrierAccess>> accesses;
        accesses.push_back(std::make_unique<EngineAccess>(ists));
        accesses.push_back(std::make_unique<EngineAccess>(others, "tun"));
        std::ostringstream out;
        std::ostringstream err;
        const int status = RunIst(static_cast<int>(arguments.size()),
                                  arguments.data(),
                                  std::move(accesses),
                                  out,
                                  err);
        return {status, out.str(), err.str()};
    }

    EngineAccess::Ists ists;
    EngineAccess::Ists others;
};

TEST_F(IstProgramTest, LivesFromAttachToDetach)
{
    EXPECT_EQ(Ist("attach lo").out, "attached 'ist': engine on lo\n");
    EXPECT_EQ(Ist("list").out, "no splices; `ist splice add --help` shows how to add one\n");
    EXPECT_EQ(Ist("splice add --port-a 4001 --port-b 4002").out,
              "splice 1: passive, user A connects to port 4001, user B to port 4002\n");
    ists.at("ist")->Syn("198.51.100.7:40000", 4001);
    EXPECT_THAT(Ist("list").out, HasSubstr(" 1  passive  IST_SYN_LOOKUP  198.51.100.7:40000"));
    EXPECT_THAT(Ist("show 1").out, HasSubstr("state   IST_SYN_LOOKUP\n"));
    EXPECT_THAT(Ist("stats").out, StartsWith("splices added          1\n"));
    EXPECT_EQ(Ist("attach lo").out, "adopted 'ist': engine on lo, 1 splice goes on\n");
    EXPECT_EQ(Ist("splice remove 1").out, "removed splice 1\n");
    EXPECT_EQ(Ist("detach").out, "detached 'ist'\n");
    EXPECT_TRUE(ists.empty());
}

TEST_F(IstProgramTest, AnswersInJson)
{
    EXPECT_EQ(Json::parse(Ist("attach lo --json").out),
              Json::parse(R"({"carrier": "engine", "name": "ist", "devices": ["lo"],
                              "adopted": false, "splices": 0})"));
    EXPECT_EQ(Json::parse(Ist("splice add --port-a 1 --port-b 101 --count 3 --json").out),
              Json::parse(R"({"id": 1, "ids": [1, 2, 3]})"));
    EXPECT_EQ(Json::parse(Ist("splice add --port-a 9 --port-b 10 --json").out),
              Json::parse(R"({"id": 4})"));
    const Json list = Json::parse(Ist("list --json").out);
    EXPECT_EQ(list.at("carrier"), "engine");
    EXPECT_EQ(list.at("splices").size(), 4U);
    EXPECT_EQ(list.at("splices")[1].at("side")[1].at("local"), "0.0.0.0:102");
    EXPECT_EQ(Json::parse(Ist("show 4 --json").out).at("state"), "LISTEN");
    EXPECT_EQ(Json::parse(Ist("stats --json").out).at("added"), 4);
    EXPECT_TRUE(Json::parse(Ist("stats --json").out).at("drops").is_object());
    EXPECT_EQ(Json::parse(Ist("splice remove 4 --json").out),
              Json::parse(R"({"id": 4, "removed": true})"));
    EXPECT_EQ(Json::parse(Ist("detach --json").out),
              Json::parse(R"({"name": "ist", "detached": true})"));
}

TEST_F(IstProgramTest, WatchTellsALineForEachNews)
{
    (void)Ist("attach lo");
    (void)Ist("splice add --port-a 4001 --port-b 4002 --label 7");
    ists.at("ist")->Syn("198.51.100.7:40000", 4001);
    EXPECT_EQ(Ist("watch --news 1").out, "splice 1: the first user came from 198.51.100.7:40000\n");
    ists.at("ist")->Remove(1);
    EXPECT_EQ(Json::parse(Ist("watch --news 1 --json").out),
              Json::parse(R"({"id": 1, "label": 7, "kind": "ended", "peer": null, "port": 0,
                              "reason": "ist.removed", "bytes": 0})"));
}

TEST_F(IstProgramTest, AddsAllPairsOrNone)
{
    (void)Ist("attach lo");
    (void)Ist("splice add --port-a 5003 --port-b 6000");
    const Said said = Ist("splice add --port-a 5001 --port-b 7001 --count 5");
    EXPECT_EQ(said.status, IST_STATUS_REFUSED);
    EXPECT_EQ(said.err, "ist: add a splice: tcp port 5003 is taken by another splice\n");
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(Json::parse(Ist("list --json").out).at("splices").size(), 1U);
}

TEST_F(IstProgramTest, NamesTheDeviceThatMayHaveBeenMeant)
{
    const Said said = Ist("attach loo");
    EXPECT_EQ(said.status, IST_STATUS_REFUSED);
    EXPECT_THAT(said.err,
                StartsWith("ist: there is no device 'loo' in this network namespace; nearest "
                           "valid: 'lo'"));
    EXPECT_TRUE(ists.empty());
    EXPECT_EQ(Ist("check loo").status, IST_STATUS_REFUSED);
}

TEST_F(IstProgramTest, SaysHowToAttachWhenNothingIs)
{
    for (const char* line : {"list", "show 1", "stats", "watch", "detach", "splice remove 1"})
    {
        const Said said = Ist(line);
        EXPECT_EQ(said.status, IST_STATUS_REFUSED) << line;
        EXPECT_EQ(said.err,
                  "ist: no IST is attached here (looked in /sys/fs/bpf/isblab and /run/isblab); "
                  "attach one: ist attach DEV... (ist check tells what works here)\n")
            << line;
        EXPECT_EQ(said.out, "") << line;
    }
}

TEST_F(IstProgramTest, AsksWhichOneWhenThereAreSeveral)
{
    (void)Ist("attach lo --name left");
    (void)Ist("attach lo --name right --carrier tun");
    EXPECT_EQ(Ist("list").err,
              "ist: several ISTs are attached: left, right; say which: --name NAME\n");
    EXPECT_EQ(Ist("list --name rigth").err,
              "ist: no IST is called 'rigth'; nearest valid: 'right'\n");
    EXPECT_EQ(Ist("list --name right").status, 0);
    EXPECT_EQ(Ist("detach --name right").out, "detached 'right'\n");
    EXPECT_EQ(Ist("list").status, 0) << "the only one that is left needs no name";
}

TEST_F(IstProgramTest, OneNameIsOneIst)
{
    (void)Ist("attach lo");
    const Said said = Ist("attach lo --carrier tun");
    EXPECT_EQ(said.status, IST_STATUS_REFUSED);
    EXPECT_THAT(said.err, HasSubstr("'ist' is attached already, by bpf; detach it first"));
    EXPECT_TRUE(others.empty());
}

TEST_F(IstProgramTest, TellsWhatIsMissingWhenItCannotAttach)
{
    const Said said = Ist("attach lo --max-splices 1");
    EXPECT_EQ(said.status, IST_STATUS_REFUSED);
    EXPECT_EQ(said.err,
              "ist: attach: one splice is too few\n"
              "ist: missing for bpf: CAP_NET_ADMIN: run it as root\n");
    EXPECT_THAT(Ist("attach lo --carrier module").err,
                HasSubstr("built without the carrier module"));
}

TEST_F(IstProgramTest, KnowsNoSpliceThatIsNotThere)
{
    (void)Ist("attach lo");
    EXPECT_EQ(Ist("show 9").err, "ist: there is no splice 9; `ist list` shows all\n");
    EXPECT_EQ(Ist("splice remove 9").status, IST_STATUS_REFUSED);
}

TEST_F(IstProgramTest, ReportsWhatTheSystemRefuses)
{
    (void)Ist("attach lo");
    ists.at("ist")->isBroken = true;
    const Said said = Ist("splice add --port-a 1 --port-b 2");
    EXPECT_EQ(said.status, IST_STATUS_SYSTEM);
    EXPECT_EQ(said.err, "ist: the carrier is broken\n");
}

TEST_F(IstProgramTest, CheckSaysWhatWorksAndWhyNotMore)
{
    const Said said = Ist("check lo");
    EXPECT_EQ(said.status, IST_STATUS_REFUSED) << "neither can be used";
    EXPECT_THAT(said.out, HasSubstr("bpf: cannot be used\n  yes      kernel"));
    EXPECT_THAT(said.out, HasSubstr("tun: cannot be used\n"));
    const Json json = Json::parse(Ist("check --json").out);
    EXPECT_EQ(json.at("carriers")[0].at("usable"), false);
    EXPECT_EQ(json.at("carriers")[0].at("capabilities")[1].at("what"), "CAP_NET_ADMIN");
}

} // namespace
} // namespace isb
