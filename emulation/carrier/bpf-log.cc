// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-log.h"

#include <algorithm>
#include <bpf/libbpf.h>
#include <cstdio>
#include <string_view>

namespace isb
{

namespace
{

constexpr std::string_view LOG_BEGIN = "-- BEGIN PROG LOAD LOG --";
constexpr std::string_view LOG_END = "-- END PROG LOAD LOG --";

thread_local std::string* g_text = nullptr;

int
Collect(libbpf_print_level level, const char* format, va_list arguments)
{
    if (level != LIBBPF_WARN || !g_text)
    {
        return 0;
    }
    va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, arguments);
    if (length > 0)
    {
        const size_t before = g_text->size();
        g_text->resize(before + static_cast<size_t>(length) + 1);
        (void)
            std::vsnprintf(g_text->data() + before, static_cast<size_t>(length) + 1, format, again);
        g_text->pop_back(); // the terminating zero
    }
    va_end(again);
    return 0;
}

/// The lines without libbpf's prefixes, joined.
std::string
Joined(std::string_view text)
{
    std::string joined;
    while (!text.empty())
    {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        for (const std::string_view prefix : {"libbpf: ", "Kernel error message: "})
        {
            if (line.substr(0, prefix.size()) == prefix)
            {
                line.remove_prefix(prefix.size());
            }
        }
        if (!line.empty())
        {
            joined += (joined.empty() ? "" : "; ") + std::string(line);
        }
    }
    return joined;
}

} // namespace

BpfLog::BpfLog()
{
    (void)libbpf_set_print(Collect);
    g_text = &m_text;
}

BpfLog::~BpfLog()
{
    g_text = nullptr;
}

std::string
BpfLog::Explanation(bool verbose) const
{
    const size_t begin = m_text.find(LOG_BEGIN);
    const size_t end = m_text.find(LOG_END);
    std::string warnings = m_text;
    std::string verifier;
    if (begin != std::string::npos && end != std::string::npos && begin < end)
    {
        const size_t line = m_text.rfind('\n', begin) + 1; // npos + 1 = 0
        verifier = m_text.substr(begin, end + LOG_END.size() - begin);
        warnings.erase(line, end + LOG_END.size() - line);
    }
    std::string text = Joined(warnings);
    if (text.empty())
    {
        return verbose && !verifier.empty() ? "\n" + verifier : "";
    }
    text = " (" + text + ")";
    return verbose && !verifier.empty() ? text + "\n" + verifier : text;
}

} // namespace isb
