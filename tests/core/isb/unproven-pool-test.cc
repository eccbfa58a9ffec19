// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/unproven-pool.h"

#include "model/core/random/rng.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace isb
{
namespace
{

constexpr Ipv4 A{0x0a000001};
constexpr Ipv4 B{0x0a000002};
constexpr Ipv4 C{0x0a000003};

TEST(UnprovenPool, NobodyIsDisplacedWhileThereIsRoom)
{
    UnprovenPool pool(4, 2);
    pool.Add(1, A);
    EXPECT_EQ(pool.Displaced(A), std::nullopt);
    EXPECT_EQ(pool.Displaced(B), std::nullopt);
}

TEST(UnprovenPool, AnAddressAtItsBoundLosesItsOldest)
{
    UnprovenPool pool(10, 2);
    pool.Add(1, B);
    pool.Add(2, A);
    pool.Add(3, A);
    EXPECT_EQ(pool.Displaced(A), 2U);
    EXPECT_EQ(pool.Displaced(B), std::nullopt);
}

TEST(UnprovenPool, AFullPoolTakesFromTheGreediestAddress)
{
    UnprovenPool pool(4, 3);
    pool.Add(1, B); // older, but modest
    pool.Add(2, A);
    pool.Add(3, A);
    pool.Add(4, A);
    EXPECT_EQ(pool.Displaced(C), 2U);
}

TEST(UnprovenPool, OfEquallyGreedyAddressesTheOldestConnectionGoes)
{
    UnprovenPool pool(3, 3);
    pool.Add(5, B);
    pool.Add(6, A);
    pool.Add(7, C);
    EXPECT_EQ(pool.Displaced(A), 5U);
}

TEST(UnprovenPool, RemovalsMakeRoomAndForget)
{
    UnprovenPool pool(2, 2);
    pool.Add(1, A);
    pool.Add(2, A);
    pool.Remove(1, A);
    pool.Remove(1, A); // twice is once
    EXPECT_EQ(pool.Size(), 1U);
    EXPECT_EQ(pool.Displaced(B), std::nullopt);
    pool.Remove(2, A);
    EXPECT_EQ(pool.Size(), 0U);
}

TEST(UnprovenPool, AgreesWithASearchThroughAll)
{
    SeededRng random(3);
    UnprovenPool pool(20, 6);
    std::map<uint32_t, std::set<SocketId>> naive;
    size_t size = 0;
    for (SocketId socket = 1; socket < 5000; ++socket)
    {
        const Ipv4 address{static_cast<uint32_t>(random.Below(8))};
        std::optional<SocketId> expected;
        if (naive[address.value].size() >= 6)
        {
            expected = *naive[address.value].begin();
        }
        else if (size >= 20)
        {
            size_t most = 0;
            for (const auto& [other, sockets] : naive)
            {
                if (sockets.size() > most ||
                    (sockets.size() == most && most > 0 && *sockets.begin() < *expected))
                {
                    most = sockets.size();
                    expected = *sockets.begin();
                }
            }
        }
        ASSERT_EQ(pool.Displaced(address), expected) << socket;
        const SocketId gone =
            expected ? *expected : (random.Below(3) == 0 ? random.Below(socket) : 0);
        for (auto& [other, sockets] : naive)
        {
            if (sockets.erase(gone) != 0)
            {
                pool.Remove(gone, Ipv4{other});
                --size;
            }
        }
        pool.Add(socket, address);
        naive[address.value].insert(socket);
        ++size;
        ASSERT_EQ(pool.Size(), size);
        ASSERT_LE(size, 20U);
    }
}

} // namespace
} // namespace isb
