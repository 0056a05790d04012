#include "delivery.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "smp_builder.h"

namespace querytap::test {
namespace {

constexpr std::string_view kHarmless = "select name from dbo.customers where id = 7";

/// A request and how it is put into packets.
struct Framing {
    bool all_headers = true;
    std::size_t packet_size = 4096;
};

struct Way {
    std::string_view name;
    /// Messages of the client that carry the statement; each gets an answer.
    std::function<std::vector<ByteVector>(const Speech&, std::string_view sql, const Framing&)> say;
    Framing framing = {};
    Cutting cutting = {};
    bool login = true;
    bool answers = true;
    bool mars = false;
};

std::vector<ByteVector> as_batch(const Speech&, std::string_view sql, const Framing& framing) {
    return {batch(sql, framing.all_headers, framing.packet_size)};
}

/// A statement in a procedure's parameter, its own parameters behind it.
std::vector<RpcParameter> with_parameters(std::vector<RpcParameter> first, const Speech& speech) {
    first.insert(first.end(), speech.parameters.begin(), speech.parameters.end());
    return first;
}

std::string declarations(const Speech& speech) {
    std::string text;
    for (const RpcParameter& parameter : speech.parameters)
        text += (text.empty() ? "" : ",") + parameter.name + " nvarchar(4000)";
    return text;
}

std::vector<ByteVector> executesql(const Speech& speech, std::string_view sql,
                                   const Framing& framing, RpcRequest request, TextType type) {
    std::vector<RpcParameter> parameters{{"", std::string(sql), type}};
    if (!speech.parameters.empty()) parameters.push_back({"", declarations(speech)});
    request.parameters = with_parameters(std::move(parameters), speech);
    return {rpc({request}, framing.all_headers, framing.packet_size)};
}

std::vector<ByteVector> by_id(const Speech& speech, std::string_view sql, const Framing& framing) {
    return executesql(speech, sql, framing, {std::uint16_t{10}, {}}, TextType::kNvarchar);
}

std::vector<ByteVector> by_id_max(const Speech& speech, std::string_view sql,
                                  const Framing& framing) {
    return executesql(speech, sql, framing, {std::uint16_t{10}, {}}, TextType::kNvarcharMax);
}

std::vector<ByteVector> by_id_ntext(const Speech& speech, std::string_view sql,
                                    const Framing& framing) {
    return executesql(speech, sql, framing, {std::uint16_t{10}, {}}, TextType::kNtext);
}

std::vector<ByteVector> by_name(const Speech& speech, std::string_view sql,
                                const Framing& framing) {
    return executesql(speech, sql, framing, {"[Sys].SP_ExecuteSQL", {}}, TextType::kNvarchar);
}

std::vector<ByteVector> named_statement(const Speech& speech, std::string_view sql,
                                        const Framing& framing) {
    const RpcRequest request{std::uint16_t{10}, with_parameters({{"@params", declarations(speech)},
                                                                 {"@statement", std::string(sql)}},
                                                                speech)};
    return {rpc({request}, framing.all_headers, framing.packet_size)};
}

std::vector<ByteVector> second_call(const Speech& speech, std::string_view sql,
                                    const Framing& framing) {
    const RpcRequest harmless{std::uint16_t{10}, {{"", std::string(kHarmless)}}};
    const RpcRequest request{std::uint16_t{10}, with_parameters({{"", std::string(sql)}}, speech)};
    return {rpc({harmless, request}, framing.all_headers, framing.packet_size)};
}

std::vector<ByteVector> prepexec(const Speech& speech, std::string_view sql,
                                 const Framing& framing) {
    const RpcRequest request{
        std::uint16_t{13},
        with_parameters({{"", 0, {}, true}, {"", declarations(speech)}, {"", std::string(sql)}},
                        speech)};
    return {rpc({request}, framing.all_headers, framing.packet_size)};
}

std::vector<ByteVector> prepare_execute(const Speech& speech, std::string_view sql,
                                        const Framing& framing) {
    const RpcRequest prepare{
        std::uint16_t{11},
        {{"", 0, {}, true}, {"", declarations(speech)}, {"", std::string(sql)}, {"", 1}}};
    const RpcRequest execute{std::uint16_t{12}, with_parameters({{"", 1}}, speech)};
    return {rpc({prepare}, framing.all_headers, framing.packet_size),
            rpc({execute}, framing.all_headers, framing.packet_size)};
}

std::vector<ByteVector> cursor_open(const Speech&, std::string_view sql, const Framing& framing) {
    const RpcRequest request{std::uint16_t{2},
                             {{"", 0, {}, true}, {"", std::string(sql)}, {"", 8}, {"", 1}}};
    return {rpc({request}, framing.all_headers, framing.packet_size)};
}

std::vector<ByteVector> cursor_prepexec(const Speech& speech, std::string_view sql,
                                        const Framing& framing) {
    const RpcRequest request{std::uint16_t{5},
                             {{"", 0, {}, true},
                              {"", 0, {}, true},
                              {"", declarations(speech)},
                              {"", std::string(sql)},
                              {"", 8}}};
    return {rpc({request}, framing.all_headers, framing.packet_size)};
}

const std::vector<Way>& all_ways() {
    static const std::vector<Way> ways{
        {.name = "batch", .say = as_batch},
        {.name = "batch-tds71", .say = as_batch, .framing = {.all_headers = false}},
        {.name = "packets-512", .say = as_batch, .framing = {.packet_size = 512}},
        {.name = "packets-9", .say = as_batch, .framing = {.packet_size = 9}},
        {.name = "segments-1", .say = as_batch, .cutting = {.segment_max = 1}},
        {.name = "segments-odd",
         .say = as_batch,
         .framing = {.packet_size = 37},
         .cutting = {.segment_max = 13, .random_sizes = true}},
        {.name = "reordered", .say = as_batch, .cutting = {.segment_max = 40, .reorder = 0.5}},
        {.name = "repeated", .say = as_batch, .cutting = {.segment_max = 40, .duplicate = 0.5}},
        {.name = "midstream", .say = as_batch, .cutting = {.handshake = false}, .login = false},
        {.name = "one-direction", .say = as_batch, .answers = false},
        {.name = "mars", .say = as_batch, .framing = {.packet_size = 40}, .mars = true},
        {.name = "mars-executesql", .say = by_id, .framing = {.packet_size = 40}, .mars = true},
        {.name = "executesql", .say = by_id},
        {.name = "executesql-tds71", .say = by_id, .framing = {.all_headers = false}},
        {.name = "executesql-max", .say = by_id_max},
        {.name = "executesql-ntext", .say = by_id_ntext, .framing = {.all_headers = false}},
        {.name = "executesql-by-name", .say = by_name},
        {.name = "executesql-named", .say = named_statement},
        {.name = "executesql-segments-1", .say = by_id, .cutting = {.segment_max = 1}},
        {.name = "second-call", .say = second_call},
        {.name = "prepexec", .say = prepexec},
        {.name = "prepare-execute", .say = prepare_execute},
        {.name = "cursor-open", .say = cursor_open},
        {.name = "cursor-prepexec", .say = cursor_prepexec},
    };
    return ways;
}

class Talk {
  public:
    Talk(const Way& way, Timestamp begin) : way_(way), time_(begin) {}

