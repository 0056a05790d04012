// A session's callbacks as lines of text, one a fact: "> sql: select 1". Chunks of a value are put
// together first, so that the log does not depend on how the bytes were cut.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <querytap/base/utf16.h>
#include <querytap/tds/session.h>

namespace querytap::tds::test {

inline std::string hex(Bytes bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

inline std::string hex(std::uint32_t value) {
    std::string text(8, '0');
    for (std::size_t i = 0; i < 8; ++i)
        text[7 - i] = "0123456789abcdef"[(value >> (4 * i)) & 15];
    return text;
}

class EventLog final : public Handler {
  public:
    EventLog() = default;
    /// detailed: with what only the examples of the specification are asked for.
    explicit EventLog(bool detailed) : detailed_(detailed) {}

    const std::vector<std::string>& lines() const { return lines_; }

    std::string text() const {
        std::string all;
        for (const std::string& line : lines_)
            all += line + "\n";
        for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
            const auto& raw = raw_[static_cast<std::size_t>(direction)];
            if (!raw.empty()) all += std::string(arrow(direction)) + " raw " + hex(raw) + "\n";
        }
        return all;
    }

    /// The lines without message begins and ends.
    std::string facts() const {
        std::string all;
        for (const std::string& line : lines_) {
            if (line.find(" begin ") == line.npos && line.find(" end ") == line.npos)
                all += line + "\n";
        }
        return all;
    }

    void on_message_begin(const MessageInfo& info) override {
        std::string line = "begin " + std::string(name(info.type));
        if (name(info.type) == "unknown") line += std::to_string(int(info.type));
        if (detailed_) line += " spid=" + std::to_string(info.spid);
        if (detailed_ || (info.status != 1 && info.status != 0))
            line += " status=" + std::to_string(info.status);
        add(info, line);
    }
    void on_message_end(const MessageInfo& info) override {
        for (const char* kind : {"sql", "statement", "prepared", "parameter", "result"}) {
            if (open_.count(key(info, kind)) != 0) add(info, std::string("unended ") + kind);
            open_.erase(key(info, kind));
        }
        add(info, "end " + std::string(name(info.type)) + " size=" + std::to_string(info.size) +
                      (info.complete ? "" : " incomplete"));
    }
    void on_prelogin(const MessageInfo& info, const Prelogin& p) override {
        add(info, "prelogin version=" + hex(Bytes{p.version}) +
                      " encryption=" + std::to_string(int(p.encryption)) +
                      (p.instance.empty() ? "" : " instance=" + std::string(p.instance.view())) +
                      (detailed_ ? " thread=" + std::to_string(p.thread_id) : "") +
                      " options=" + std::to_string(p.option_count) + (p.mars ? " mars" : "") +
                      (p.has_trace_id ? " trace" : "") + (p.has_fedauth ? " fedauth" : "") +
                      (p.has_nonce ? " nonce" : ""));
    }
    void on_login(const MessageInfo& info, const Login7& l) override {
        std::string line =
            "login tds=" + hex(l.tds_version) + " packet=" + std::to_string(l.packet_size) +
            " program=" + hex(l.client_program_version) + " pid=" + std::to_string(l.client_pid) +
            " flags=" + hex(Bytes{l.option_flags}) + " id=" + hex(Bytes{l.client_id});
        const std::pair<const char*, std::string_view> fields[] = {
            {" host=", l.host.view()},
            {" user=", l.user.view()},
            {" app=", l.application.view()},
            {" server=", l.server.view()},
            {" library=", l.library.view()},
            {" language=", l.language.view()},
            {" database=", l.database.view()},
            {" file=", l.attach_file.view()},
            {" domain=", l.ntlm_domain.view()},
            {" ntlm_user=", l.ntlm_user.view()},
            {" workstation=", l.ntlm_workstation.view()},
        };
        for (const auto& [label, value] : fields) {
            if (!value.empty()) line += label + std::string(value);
        }
        if (l.has_password) line += " password";
        if (l.changes_password) line += " changes_password";
        if (l.integrated) line += " integrated";
        if (l.fedauth) line += " fedauth";
        if (detailed_) {
            line += " connection=" + std::to_string(l.connection_id) +
                    " zone=" + std::to_string(l.time_zone) + " lcid=" + hex(l.lcid) +
                    " features=" + hex(l.features);
        }
        add(info, line);
    }
    void on_ntlm(const MessageInfo& info, const NtlmIdentity& n) override {
        add(info, std::string("ntlm ") +
                      (n.message == NtlmMessage::kNegotiate ? "negotiate" : "authenticate") +
                      " domain=" + std::string(n.domain.view()) +
                      " user=" + std::string(n.user.view()) +
                      " workstation=" + std::string(n.workstation.view()));
    }
    void on_sql(const MessageInfo& info, SqlSource source, const Chunk& chunk) override {
        value(info,
              source == SqlSource::kBatch       ? "sql"
              : source == SqlSource::kStatement ? "statement"
                                                : "prepared",
              chunk);
    }
    void on_rpc(const MessageInfo& info, const RpcCall& call) override {
        add(info, "rpc " + std::to_string(call.index) + " '" + std::string(call.procedure) +
                      "' id=" + std::to_string(call.procedure_id) +
                      " options=" + std::to_string(call.options));
    }
    void on_parameter(const MessageInfo& info, const Parameter& p) override {
        add(info, "param " + std::to_string(p.index) + " '" + std::string(p.name) +
                      "' type=" + hex(Bytes{&p.type, 1}) + (p.output ? " out" : ""));
    }
    void on_parameter_value(const MessageInfo& info, const Chunk& chunk) override {
        value(info, "parameter", chunk);
    }
    void on_column(const MessageInfo& info, const ResultColumn& c) override {
        add(info, "column " + std::to_string(c.index) + " '" + std::string(c.name) +
                      "' type=" + hex(Bytes{&c.type, 1}));
    }
    void on_result_values(const MessageInfo& info, std::span<const Chunk> values) override {
        for (const Chunk& chunk : values)
            value(info, "result", chunk);
    }
    void on_error(const MessageInfo& info, const ResultError& e) override {
        add(info, std::string(e.is_info ? "info " : "error ") + std::to_string(e.number) + "/" +
                      std::to_string(e.state) + "/" + std::to_string(e.severity) + " '" +
                      std::string(e.message) + "' server=" + std::string(e.server) +
                      " procedure=" + std::string(e.procedure) +
                      (detailed_ ? " line=" + std::to_string(e.line) : ""));
    }
    void on_login_ack(const MessageInfo& info, const LoginAck& a) override {
        add(info, "login_ack tds=" + hex(a.tds_version) + " '" + std::string(a.program) +
                      "' version=" + hex(a.program_version) +
                      (detailed_ ? " interface=" + std::to_string(a.interface) : ""));
    }
    void on_features(const MessageInfo& info, std::uint32_t acknowledged) override {
        add(info, "features " + hex(acknowledged));
    }
    void on_federation(const MessageInfo& info, const Federation& federation) override {
        add(info, "federation url='" + std::string(federation.sts_url) + "' spn='" +
                      std::string(federation.spn) + "'");
    }
    void on_env_change(const MessageInfo& info, EnvChange kind, std::string_view v,
                       std::string_view old) override {
        add(info, "env " + std::to_string(int(kind)) + " '" + std::string(v) + "'" +
                      (detailed_ ? " was '" + std::string(old) + "'" : ""));
    }
    void on_done(const MessageInfo& info, const Done& done) override {
        if (!detailed_) return;
        add(info, "done " + hex(Bytes{&done.token, 1}) + " status=" + std::to_string(done.status) +
                      " command=" + std::to_string(done.command) +
                      " rows=" + std::to_string(done.rows));
    }
    void on_return_status(const MessageInfo& info, std::int32_t value) override {
        if (detailed_) add(info, "return status " + std::to_string(value));
    }
    void on_parameter_number(const MessageInfo& info, std::int64_t value) override {
        if (detailed_) add(info, "number: " + std::to_string(value));
    }
    void on_result_end(const MessageInfo& info, const ResultSummary& s) override {
        add(info,
            "result rows=" + std::to_string(s.rows) + " affected=" + std::to_string(s.affected) +
                " columns=" + std::to_string(s.columns) + " errors=" + std::to_string(s.errors) +
                " sets=" + std::to_string(s.result_sets));
    }
    void on_tls(TlsMode mode, const tls::Handshake& handshake) override {
        const auto& [client, server, certificate] = handshake;
        lines_.push_back(
            "tls " + std::string(name(mode)) + " sni=" + std::string(client.sni.view()) +
            " ja4=" + std::string(client.ja4.view()) + " ja4s=" + std::string(server.ja4s.view()) +
            " subject=" + std::string(certificate.subject.view()));
    }
    void on_encrypted(Direction direction, bool after_login) override {
        lines_.push_back(arrow(direction) +
                         std::string(after_login ? " encrypted: login" : " encrypted: all"));
    }
    void on_raw(Direction direction, Bytes bytes) override {
        auto& raw = raw_[static_cast<std::size_t>(direction)];
        raw.insert(raw.end(), bytes.begin(), bytes.end());
    }
    void on_anomaly(Direction direction, Anomaly anomaly) override {
        lines_.push_back(std::string(arrow(direction)) + " ! " + std::string(name(anomaly)));
    }

  private:
    struct Value {
        std::vector<std::uint8_t> bytes;
        Encoding encoding;
    };

    static const char* arrow(Direction direction) {
        return direction == Direction::kToServer ? ">" : "<";
    }
    static std::string prefix(const MessageInfo& info) {
        std::string text = arrow(info.direction);
        if (info.smp_session != 0) text += "[" + std::to_string(info.smp_session) + "]";
        return text + " ";
    }
    static std::string key(const MessageInfo& info, const char* kind) {
        return prefix(info) + kind;
    }
    void add(const MessageInfo& info, const std::string& line) {
        lines_.push_back(prefix(info) + line);
    }

    void value(const MessageInfo& info, const char* kind, const Chunk& chunk) {
        const std::string where = key(info, kind);
        if (chunk.begin != (open_.count(where) == 0)) add(info, "misplaced begin");
        Value& value = open_[where];
        if (chunk.begin) value.encoding = chunk.encoding;
        if (chunk.encoding != value.encoding) add(info, "changed encoding");
        value.bytes.insert(value.bytes.end(), chunk.bytes.begin(), chunk.bytes.end());
        if (!chunk.end) return;
        add(info, kind + shown(value));
        open_.erase(where);
    }

    static std::string shown(const Value& value) {
        switch (value.encoding) {
            case Encoding::kUtf16le: {
                std::string text(narrow_bound(value.bytes.size()), '\0');
                NarrowState state;
                std::size_t size = narrow(value.bytes, text.data(), state);
                size += narrow_end(text.data() + size, state);
                text.resize(size);
                return ": " + text;
            }
            case Encoding::kSingleByte:
                return "(8): " + std::string(as_text(value.bytes));
            case Encoding::kBinary:
                return "(x): " + hex(value.bytes);
        }
        return {};
    }

    bool detailed_ = false;
    std::vector<std::string> lines_;
    std::array<std::vector<std::uint8_t>, 2> raw_;
    std::map<std::string, Value> open_;
};

}  // namespace querytap::tds::test
