// One HTTP server (CivetWeb) for operators: /metrics, /-/healthy, /-/ready, POST /-/reload. Listens
// on a loopback address unless told otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <querytap/base/result.h>

namespace querytap::control {

struct HttpHandlers {
    std::function<std::string()> metrics;  ///< text exposition
    std::function<bool()> ready;
    std::function<Status()>
        reload;  ///< called from an HTTP thread; must hand over to the control thread
};

class HttpServer {
  public:
    /// port 0 = any free port.
    static Result<std::unique_ptr<HttpServer>> start(const std::string& address, std::uint16_t port,
                                                     HttpHandlers handlers);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const noexcept;

  private:
    struct Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::control
