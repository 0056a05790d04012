#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <querytap/base/utf16.h>

namespace querytap {
namespace {

using Units = std::vector<std::uint16_t>;

std::vector<std::uint8_t> little_endian(const Units& units) {
    std::vector<std::uint8_t> bytes;
    for (const std::uint16_t unit : units) {
        bytes.push_back(static_cast<std::uint8_t>(unit & 0xff));
        bytes.push_back(static_cast<std::uint8_t>(unit >> 8));
    }
    return bytes;
}

/// The slow way: code points first, then their UTF-8.
std::string reference(const std::vector<std::uint8_t>& bytes) {
    std::vector<std::uint32_t> points;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        const std::uint32_t unit = bytes[at] + 256u * bytes[at + 1];
        if (unit >= 0xdc00 && unit <= 0xdfff && !points.empty() && points.back() >= 0xd800 &&
            points.back() <= 0xdbff) {
            points.back() = 0x10000 + (points.back() - 0xd800) * 0x400 + (unit - 0xdc00);
        } else {
            points.push_back(unit);
        }
    }
    if (bytes.size() % 2 != 0) points.push_back(0xfffd);
    std::string text;
    for (std::uint32_t point : points) {
        if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
        if (point < 0x80) {
            text += static_cast<char>(point);
            continue;
        }
        const int following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        constexpr std::array<std::uint32_t, 4> kLead{0, 0xc0, 0xe0, 0xf0};
        text += static_cast<char>(kLead[static_cast<std::size_t>(following)] |
                                  point >> (6 * following));
        for (int i = following - 1; i >= 0; --i) {
            text += static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3f));
        }
    }
    return text;
}

/// Feeds the pieces between `cuts`; the buffer is exactly as large as promised, so that a sanitizer
/// sees a write beyond narrow_bound.
std::string narrow_pieces(const std::vector<std::uint8_t>& bytes,
                          const std::vector<std::size_t>& cuts) {
    std::string text;
    NarrowState state;
    std::size_t from = 0;
    const auto feed = [&](std::size_t to) {
        const std::vector<std::uint8_t> piece(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                              bytes.begin() + static_cast<std::ptrdiff_t>(to));
        std::vector<char> out(narrow_bound(piece.size()));
        text.append(out.data(), narrow(piece, out.data(), state));
        from = to;
    };
    for (const std::size_t cut : cuts)
        feed(cut);
    feed(bytes.size());
    char last[6];
    text.append(last, narrow_end(last, state));
    return text;
}

struct Row {
    const char* name;
    Units units;
    const char* text;
};

TEST(Utf16, Table) {
    const Row rows[] = {
        {"empty", {}, ""},
        {"ascii", {'S', 'Q', 'L'}, "SQL"},
        {"two bytes", {0xe9, 0x7ff}, "\xc3\xa9\xdf\xbf"},
        {"three bytes", {0x800, 0x20ac, 0xffff}, "\xe0\xa0\x80\xe2\x82\xac\xef\xbf\xbf"},
        {"pair", {0xd83d, 0xde00}, "\xf0\x9f\x98\x80"},
        {"last pair", {0xdbff, 0xdfff}, "\xf4\x8f\xbf\xbf"},
        {"lone low",
         {'a', 0xdc00, 'b'},
         "a\xef\xbf\xbd"
         "b"},
        {"lone high",
         {'a', 0xd800, 'b'},
         "a\xef\xbf\xbd"
         "b"},
        {"high at the end", {0xd800}, "\xef\xbf\xbd"},
        {"high high low", {0xd800, 0xd800, 0xdc00}, "\xef\xbf\xbd\xf0\x90\x80\x80"},
        {"U+0000 is a character", {0, 'a'}, "\0a"},
    };
    for (const Row& row : rows) {
        const std::vector<std::uint8_t> bytes = little_endian(row.units);
        std::string expected = row.text;
        if (!row.units.empty() && row.units[0] == 0) expected = std::string("\0a", 2);
        EXPECT_EQ(narrow_pieces(bytes, {}), expected) << row.name;
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            EXPECT_EQ(narrow_pieces(bytes, {cut}), expected) << row.name << " cut at " << cut;
        }
    }
}

