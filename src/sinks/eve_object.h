// A JSON object being written, field after field. Thin clothes for RapidJSON's writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <querytap/base/time.h>

#include "utf8.h"

namespace querytap::sinks {

class EveObject {
  public:
    explicit EveObject(rapidjson::StringBuffer& out) : writer_(out) {}

    void begin() { writer_.StartObject(); }
    void begin(std::string_view key) {
        name(key);
        writer_.StartObject();
    }
    void end() { writer_.EndObject(); }
    void begin_list(std::string_view key) {
        name(key);
        writer_.StartArray();
    }
    void end_list() { writer_.EndArray(); }

    void text(std::string_view key, std::string_view value) {
        name(key);
        item(value);
    }
    /// Left out when empty.
    void text_if(std::string_view key, std::string_view value) {
        if (!value.empty()) text(key, value);
    }
    void number(std::string_view key, std::uint64_t value) {
        name(key);
        writer_.Uint64(value);
    }
    void number_if(std::string_view key, std::uint64_t value) {
        if (value != 0) number(key, value);
    }
    void boolean(std::string_view key, bool value) {
        name(key);
        writer_.Bool(value);
    }
    void time(std::string_view key, Timestamp value);

    void item(std::string_view value) {
        const std::string valid = valid_utf8(value);
        writer_.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
    }
    void item(std::uint64_t value) { writer_.Uint64(value); }

  private:
    void name(std::string_view key) {
        writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    }

    rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

/// As Suricata writes it: 2026-11-23T07:58:06.123456+0000.
std::string eve_time(Timestamp time);

}  // namespace querytap::sinks
