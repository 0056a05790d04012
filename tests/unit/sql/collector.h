// Collects the views of a text, cut into pieces or not.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/sql/normaliser.h>

namespace querytap::sql::test {

struct Collected final : Views {
    void on_raw(std::string_view text) override { raw += text; }
    void on_normalised(std::string_view text) override { normalised += text; }
    void on_literal(std::string_view text) override { literals += text; }
    void on_decoded(std::string_view text) override { decoded += text; }
    void on_dynamic(int index, std::string_view text) override {
        const auto view = static_cast<std::size_t>(index);
        if (ended.at(view)) dynamic.at(view) += '\n';
        ended.at(view) = false;
        dynamic.at(view) += text;
    }
    void on_dynamic_end(int index) override { ended.at(static_cast<std::size_t>(index)) = true; }
    bool operator==(const Collected& other) const {
        return raw == other.raw && normalised == other.normalised && literals == other.literals &&
               decoded == other.decoded && dynamic == other.dynamic;
    }

    std::string raw;
    std::string normalised;
    std::string literals;
    std::string decoded;
    std::array<std::string, kDynamicViewsMax> dynamic;  ///< texts of one view: lines
    std::array<bool, kDynamicViewsMax> ended{};
    std::uint32_t limits_hit = 0;
    std::uint64_t steps = 0;
    ExecutedNames executed;
};

/// UTF-8 (well-formed) as it stands on the wire; as single bytes where that can be.
std::string encode(std::string_view utf8, Encoding encoding);

/// `cuts` ascend.
Collected run(std::string_view bytes, Encoding encoding, const std::vector<std::size_t>& cuts = {});

}  // namespace querytap::sql::test
