// DATACLASSIFICATION (MS-TDS 2.2.7.5): labels of sensitive columns. Nothing in it is of use here,
// but rows follow, and it has no length of its own.
#include "text.h"
#include "tokens.h"

namespace querytap::tds {
namespace {

constexpr std::uint8_t kRanked = 2;  // version that has sensitivity ranks

}  // namespace

Step TokenParser::classification(Reader& reader) {
    left_ = reader.u16le();
    if (!reader.ok()) return Step::kMore;
    second_list_ = false;
    phase_ = Phase::kLabels;
    return Step::kDone;
}

/// Two lists of names with identifiers, the labels and the information types.
Step TokenParser::labels(Reader& reader, const MessageScope& scope) {
    if (left_ > 0) {
        read_b_varchar(reader);
        read_b_varchar(reader);
        if (!reader.ok()) return Step::kMore;
        --left_;
        return Step::kDone;
    }
    if (!second_list_) {
        left_ = reader.u16le();
        if (!reader.ok()) return Step::kMore;
        second_list_ = true;
        return Step::kDone;
    }
    if (scope.facts.classification_version >= kRanked) reader.skip(4);
    left_ = reader.u16le();
    if (!reader.ok()) return Step::kMore;
    inner_ = 0;
    phase_ = left_ > 0 ? Phase::kClassified : Phase::kToken;
    return Step::kDone;
}

/// For each column, a number of properties: label, type and rank.
Step TokenParser::classified(Reader& reader, const MessageScope& scope) {
    if (inner_ > 0) {
        reader.skip(scope.facts.classification_version >= kRanked ? 8 : 4);
        if (!reader.ok()) return Step::kMore;
        --inner_;
    } else {
        inner_ = reader.u16le();
        if (!reader.ok()) return Step::kMore;
    }
    if (inner_ == 0 && --left_ == 0) phase_ = Phase::kToken;
    return Step::kDone;
}

}  // namespace querytap::tds