    void log_in() {
        if (!way_.login) return;
        LoginFields fields;
        if (!way_.framing.all_headers) fields.tds_version = 0x71000001;
        say(true, prelogin());
        say(false, prelogin_answer());
        say(true, login7(fields));
        say(false, login_answer(fields.tds_version));
        if (way_.mars) {
            ByteVector syn = smp_syn(0);
            append(syn, smp_syn(1));
            say(true, std::move(syn));
        }
    }

    void request(const ByteVector& message, const ByteVector& answer) {
        if (way_.mars) {
            // A harmless request of another session lies between its packets.
            const ByteVector other = batch(kHarmless, true, way_.framing.packet_size);
            say(true,
                interleave(smp_data(0, other, other_sequence_), smp_data(1, message, sequence_)));
        } else {
            say(true, message);
        }
        say(false, answer);
    }

    std::vector<Turn> take() { return std::move(turns_); }

  private:
    void say(bool to_server, ByteVector bytes) {
        if (!to_server && !way_.answers) return;
        if (!to_server && way_.mars && sequence_ > 0) {
            const auto data = smp_data(1, bytes, answer_sequence_);
            bytes = interleave(data, {});
        }
        turns_.push_back({to_server, std::move(bytes), time_});
        time_ = from_ns(to_ns(time_) + 10'000'000);
    }

    const Way& way_;
    Timestamp time_;
    std::uint32_t sequence_ = 0;
    std::uint32_t other_sequence_ = 0;
    std::uint32_t answer_sequence_ = 0;
    std::vector<Turn> turns_;
};

}  // namespace

std::vector<std::string_view> ways() {
    std::vector<std::string_view> names;
    for (const Way& way : all_ways())
        names.push_back(way.name);
    return names;
}

Delivered deliver(const Speech& speech, std::string_view name, Timestamp begin) {
    const auto way = std::find_if(all_ways().begin(), all_ways().end(),
                                  [&](const Way& known) { return known.name == name; });
    if (way == all_ways().end()) throw std::invalid_argument("no way: " + std::string(name));
    ByteVector answer = done(way->framing.all_headers);
    if (!speech.results.empty()) {
        answer = rows(std::vector<std::string_view>(speech.results.begin(), speech.results.end()));
    }
    Talk talk(*way, begin);
    talk.log_in();
    if (!speech.calls.empty()) {
        talk.request(rpc(speech.calls, way->framing.all_headers, way->framing.packet_size), answer);
    }
    for (const std::string& sql : speech.sql) {
        const auto messages = way->say(speech, sql, way->framing);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            talk.request(messages[i], i + 1 < messages.size() ? handle_answer(1) : answer);
        }
    }
    return {talk.take(), way->cutting};
}

}  // namespace querytap::test
