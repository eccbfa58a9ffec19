// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/frame.h"

#include <array>
#include <cstddef>

namespace isb
{

namespace
{

struct DropText
{
    std::string_view name;
    std::string_view rule;
};

constexpr std::array<DropText, BOX_DROP_COUNT> DROPS{{
    {"box.ring-full", "thesis 5.3"},
    {"box.backlog-full", "thesis 5.3"},
    {"box.txqueue-full", "thesis 5.3"},
    {"box.reassembly-evicted", "RFC 791 section 3.2"},
    {"box.reassembly-timeout", "RFC 1122 section 3.3.2"},
    {"box.reassembly-overlap", "RFC 1858 section 3"},
}};

} // namespace

std::string_view
ToString(BoxDrop drop)
{
    return DROPS[static_cast<size_t>(drop)].name;
}

std::string_view
RuleOf(BoxDrop drop)
{
    return DROPS[static_cast<size_t>(drop)].rule;
}

} // namespace isb
