#include "byte_test.h"

#include <algorithm>
#include <vector>

#include "text.h"

namespace querytap::signature {
namespace {

using Operator = ByteTest::Operator;

/// One alternative: a class for each byte, most significant first.
using Row = std::vector<std::string>;

std::string escaped(unsigned byte) {
    return hex_escape(static_cast<char>(byte));
}

std::string between(unsigned low, unsigned high) {
    return "[" + escaped(low) + "-" + escaped(high) + "]";
}

/// Bytes that have (or have not) a bit of `mask`.
std::string with_bits(unsigned mask, bool any) {
    std::string made = "[";
    for (unsigned byte = 0; byte < 256; ++byte) {
        if (((byte & mask) != 0) == any) made += escaped(byte);
    }
    return made + "]";
}

class Builder {
  public:
    explicit Builder(const ByteTest& test) : test_(test) {}

    std::vector<Row> rows() const {
        std::vector<Row> made;
        const bool no = test_.negated;
        switch (test_.compare) {
            case Operator::kEqual:
                no ? differing(made, true, true) : equal(made);
                break;
            case Operator::kLess:
                no ? differing(made, false, true) : differing(made, true, false);
                if (no) equal(made);
                break;
            case Operator::kLessOrEqual:
                no ? differing(made, false, true) : differing(made, true, false);
                if (!no) equal(made);
                break;
            case Operator::kGreater:
                no ? differing(made, true, false) : differing(made, false, true);
                if (no) equal(made);
                break;
            case Operator::kGreaterOrEqual:
                no ? differing(made, true, false) : differing(made, false, true);
                if (!no) equal(made);
                break;
            case Operator::kAnd:
                no ? no_bit(made) : any_bit(made);
                break;
        }
        return made;
    }

  private:
    unsigned byte(std::uint32_t index) const {  // 0: the most significant
        return static_cast<unsigned>(test_.value >> 8 * (test_.bytes - 1 - index) & 0xff);
    }

    void equal(std::vector<Row>& rows) const {
        Row row;
        for (std::uint32_t i = 0; i < test_.bytes; ++i)
            row.push_back(escaped(byte(i)));
        rows.push_back(std::move(row));
    }

    /// The first byte that differs decides; what follows it may be anything.
    void differing(std::vector<Row>& rows, bool less, bool greater) const {
        for (std::uint32_t i = 0; i < test_.bytes; ++i) {
            Row row;
            for (std::uint32_t k = 0; k < i; ++k)
                row.push_back(escaped(byte(k)));
            row.resize(test_.bytes, ".");
            if (less && byte(i) > 0) {
                row[i] = between(0, byte(i) - 1);
                rows.push_back(row);
            }
            if (greater && byte(i) < 255) {
                row[i] = between(byte(i) + 1, 255);
                rows.push_back(row);
            }
        }
    }

    void any_bit(std::vector<Row>& rows) const {
        for (std::uint32_t i = 0; i < test_.bytes; ++i) {
            if (byte(i) == 0) continue;
            Row row(test_.bytes, ".");
            row[i] = with_bits(byte(i), true);
            rows.push_back(std::move(row));
        }
    }

    void no_bit(std::vector<Row>& rows) const {
        Row row(test_.bytes, ".");
        for (std::uint32_t i = 0; i < test_.bytes; ++i) {
            if (byte(i) != 0 && byte(i) != 255) row[i] = with_bits(byte(i), false);
            if (byte(i) == 255) row[i] = escaped(0);
        }
        rows.push_back(std::move(row));
    }

    const ByteTest& test_;
};

}  // namespace

std::optional<std::string> byte_test_expression(const ByteTest& test) {
    std::vector<Row> rows = Builder(test).rows();
    if (rows.empty()) return std::nullopt;
    std::string made;
    for (Row& row : rows) {
        if (test.little_endian) std::reverse(row.begin(), row.end());
        made += made.empty() ? "(?:" : "|";
        for (const std::string& part : row)
            made += part;
    }
    return made + ")";
}

}  // namespace querytap::signature
