#include <arpa/inet.h>
#include <atomic>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <querytap/control/http_server.h>

namespace querytap::control {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string ask(std::uint16_t port, const std::string& request) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer;
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
        const std::string text = request +
                                 " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\n\r\n";
        (void)!write(fd, text.data(), text.size());
        char buffer[4096];
        for (ssize_t n = 0; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
            answer.append(buffer, static_cast<std::size_t>(n));
        }
    }
    close(fd);
    return answer;
}

class Http : public testing::Test {
  protected:
    void SetUp() override {
        auto started = HttpServer::start("127.0.0.1", 0,
                                         {.metrics = [] { return std::string("m 1\n"); },
                                          .ready = [this] { return ready_.load(); },
                                          .reload = [this]() -> Status {
                                              ++reloads_;
                                              if (!refuse_) return success();
                                              return Error{.message = "no such rule"};
                                          }});
        ASSERT_TRUE(started.ok()) << started.error().to_string();
        server_ = std::move(started).value();
        ASSERT_NE(server_->port(), 0);
    }
    std::atomic<bool> ready_{false};
    std::atomic<bool> refuse_{false};
    std::atomic<int> reloads_{0};
    std::unique_ptr<HttpServer> server_;
};

TEST_F(Http, MetricsAreText) {
    const std::string answer = ask(server_->port(), "GET /metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nm 1\n"));
}

TEST_F(Http, ReadyWhenReady) {
    EXPECT_THAT(ask(server_->port(), "GET /-/healthy"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(ask(server_->port(), "GET /-/ready"), StartsWith("HTTP/1.1 503"));
    ready_ = true;
    EXPECT_THAT(ask(server_->port(), "GET /-/ready"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Http, ReloadWantsPost) {
    EXPECT_THAT(ask(server_->port(), "GET /-/reload"), StartsWith("HTTP/1.1 405"));
    EXPECT_EQ(reloads_, 0);
    EXPECT_THAT(ask(server_->port(), "POST /-/reload"), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(reloads_, 1);
    refuse_ = true;
    const std::string refused = ask(server_->port(), "POST /-/reload");
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 500"));
    EXPECT_THAT(refused, HasSubstr("no such rule"));
}

TEST_F(Http, EverythingElseIsRefused) {
    EXPECT_THAT(ask(server_->port(), "GET /"), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(ask(server_->port(), "GET /../etc/passwd"),
                testing::Not(StartsWith("HTTP/1.1 200")));
    EXPECT_THAT(ask(server_->port(), "DELETE /metrics"), StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(ask(server_->port(), "POST /metrics"), StartsWith("HTTP/1.1 405"));
}

TEST_F(Http, ABusyPortSaysWhich) {
    const auto second = HttpServer::start("127.0.0.1", server_->port(), {});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().message,
              "cannot listen on 127.0.0.1:" + std::to_string(server_->port()));
}

}  // namespace
}  // namespace querytap::control
