#include <algorithm>
#include <charconv>
#include <numeric>

#include <querytap/config/yaml_reader.h>

namespace querytap::config {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, change});
            diagonal = above;
        }
    }
    return row[b.size()];
}

bool parse_number(const std::string& text, std::uint64_t& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& candidates) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance >= best_distance) continue;
        best_distance = distance;
        best = candidate;
    }
    return best;
}

void Problems::add(const YAML::Mark& mark, std::string message, std::string hint) {
    if (first_) return;
    first_ = at(mark);
    first_->message = std::move(message);
    first_->hint = std::move(hint);
}

Error Problems::at(const YAML::Mark& mark) const {
    return {
        .message = {}, .hint = {}, .file = file_, .line = mark.line + 1, .column = mark.column + 1};
}

YamlMap::YamlMap(const YAML::Node& node, std::string what, Problems& problems)
    : node_(node.IsDefined() ? node : YAML::Node()), what_(std::move(what)), problems_(problems) {
    if (!node_.IsNull() && !node_.IsMap()) {
        problems_.add(node_.Mark(), what_ + " must be a mapping of keys to values",
                      "write 'key: value' lines, indented below it");
        node_.reset();
    }
}

YAML::Node YamlMap::node(std::string_view key) {
    known_.emplace(key);
    if (!node_.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
    const YAML::Node& constant = node_;  // the other operator[] would add the key
    return constant[std::string(key)];
}

YAML::Node YamlMap::scalar(std::string_view key, std::string_view wanted) {
    YAML::Node value = node(key);
    if (!value.IsDefined() || value.IsScalar()) return value;
    problems_.add(value.Mark(), "'" + std::string(key) + "' must be " + std::string(wanted));
    return YAML::Node(YAML::NodeType::Undefined);
}

void YamlMap::read(std::string_view key, std::string& value) {
    const YAML::Node found = scalar(key, "a text");
    if (found.IsDefined()) value = found.Scalar();
}

void YamlMap::read(std::string_view key, bool& value) {
    const YAML::Node found = scalar(key, "true or false");
    if (!found.IsDefined()) return;
    if (!YAML::convert<bool>::decode(found, value)) {
        problems_.add(found.Mark(), "'" + std::string(key) + "' must be true or false, not '" +
                                        found.Scalar() + "'");
    }
}

bool YamlMap::read_number(std::string_view key, std::uint64_t& value, std::uint64_t min,
                          std::uint64_t max) {
    const YAML::Node found = scalar(key, "a number");
    if (!found.IsDefined()) return false;
    std::uint64_t number = 0;
    if (!parse_number(found.Scalar(), number) || number < min || number > max) {
        problems_.add(found.Mark(), "'" + std::string(key) + "' must be a number from " +
                                        std::to_string(min) + " to " + std::to_string(max) +
                                        ", not '" + found.Scalar() + "'");
        return false;
    }
    value = number;
    return true;
}

void YamlMap::read(std::string_view key, std::optional<unsigned>& value, std::uint64_t max) {
    std::uint64_t number = 0;
    if (read_number(key, number, 0, max)) value = static_cast<unsigned>(number);
}

void YamlMap::read(std::string_view key, std::vector<unsigned>& value, std::uint64_t max) {
    const YAML::Node found = node(key);
    if (!found.IsDefined()) return;
    if (!found.IsSequence()) {
        problems_.add(found.Mark(), "'" + std::string(key) + "' must be a list of numbers",
                      "for example [2, 3]");
        return;
    }
    value.clear();
    for (const YAML::Node& item : found) {
        std::uint64_t number = 0;
        if (!item.IsScalar() || !parse_number(item.Scalar(), number) || number > max) {
            problems_.add(item.Mark(), "'" + std::string(key) +
                                           "' must be a list of numbers from " + "0 to " +
                                           std::to_string(max));
            return;
        }
        value.push_back(static_cast<unsigned>(number));
    }
}

void YamlMap::read(std::string_view key, std::vector<std::string>& value) {
    const YAML::Node found = node(key);
    if (!found.IsDefined()) return;
    value.clear();
    if (found.IsScalar()) value.push_back(found.Scalar());
    for (const YAML::Node& item : found) {
        if (item.IsScalar()) {
            value.push_back(item.Scalar());
        } else {
            problems_.add(item.Mark(), "'" + std::string(key) + "' must be a list of texts");
        }
    }
}

void YamlMap::finish() {
    if (!node_.IsMap()) return;
    for (const auto& entry : node_) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
        if (known_.contains(key)) continue;
        const std::string meant = nearest(key, known_);
        problems_.add(entry.first.Mark(), "unknown key '" + key + "' in " + what_,
                      meant.empty() ? "" : "did you mean '" + meant + "'?");
    }
}

}  // namespace querytap::config
