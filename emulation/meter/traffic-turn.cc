// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/traffic-turn.h"

#include "emulation/meter/traffic-clock.h"
#include "emulation/meter/traffic-command.h"
#include "emulation/meter/traffic-sockets.h"

#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace isb
{

namespace
{

// RFC 8489 section 5, RFC 8656 sections 17 and 18.
constexpr uint32_t MAGIC = 0x2112a442;
constexpr uint16_t ALLOCATE = 0x0003, CHANNEL_BIND = 0x0009, SUCCESS = 0x0100;
constexpr uint16_t CHANNEL_NUMBER = 0x000c, LIFETIME = 0x000d, XOR_PEER_ADDRESS = 0x0012,
                   REQUESTED_TRANSPORT = 0x0019;
constexpr uint32_t UDP = 17U << 24U;
constexpr uint32_t SECONDS = 3600; ///< of an allocation; coturn's upper bound
constexpr int TRIES = 5;
constexpr size_t HEADER_SIZE = 20;

/// A request that grows by attributes.
class Request
{
  public:
    explicit Request(uint16_t type)
    {
        Put16(type);
        Put16(0);
        Put32(MAGIC);
        for (uint32_t word : {0x69736262U, 0x656e6368U, uint32_t{type}})
        {
            Put32(word);
        }
    }

    void
    Add(uint16_t attribute, const std::vector<uint32_t>& words)
    {
        Put16(attribute);
        Put16(static_cast<uint16_t>(4 * words.size()));
        for (const uint32_t word : words)
        {
            Put32(word);
        }
        const size_t length = m_bytes.size() - HEADER_SIZE;
        m_bytes[2] = static_cast<uint8_t>(length >> 8U);
        m_bytes[3] = static_cast<uint8_t>(length);
    }

    [[nodiscard]] const std::vector<uint8_t>&
    Bytes() const
    {
        return m_bytes;
    }

  private:
    void
    Put16(uint16_t value)
    {
        m_bytes.push_back(static_cast<uint8_t>(value >> 8U));
        m_bytes.push_back(static_cast<uint8_t>(value));
    }

    void
    Put32(uint32_t value)
    {
        Put16(static_cast<uint16_t>(value >> 16U));
        Put16(static_cast<uint16_t>(value));
    }

    std::vector<uint8_t> m_bytes;
};

/// Sends it until it is answered with success. What comes on the channel meanwhile is dropped.
void
Ask(int socket, const Request& request, const char* what)
{
    std::array<uint8_t, 2048> answer{};
    for (int i = 0; i < TRIES; ++i)
    {
        if (send(socket, request.Bytes().data(), request.Bytes().size(), 0) < 0 &&
            errno != ECONNREFUSED)
        {
            break;
        }
        while (WaitReadable(socket, NS_PER_SECOND))
        {
            const ssize_t got = recv(socket, answer.data(), answer.size(), MSG_DONTWAIT);
            if (got < 0)
            {
                break;
            }
            if (got < static_cast<ssize_t>(HEADER_SIZE) || (answer[0] & 0xc0U) != 0)
            {
                continue;
            }
            const unsigned type = static_cast<unsigned>(answer[0]) << 8U | answer[1];
            const unsigned asked =
                static_cast<unsigned>(request.Bytes()[0]) << 8U | request.Bytes()[1];
            if (type == (asked | SUCCESS))
            {
                return;
            }
            throw TrafficFault(std::string(what) + " was refused");
        }
    }
    throw TrafficFault(std::string(what) + " was not answered");
}

} // namespace

void
TrafficTurn::Open(int socket, Endpoint peer)
{
    Request allocate(ALLOCATE);
    allocate.Add(REQUESTED_TRANSPORT, {UDP});
    allocate.Add(LIFETIME, {SECONDS});
    Ask(socket, allocate, "TURN allocation");
    Bind(socket, peer);
}

void
TrafficTurn::Bind(int socket, Endpoint peer)
{
    constexpr uint32_t IPV4 = 0x00010000;
    Request bind(CHANNEL_BIND);
    bind.Add(CHANNEL_NUMBER, {uint32_t{CHANNEL} << 16U});
    bind.Add(XOR_PEER_ADDRESS, {IPV4 | (peer.port ^ (MAGIC >> 16U)), peer.address.value ^ MAGIC});
    Ask(socket, bind, "TURN channel");
}

void
TrafficTurn::WriteHeader(uint8_t* header, size_t size)
{
    header[0] = CHANNEL >> 8U;
    header[1] = CHANNEL & 0xffU;
    header[2] = static_cast<uint8_t>(size >> 8U);
    header[3] = static_cast<uint8_t>(size);
}

} // namespace isb
