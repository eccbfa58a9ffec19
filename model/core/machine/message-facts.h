// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_MACHINE_MESSAGE_FACTS_H
#define ISB_CORE_MACHINE_MESSAGE_FACTS_H

#include "model/core/trace/trace-event.h"
#include "model/wire/isb-message.h"

#include <string>

namespace isb
{

/// Fills the fields of a trace event that a message tells: `connection`, `splice`, `peer`,
/// `service`, `path`, `method`, `ist`, `reason` (the code of a refusal or failure), `id` (request;
/// of offer and answer the subscription) and `detail`: the other facts as "key=value key=value" in
/// a fixed order, those with their default left out. No secret: neither proofs nor tokens.
///
/// The event's texts point into the message and into `text`.
void DescribeMessage(const IsbMessage& message, TraceEvent& event, std::string& text);

} // namespace isb

#endif
