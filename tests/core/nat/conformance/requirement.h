// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_NAT_CONFORMANCE_REQUIREMENT_H
#define ISB_TESTS_CORE_NAT_CONFORMANCE_REQUIREMENT_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isb::test
{

/// RFC 2119's words: REQUIRED is Must, RECOMMENDED is Should, OPTIONAL is May; each with NOT.
enum class Level : uint8_t
{
    Must,
    Should,
    May,
};

/// One demand of an RFC, in our words.
struct Requirement
{
    int rfc = 0;
    std::string_view clause; ///< "REQ-3a"; RFC 7857 numbers none: its section, "2.1"
    Level level = Level::Must;
    std::string_view meaning;  ///< one line
    std::string_view setting;  ///< of NatSettings, with the value that fulfils it
    std::string_view reason{}; ///< why it does not concern us or why we differ; "" for neither
};

/// All requirements of RFC 4787, 5382, 5508, 6888 and 7857, in the RFCs' order.
[[nodiscard]] const std::vector<Requirement>& Requirements();

[[nodiscard]] std::vector<Requirement> RequirementsOfRfc4787();
[[nodiscard]] std::vector<Requirement> RequirementsOfRfc5382();
[[nodiscard]] std::vector<Requirement> RequirementsOfRfc5508();
[[nodiscard]] std::vector<Requirement> RequirementsOfRfc6888();
[[nodiscard]] std::vector<Requirement> RequirementsOfRfc7857();

/// The test suite of its RFC: "Rfc4787".
[[nodiscard]] std::string SuiteOf(const Requirement& requirement);
/// How the names of its tests begin: "Req3a", "Section2Clause1". What follows is the claim; a claim
/// that begins with "Not" is the negative twin.
[[nodiscard]] std::string PrefixOf(const Requirement& requirement);
/// The requirement that a test proves, or null.
[[nodiscard]] const Requirement* FindRequirement(std::string_view suite, std::string_view test);
/// True for the negative twin of a requirement's test.
[[nodiscard]] bool IsTwin(const Requirement& requirement, std::string_view test);

} // namespace isb::test

#endif
