// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/machine/credential.h"

namespace isb
{

namespace
{

/// The finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection that spreads bits.
uint64_t
Spread(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
}

} // namespace

std::vector<uint8_t>
SimulatedMac::Compute(std::string_view secret, const Token& challenge) const
{
    uint64_t mixed = Spread(secret.size() + 0x9e3779b97f4a7c15);
    const auto mix = [&mixed](uint8_t byte) { mixed = Spread(mixed ^ byte) + 0x9e3779b97f4a7c15; };
    for (const char c : secret)
    {
        mix(static_cast<uint8_t>(c));
    }
    for (const uint8_t byte : challenge)
    {
        mix(byte);
    }
    std::vector<uint8_t> proof;
    for (int shift = 56; shift >= 0; shift -= 8)
    {
        proof.push_back(static_cast<uint8_t>(mixed >> shift));
    }
    return proof;
}

} // namespace isb
