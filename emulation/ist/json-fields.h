// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_JSON_FIELDS_H
#define ISB_EMULATION_IST_JSON_FIELDS_H

#include "emulation/ist/ist-json.h"
#include "model/wire/ip-endpoint.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace isb
{

/// Reads the fields of one JSON object that a stranger wrote. The first fault stays; everything
/// read after it is a default. A field that is null or not there keeps its default too.
class JsonFields
{
  public:
    /// \param what the object is called in a fault: "pair"
    JsonFields(const Json& json, std::string what);

    [[nodiscard]] uint64_t Number(const char* key, uint64_t most = UINT64_MAX);
    [[nodiscard]] uint16_t Port(const char* key);
    [[nodiscard]] Duration Seconds(const char* key);
    [[nodiscard]] std::string Text(const char* key);
    [[nodiscard]] std::optional<IpAddress> Address(const char* key);
    /// Default-made when there is none.
    [[nodiscard]] IpEndpoint Place(const char* key);
    /// The value itself, or null. Lives as long as the JSON that was given.
    [[nodiscard]] const Json& Any(const char* key) const;

    void Fault(const std::string& key, const std::string& wanted);

    [[nodiscard]] const std::optional<Error>&
    Failure() const
    {
        return m_failure;
    }

  private:
    const Json& m_json;
    std::string m_what;
    std::optional<Error> m_failure;
};

} // namespace isb

#endif
