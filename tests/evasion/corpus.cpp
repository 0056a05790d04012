#include "corpus.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <stdexcept>

#include <yaml-cpp/yaml.h>

#include "capture_turns.h"

namespace querytap::test {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const YAML::Node& node,
                       const std::string& what) {
    throw std::runtime_error(file.string() + ":" + std::to_string(node.Mark().line + 1) + ": " +
                             what);
}

/// {u+d83d} is a UTF-16 unit as it is, so that broken pairs can be written; {x*3000} is x, 3000
/// times.
std::string expand(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = text.find('}');
        if (text.starts_with("{u+") && end == 7) {
            const unsigned long unit = std::stoul(std::string(text.substr(3, 4)), nullptr, 16);
            out.push_back(static_cast<char>(0xe0 | unit >> 12));
            out.push_back(static_cast<char>(0x80 | (unit >> 6 & 0x3f)));
            out.push_back(static_cast<char>(0x80 | (unit & 0x3f)));
            text.remove_prefix(end + 1);
            continue;
        }
        const std::size_t star = text.find('*');
        if (text[0] == '{' && star != text.npos && star > 1 && star < end && end != text.npos &&
            text.find_first_not_of("0123456789", star + 1) == end) {
            const std::string_view piece = text.substr(1, star - 1);
            for (int i = std::stoi(std::string(text.substr(star + 1))); i > 0; --i)
                out += piece;
            text.remove_prefix(end + 1);
            continue;
        }
        out.push_back(text[0]);
        text.remove_prefix(1);
    }
    return out;
}

std::vector<std::string> texts(const YAML::Node& node) {
    std::vector<std::string> out;
    if (!node) return out;
    if (node.IsScalar()) return {expand(node.as<std::string>())};
    for (const auto& item : node)
        out.push_back(expand(item.as<std::string>()));
    return out;
}

/// A list of values, or a mapping of names to values; a plain whole number is an int.
std::vector<RpcParameter> parameters(const YAML::Node& node) {
    std::vector<RpcParameter> out;
    const auto add = [&](const std::string& name, const YAML::Node& value) {
        int number = 0;
        if (value.Tag() != "!" && YAML::convert<int>::decode(value, number)) {
            out.push_back({name, number});
        } else {
            out.push_back({name, expand(value.as<std::string>())});
        }
    };
    if (node.IsMap()) {
        for (const auto& entry : node)
            add(entry.first.as<std::string>(), entry.second);
    } else {
        for (const auto& value : node)
            add("", value);
    }
    return out;
}

Speech speech_of(const YAML::Node& entry) {
    Speech speech;
    speech.sql = texts(entry["sql"]);
    speech.results = texts(entry["result"]);
    if (entry["parameters"]) speech.parameters = parameters(entry["parameters"]);
    if (entry["call"]) {
        speech.calls.push_back(
            {expand(entry["call"].as<std::string>()),
             entry["arguments"] ? parameters(entry["arguments"]) : std::vector<RpcParameter>{}});
    }
    return speech;
}

void check_keys(const std::filesystem::path& file, const YAML::Node& entry) {
    static const std::set<std::string> kKnown{"threat",    "sql",    "via",        "sid", "call",
                                              "arguments", "result", "parameters", "why"};
    for (const auto& field : entry) {
        if (!kKnown.contains(field.first.as<std::string>())) {
            fail(file, field.first, "unknown key " + field.first.as<std::string>());
        }
    }
}

void read_file(const std::filesystem::path& file, bool attack, std::vector<Variant>& out) {
    const YAML::Node entries = YAML::LoadFile(file);
    for (YAML::Node entry : entries) {
        if (entry.IsScalar()) {
            YAML::Node wrapped;
            wrapped["sql"] = entry;
            const int line = entry.Mark().line;
            out.push_back({file.stem().string() + "/" + std::to_string(line + 1) + ":batch",
                           file.stem(),
                           "",
                           "batch",
                           {},
                           speech_of(wrapped)});
            continue;
        }
        check_keys(file, entry);
        Variant variant;
        variant.technique = file.stem();
        variant.speech = speech_of(entry);
        if (attack != entry["threat"].IsDefined()) fail(file, entry, "threat missing, or too much");
        if (attack) variant.threat = entry["threat"].as<std::string>();
        if (entry["sid"]) {
            variant.sids = entry["sid"].IsSequence()
                               ? entry["sid"].as<std::vector<std::uint32_t>>()
                               : std::vector{entry["sid"].as<std::uint32_t>()};
        }
        std::vector<std::string> ways = texts(entry["via"]);
        if (ways.empty()) ways = {"batch"};
        for (const std::string& way : ways) {
            variant.way = way;
            variant.id =
                variant.technique + "/" + std::to_string(entry.Mark().line + 1) + ":" + way;
            out.push_back(variant);
        }
    }
}

std::vector<Variant> read_folder(const char* folder, bool attack) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(source_root() / "tests/evasion" / folder)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::vector<Variant> out;
    for (const auto& file : files)
        read_file(file, attack, out);
    return out;
}

}  // namespace

std::vector<Variant> attacks() {
    return read_folder("attacks", true);
}

std::vector<Variant> look_alikes() {
    return read_folder("look-alikes", false);
}

}  // namespace querytap::test
