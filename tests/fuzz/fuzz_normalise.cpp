// First byte: encoding and the size of the pieces. The text as a whole and in pieces must give the
// same views; work and output are bounded by the input.
#include <cstdlib>
#include <memory>
#include <string>

#include <querytap/sql/normaliser.h>
#include <querytap/sql/redact.h>

namespace {

using namespace querytap::sql;

struct Texts final : Views {
    void on_raw(std::string_view text) override { views[0] += text; }
    void on_normalised(std::string_view text) override { views[1] += text; }
    void on_literal(std::string_view text) override { views[2] += text; }
    void on_decoded(std::string_view text) override { views[3] += text; }
    void on_dynamic(int index, std::string_view text) override {
        views.at(static_cast<std::size_t>(4 + index)) += text;
    }
    std::array<std::string, 4 + kDynamicViewsMax> views;
};

void require(bool holds) {
    if (!holds) std::abort();
}

Texts normalise(Normaliser& normaliser, Scratch& scratch, Encoding encoding, querytap::Bytes text,
                std::size_t piece_size) {
    Texts texts;
    normaliser.begin(encoding);
    while (!text.empty()) {
        const querytap::Bytes piece = text.first(std::min(piece_size, text.size()));
        normaliser.feed(piece, scratch, texts);
        text = text.subspan(piece.size());
    }
    normaliser.end(scratch, texts);
    return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Scratch scratch;
    static const auto normaliser = std::make_unique<Normaliser>();
    if (size == 0) return 0;
    const Encoding encoding = (data[0] & 1) != 0 ? Encoding::kUtf16le : Encoding::kSingleByte;
    const querytap::Bytes text(data + 1, size - 1);
    const Texts whole = normalise(*normaliser, scratch, encoding, text, size);
    require(normaliser->steps() <= 32 * text.size() + 300000);
    require(whole.views[1].size() <= 3 * text.size() + 16);
    const Texts pieces = normalise(*normaliser, scratch, encoding, text, 1 + data[0] / 2);
    require(whole.views == pieces.views);
    for (const Hide hide : {Hide::kSecrets, Hide::kLiterals}) {
        const std::size_t bound = 4 * whole.views[0].size() + 16;
        require(redact(whole.views[0], hide).size() <= bound);
        require(redact_end(whole.views[0], hide).size() <= bound);
        require(redact_normalised_end(whole.views[0], hide).size() <= bound);
    }
    return 0;
}
