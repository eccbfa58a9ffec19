// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the conformance tests. With `--requirements=FILE` it also writes there, as JSON, each
// requirement with its tests and what came of them: what `isblab conformance` prints.
#include "tests/core/nat/conformance/requirement.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <sstream>
#include <string>

namespace isb::test
{
namespace
{

std::string
Quoted(std::string_view text)
{
    std::string quoted = "\"";
    for (const char letter : text)
    {
        if (letter == '"' || letter == '\\')
        {
            quoted += '\\';
        }
        quoted += letter;
    }
    return quoted + "\"";
}

std::string_view
NameOf(Level level)
{
    switch (level)
    {
    case Level::Must:
        return "MUST";
    case Level::Should:
        return "SHOULD";
    case Level::May:
        break;
    }
    return "MAY";
}

/// The requirement's tests as a JSON list.
std::string
TestsOf(const Requirement& requirement)
{
    std::ostringstream list;
    const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
    const char* separator = "";
    for (int i = 0; i < unit.total_test_suite_count(); ++i)
    {
        const testing::TestSuite& suite = *unit.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j)
        {
            const testing::TestInfo& test = *suite.GetTestInfo(j);
            if (FindRequirement(suite.name(), test.name()) != &requirement)
            {
                continue;
            }
            const std::string name = std::string(suite.name()) + "." + test.name();
            const bool passed = test.should_run() && test.result()->Passed();
            list << separator << "{\"name\": " << Quoted(name)
                 << ", \"twin\": " << (IsTwin(requirement, test.name()) ? "true" : "false")
                 << ", \"passed\": " << (passed ? "true" : "false") << "}";
            separator = ", ";
        }
    }
    return list.str();
}

void
WriteRequirements(std::ostream& out)
{
    const char* separator = "[\n";
    for (const Requirement& requirement : Requirements())
    {
        out << separator << "{\"rfc\": " << requirement.rfc
            << ", \"requirement\": " << Quoted(requirement.clause)
            << ", \"level\": " << Quoted(NameOf(requirement.level))
            << ", \"meaning\": " << Quoted(requirement.meaning)
            << ", \"setting\": " << Quoted(requirement.setting)
            << ", \"reason\": " << Quoted(requirement.reason) << ", \"tests\": ["
            << TestsOf(requirement) << "]}";
        separator = ",\n";
    }
    out << "\n]\n";
}

} // namespace
} // namespace isb::test

int
main(int argc, char** argv)
{
    testing::InitGoogleTest(&argc, argv);
    const std::string option = "--requirements=";
    const std::string argument = argc > 1 ? argv[1] : "";
    if (argc > 2 || (argc == 2 && argument.substr(0, option.size()) != option))
    {
        std::cerr << "usage: test_nat_conformance [--requirements=FILE]\n";
        return 2;
    }
    const int status = RUN_ALL_TESTS();
    if (argc == 2)
    {
        std::ofstream out(argument.substr(option.size()));
        isb::test::WriteRequirements(out);
        if (!out.flush())
        {
            std::cerr << "cannot write " << argument.substr(option.size()) << "\n";
            return 2;
        }
    }
    return status;
}
