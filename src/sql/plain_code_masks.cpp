#include "plain_code_masks.h"

#include <algorithm>
#include <array>

#include "chars.h"
#include "keywords.h"

namespace querytap::sql::plain {
namespace {

/// The longest of the words that matter.
constexpr std::size_t kWordMax = 17;

/// Does this word, with `next` as the first byte of the token behind it, concern folding or dynamic
/// SQL? Like the slow path, but undecided is yes.
bool matters(const char* word, std::size_t size, char next) noexcept {
    if (size > kWordMax) return false;
    // A function matters before '(', an assignment before a variable; a comment, a quote or a
    // bracket may hide either.
    const CharClass kind = class_of(next);
    const bool shown =
        kind == CharClass::kDigit || kind == CharClass::kPunctuation || kind == CharClass::kWord;
    // Nearly every candidate is a SELECT; it and SET are all that begins so.
    if (shown && next != '@' && lower(word[0]) == 's' && lower(word[1]) == 'e') return false;
    std::array<char, kWordMax> name;
    for (std::size_t i = 0; i < size; ++i)
        name[i] = lower(word[i]);
    const Keyword keyword = keyword_of({name.data(), size});
    const bool function = is_function(keyword);
    const bool assignment = keyword == Keyword::kSelect || keyword == Keyword::kSet;
    if (!function && !assignment) return keyword >= Keyword::kExec;
    return !shown || next == (function ? '(' : '@');
}

/// Ends the cut before the byte at `at`.
void stop_before(Cut& cut, std::size_t at) noexcept {
    if (at < cut.size) cut = {at, true};
}

/// A token that may go on behind the block is left to the next block.
void leave_unfinished(const Masks& masks, Cut& cut, std::size_t size) noexcept {
    const std::uint64_t last = std::uint64_t{1} << (size - 1);
    if ((masks.word & last) != 0) cut.size = word_begin(masks.word, size);
    if (((masks.dash | masks.slash) & last) != 0) cut.size = size - 1;
    // [name or [name] whose second ] may follow
    if (masks.open != 0) {
        const std::size_t open = last_bit(masks.open);
        const std::uint64_t closed = masks.close & ~below(open) & ~last;
        if (closed == 0) cut.size = std::min(cut.size, open);
    }
}

void pass_brackets(Masks& masks, Cut& cut) noexcept {
    const std::uint64_t range = below(cut.size);
    const std::uint64_t open = masks.open & range;
    const std::uint64_t close = masks.close & range;
    if ((open | close) == 0) return;
    const std::uint64_t word = masks.word & range;
    const std::uint64_t names = open << 1 & word;
    const bool each_has_a_name = names == open << 1;
    const bool each_is_closed = run_ends(names, word) == close && (close & close << 1) == 0;
    if (!each_has_a_name || !each_is_closed) {
        stop_before(cut, first_bit(open | close));
        return;
    }
    masks.blank |= open | close;
}

}  // namespace

Cut cut_mixed(Masks& masks, const char* block, std::size_t size) noexcept {
    const std::uint64_t range = below(size);
    masks.word &= range;
    masks.blank &= range;
    Cut cut{size, false};
    leave_unfinished(masks, cut, size);

    const std::uint64_t starts = masks.word & ~(masks.word << 1);
    std::uint64_t stops = masks.quote | (starts & masks.n & masks.quote >> 1) |
                          (masks.dash & masks.dash >> 1) | (masks.slash & masks.star >> 1);
    stops &= range;
    if (stops != 0) stop_before(cut, first_bit(stops));
    // A letter beyond ASCII belongs to the word before it.
    if (const std::uint64_t beyond = masks.beyond & range; beyond != 0) {
        stop_before(cut, word_begin(masks.word, first_bit(beyond)));
    }
    // 0x41, 1e5 and 1from: where such a number ends is not for us.
    const std::uint64_t digits = masks.digit & masks.word;
    if (const std::uint64_t odd = run_ends(starts & digits, digits) & masks.word; odd != 0) {
        stop_before(cut, word_begin(masks.word, first_bit(odd)));
    }
    pass_brackets(masks, cut);

    for (std::uint64_t words = masks.candidate & starts & below(cut.size); words != 0;
         words &= words - 1) {
        const std::size_t begin = first_bit(words);
        const std::size_t end = first_bit(~masks.word & ~below(begin));
        const std::uint64_t behind = ~masks.blank & ~below(end) & range;
        const char next = behind == 0 ? '\'' : block[first_bit(behind)];
        if (!matters(block + begin, end - begin, next)) continue;
        const bool in_brackets = begin > 0 && block[begin - 1] == '[';
        stop_before(cut, in_brackets ? begin - 1 : begin);
        break;
    }
    return cut;
}

}  // namespace querytap::sql::plain
