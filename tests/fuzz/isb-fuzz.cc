// SPDX-License-Identifier: GPL-2.0-or-later
// The ISB protocol's deframer: the first byte says how the stream is cut, the rest is the stream.
// What is read and written again reads as the same; its trace line is one line of ASCII.
#include "model/core/machine/message-facts.h"
#include "model/wire/isb-codec.h"

#include <algorithm>
#include <cstdlib>

namespace
{

void
Require(bool claim)
{
    if (!claim)
    {
        std::abort();
    }
}

std::optional<isb::IsbFrame>
ReadFirst(const std::vector<uint8_t>& bytes)
{
    isb::IsbDeframer deframer;
    deframer.Push(bytes);
    return deframer.Next();
}

void
CheckFrame(const isb::IsbFrame& frame)
{
    const isb::IsbFrame first{1, frame.message};
    const std::vector<uint8_t> bytes = isb::EncodeFrame(first);
    Require(bytes.size() <= 4 + isb::ISB_FRAME_LIMIT);
    const auto again = ReadFirst(bytes);
    Require(again.has_value() && isb::EncodeFrame(*again) == bytes);

    isb::TraceEvent event;
    std::string text;
    isb::DescribeMessage(frame.message, event, text);
    const std::string line = isb::ToJson(event, "isb");
    Require(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size == 0)
    {
        return 0;
    }
    const size_t step = data[0] == 0 ? size : data[0];
    isb::IsbDeframer deframer;
    uint64_t sequence = 0;
    for (size_t at = 1; at < size; at += step)
    {
        deframer.Push(isb::ByteView(data + at, std::min(step, size - at)));
        while (const auto frame = deframer.Next())
        {
            Require(frame->sequence == ++sequence);
            CheckFrame(*frame);
        }
        Require(deframer.Held() < 4 + isb::ISB_FRAME_LIMIT);
        Require(deframer.Fault() == isb::IsbCode::None || deframer.Held() == 0);
    }
    return 0;
}