TEST(Utf16, OddByteAtTheEndIsBroken) {
    const std::vector<std::uint8_t> bytes{'a', 0, 'b'};
    EXPECT_EQ(narrow_pieces(bytes, {}), "a\xef\xbf\xbd");
    const std::vector<std::uint8_t> high_and_half{0x00, 0xd8, 0x00};
    EXPECT_EQ(narrow_pieces(high_and_half, {}), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Utf16, AgreesWithReferenceHoweverCut) {
    std::mt19937 random(20240611);
    for (int round = 0; round < 3000; ++round) {
        Units units(random() % 300);
        // Long runs of ASCII, so that every lane of every vector width meets a stranger.
        const unsigned strange = 1 + static_cast<unsigned>(random() % 100);
        for (std::uint16_t& unit : units) {
            unit = static_cast<std::uint16_t>('a' + random() % 26);
            if (random() % strange != 0) continue;
            constexpr std::uint16_t kBase[] = {0x80, 0x7ff, 0x800, 0xd800, 0xdc00, 0xff00, 0};
            unit = static_cast<std::uint16_t>(kBase[random() % 7] + random() % 0x100);
        }
        std::vector<std::uint8_t> bytes = little_endian(units);
        if (random() % 2 != 0) bytes.push_back(static_cast<std::uint8_t>(random()));
        std::vector<std::size_t> cuts;
        for (std::size_t at = 0; random() % 4 != 0;) {
            at += random() % (bytes.size() / 2 + 1);
            if (at > bytes.size()) break;
            cuts.push_back(at);
        }
        ASSERT_EQ(narrow_pieces(bytes, cuts), reference(bytes)) << "round " << round;
    }
}

TEST(Utf16, NarrowTextCutsOnACharactersBorder) {
    const std::vector<std::uint8_t> bytes = little_endian({'a', 0xe9, 0x20ac, 0xd83d, 0xde00, 'z'});
    const std::string whole = reference(bytes);
    const std::size_t borders[] = {0, 1, 3, 6, 10, 11};
    for (std::size_t room = 0; room <= whole.size() + 2; ++room) {
        std::vector<char> out(room);
        const std::size_t size = narrow_text(bytes, out.data(), room);
        std::size_t expected = 0;
        for (const std::size_t border : borders) {
            if (border <= room) expected = border;
        }
        EXPECT_EQ(std::string(out.data(), size), whole.substr(0, expected)) << "room " << room;
    }
}

TEST(Utf16, ShortIsWholeAsciiOfSomeSizes) {
    for (std::size_t size = 0; size <= kShortBytes + 4; ++size) {
        std::vector<std::uint8_t> bytes(size);
        std::string text;
        for (std::size_t i = 0; i < size; i += 2) {
            bytes[i] = static_cast<std::uint8_t>('a' + i / 2 % 26);
            text += static_cast<char>(bytes[i]);
        }
        const bool is_short = size >= 8 && size <= kShortBytes && size % 2 == 0;
        std::vector<char> out(kShortBytes);
        ASSERT_EQ(narrow_short(bytes, out.data()), is_short) << size;
        if (!is_short) continue;
        EXPECT_EQ(std::string(out.data(), size / 2), text);
        for (std::size_t i = 0; i < size; ++i) {
            const std::uint8_t was = bytes[i];
            bytes[i] = i % 2 == 0 ? 0x80 : 0x01;
            EXPECT_FALSE(narrow_short(bytes, out.data())) << size << " at " << i;
            bytes[i] = was;
        }
    }
}

TEST(Utf16, NarrowTextMarksWhatIsBroken) {
    char out[16];
    const std::vector<std::uint8_t> half{'a', 0, 'b'};
    EXPECT_EQ(std::string(out, narrow_text(half, out, sizeof out)), "a\xef\xbf\xbd");
    const std::vector<std::uint8_t> lone{0x00, 0xd8};
    EXPECT_EQ(std::string(out, narrow_text(lone, out, sizeof out)), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace querytap
