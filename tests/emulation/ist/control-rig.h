// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_IST_CONTROL_RIG_H
#define ISB_TESTS_EMULATION_IST_CONTROL_RIG_H

#include "emulation/ist/control-server.h"
#include "tests/emulation/ist/engine-carrier.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <unistd.h>

namespace isb
{

/// A ControlServer with its carrier in a thread of its own, as if it were another process.
class ControlRig
{
  public:
    explicit ControlRig(std::chrono::milliseconds patience = std::chrono::seconds(60))
        : m_server(
              m_io,
              Path(),
              carrier,
              [] {
                  return Json{{"carrier", "engine"}, {"devices", {"lo"}}};
              },
              [this] { m_io.stop(); },
              patience),
          m_thread([this] { m_io.run(); })
    {
    }

    ~ControlRig()
    {
        m_io.stop();
        m_thread.join();
    }

    ControlRig(const ControlRig&) = delete;
    ControlRig& operator=(const ControlRig&) = delete;

    [[nodiscard]] static std::string
    Path()
    {
        return testing::TempDir() + "ist-control-" + std::to_string(getpid());
    }

    /// Does something in the server's thread and waits for it.
    void
    Do(const std::function<void()>& what)
    {
        std::promise<void> done;
        asio::post(m_io,
                   [&]
                   {
                       what();
                       done.set_value();
                   });
        done.get_future().wait();
    }

    /// Waits until the server has ended by itself.
    void
    Join()
    {
        m_thread.join();
        m_thread = std::thread([] {});
    }

    EngineCarrier carrier; ///< of the server's thread

  private:
    asio::io_context m_io{1};
    asio::executor_work_guard<asio::io_context::executor_type> m_guard{m_io.get_executor()};
    ControlServer m_server;
    std::thread m_thread;
};

} // namespace isb

#endif
