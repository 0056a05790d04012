#include <vector>

#include <CivetServer.h>

#include <querytap/control/http_server.h>

namespace querytap::control {
namespace {

constexpr const char* kThreads = "2";
constexpr const char* kRequestTimeoutMs = "5000";

void answer(mg_connection* connection, int status, const char* reason, const char* type,
            const std::string& body) {
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
              "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
              status, reason, type, body.size());
    mg_write(connection, body.data(), body.size());
}

void say(mg_connection* connection, int status, const char* reason, const std::string& text) {
    answer(connection, status, reason, "text/plain; charset=utf-8", text + "\n");
}

}  // namespace

struct HttpServer::Impl final : CivetHandler {
    HttpHandlers handlers;
    std::unique_ptr<CivetServer> server;
    std::uint16_t port = 0;

    bool handleGet(CivetServer*, mg_connection* connection) override {
        const std::string path = mg_get_request_info(connection)->local_uri;
        if (path == "/metrics") {
            answer(connection, 200, "OK", "text/plain; version=0.0.4; charset=utf-8",
                   handlers.metrics());
        } else if (path == "/-/healthy") {
            say(connection, 200, "OK", "querytap is healthy");
        } else if (path == "/-/ready") {
            const bool ready = handlers.ready();
            say(connection, ready ? 200 : 503, ready ? "OK" : "Service Unavailable",
                ready ? "querytap is ready" : "querytap is not ready");
        } else if (path == "/-/reload") {
            say(connection, 405, "Method Not Allowed", "use POST");
        } else {
            say(connection, 404, "Not Found",
                "there are /metrics, /-/healthy, /-/ready, /-/reload");
        }
        return true;
    }

    bool handlePost(CivetServer*, mg_connection* connection) override {
        const std::string path = mg_get_request_info(connection)->local_uri;
        if (path != "/-/reload") {
            say(connection, 405, "Method Not Allowed", "only /-/reload takes POST");
            return true;
        }
        const Status done = handlers.reload();
        say(connection, done.ok() ? 200 : 500, done.ok() ? "OK" : "Internal Server Error",
            done.ok() ? "reload requested" : done.error().to_string());
        return true;
    }

    bool refuse(mg_connection* connection) {
        say(connection, 405, "Method Not Allowed", "use GET, or POST for /-/reload");
        return true;
    }
    bool handlePut(CivetServer*, mg_connection* connection) override { return refuse(connection); }
    bool handleDelete(CivetServer*, mg_connection* connection) override {
        return refuse(connection);
    }
    bool handlePatch(CivetServer*, mg_connection* connection) override {
        return refuse(connection);
    }
    bool handleOptions(CivetServer*, mg_connection* connection) override {
        return refuse(connection);
    }
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& address,
                                                      std::uint16_t port, HttpHandlers handlers) {
    auto impl = std::make_unique<Impl>();
    impl->handlers = std::move(handlers);
    const bool v6 = address.find(':') != std::string::npos;
    const std::string listen = (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
    const std::vector<std::string> options{"listening_ports",
                                           listen,
                                           "num_threads",
                                           kThreads,
                                           "request_timeout_ms",
                                           kRequestTimeoutMs,
                                           "enable_directory_listing",
                                           "no"};
    try {
        impl->server = std::make_unique<CivetServer>(options);
    } catch (const CivetException&) {
        return Error{.message = "cannot listen on " + listen,
                     .hint = "another program may use the port: change metrics.listen"};
    }
    const std::vector<int> ports = impl->server->getListeningPorts();
    if (!ports.empty()) impl->port = static_cast<std::uint16_t>(ports.front());
    impl->server->addHandler("/", impl.get());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const noexcept {
    return impl_->port;
}

}  // namespace querytap::control
