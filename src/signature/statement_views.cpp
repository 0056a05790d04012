#include <array>
#include <utility>

#include <querytap/signature/statement_views.h>
#include <querytap/sql/fingerprint.h>
#include <querytap/sql/normaliser.h>

namespace querytap::signature {
namespace {

class Gathered final : public sql::Views {
  public:
    void on_normalised(std::string_view text) override {
        normalised_ += text;
        shape_.add(text);
    }
    void on_literal(std::string_view text) override { literals_ += text; }
    void on_decoded(std::string_view text) override { decoded_ += text; }
    void on_dynamic(int index, std::string_view text) override {
        open_[static_cast<std::size_t>(index)] += text;
    }
    void on_dynamic_end(int index) override {
        executed_.push_back(std::exchange(open_[static_cast<std::size_t>(index)], {}));
    }

    StatementViews views(std::string_view raw) {
        StatementViews all;
        const auto add = [&all](Buffer buffer, std::string text) {
            if (!text.empty()) all.values.push_back({buffer, std::move(text)});
        };
        add(Buffer::kTdsSql, std::move(normalised_));
        add(Buffer::kTdsSqlRaw, std::string(raw));
        for (std::string& text : executed_)
            add(Buffer::kTdsSql, std::move(text));
        add(Buffer::kTdsDecoded, std::move(decoded_));
        add(Buffer::kTdsLiteral, std::move(literals_));
        all.query_hash = shape_.end();
        return all;
    }

  private:
    std::string normalised_;
    std::string literals_;
    std::string decoded_;
    std::array<std::string, sql::kDynamicViewsMax> open_;
    std::vector<std::string> executed_;
    sql::Fingerprint shape_;
};

}  // namespace

StatementViews views_of(std::string_view statement) {
    sql::Scratch scratch;
    Gathered gathered;
    sql::normalise(statement, scratch, gathered);
    return gathered.views(statement);
}

}  // namespace querytap::signature
