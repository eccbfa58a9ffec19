// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/nat/conformance/requirement.h"

#include <cctype>

namespace isb::test
{

const std::vector<Requirement>&
Requirements()
{
    static const std::vector<Requirement> all = []
    {
        std::vector<Requirement> list;
        for (const auto& part : {RequirementsOfRfc4787(),
                                 RequirementsOfRfc5382(),
                                 RequirementsOfRfc5508(),
                                 RequirementsOfRfc6888(),
                                 RequirementsOfRfc7857()})
        {
            list.insert(list.end(), part.begin(), part.end());
        }
        return list;
    }();
    return all;
}

std::string
SuiteOf(const Requirement& requirement)
{
    return "Rfc" + std::to_string(requirement.rfc);
}

std::string
PrefixOf(const Requirement& requirement)
{
    const std::string_view clause = requirement.clause;
    if (clause.substr(0, 4) == "REQ-")
    {
        return "Req" + std::string(clause.substr(4));
    }
    const size_t dot = clause.find('.');
    std::string prefix = "Section" + std::string(clause.substr(0, dot));
    if (dot != std::string_view::npos)
    {
        prefix += "Clause" + std::string(clause.substr(dot + 1));
    }
    return prefix;
}

const Requirement*
FindRequirement(std::string_view suite, std::string_view test)
{
    const Requirement* best = nullptr;
    size_t length = 0;
    for (const Requirement& requirement : Requirements())
    {
        const std::string prefix = PrefixOf(requirement);
        const bool begins = SuiteOf(requirement) == suite && test.size() > prefix.size() &&
                            test.substr(0, prefix.size()) == prefix &&
                            std::isupper(static_cast<unsigned char>(test[prefix.size()])) != 0;
        if (begins && prefix.size() > length)
        {
            best = &requirement;
            length = prefix.size();
        }
    }
    return best;
}

bool
IsTwin(const Requirement& requirement, std::string_view test)
{
    return test.substr(PrefixOf(requirement).size(), 3) == "Not";
}

} // namespace isb::test
