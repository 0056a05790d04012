// A YAML mapping read with care: every key asked for by name, with its type and range; what is left
// over is an unknown key. The first error is kept, with its line and column.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include <querytap/base/result.h>

namespace querytap::config {

/// Where errors of one document go; keeps the first.
class Problems {
  public:
    explicit Problems(std::string file) : file_(std::move(file)) {}

    void add(const YAML::Mark& mark, std::string message, std::string hint = {});
    /// An error without words, for what only others can judge.
    Error at(const YAML::Mark& mark) const;
    bool any() const noexcept { return first_.has_value(); }
    const Error& first() const noexcept { return *first_; }

  private:
    std::string file_;
    std::optional<Error> first_;
};

class YamlMap {
  public:
    /// `what`: the mapping's name in messages. A node that is absent counts as empty.
    YamlMap(const YAML::Node& node, std::string what, Problems& problems);

    void read(std::string_view key, std::string& value);
    void read(std::string_view key, bool& value);
    /// Any unsigned integer type, within min..max.
    template <typename T>
    void read(std::string_view key, T& value, std::uint64_t min, std::uint64_t max) {
        std::uint64_t wide = value;
        if (read_number(key, wide, min, max)) value = static_cast<T>(wide);
    }
    void read(std::string_view key, std::optional<unsigned>& value, std::uint64_t max);
    void read(std::string_view key, std::vector<unsigned>& value, std::uint64_t max);
    /// A list of texts, or one text alone.
    void read(std::string_view key, std::vector<std::string>& value);

    /// The node of a key, for nested mappings and lists; undefined when absent.
    YAML::Node node(std::string_view key);

    /// Complains of keys that nobody asked for, with the nearest known one.
    void finish();

    Problems& problems() noexcept { return problems_; }
    YAML::Mark mark() const { return node_.Mark(); }

  private:
    YAML::Node scalar(std::string_view key, std::string_view wanted);
    bool read_number(std::string_view key, std::uint64_t& value, std::uint64_t min,
                     std::uint64_t max);

    YAML::Node node_;
    std::string what_;
    Problems& problems_;
    std::set<std::string, std::less<>> known_;
};

/// The member of `candidates` that a typist may have meant; empty if none is near.
std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& candidates);

}  // namespace querytap::config
