// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_PORT_BOOK_H
#define ISB_LAB_PORT_BOOK_H

#include "model/lab/table-reader.h"
#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace isb
{

/// Who has a port, for error lines.
struct PortOwner
{
    size_t line = 1;
    std::string what; ///< "the server of 'bob/web'"
};

/// Which ports of which host are in use. Two who want one are a fault in the line of the later.
class PortBook
{
  public:
    /// `faults` must outlive the book.
    explicit PortBook(LabFaults& faults)
        : m_faults(&faults)
    {
    }

    void Enter(size_t host, Protocol protocol, uint16_t port, const PortOwner& owner);
    /// Both protocols, both ends included; ranges of one host do not overlap.
    void EnterRange(size_t host, uint16_t first, uint16_t last, const PortOwner& owner);
    /// A free port, the first from `first` on; a fault in `line` when there is none.
    [[nodiscard]] uint16_t Give(size_t host, Protocol protocol, uint16_t first, size_t line);

  private:
    struct Range
    {
        uint16_t first;
        uint16_t last;
        PortOwner owner;
    };

    /// Who has it; null: nobody.
    [[nodiscard]] const PortOwner* OwnerOf(size_t host, Protocol protocol, uint16_t port) const;

    LabFaults* m_faults;
    std::map<std::tuple<size_t, Protocol, uint16_t>, PortOwner> m_ports;
    std::map<size_t, std::vector<Range>> m_ranges; ///< by host
};

} // namespace isb

#endif
