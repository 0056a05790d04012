// Modifiers that contradict each other, or that could never match. Checked when the rule is
// complete, because modifiers may come in any order.
#include "keywords.h"
#include "pcre_text.h"

namespace querytap::signature {
namespace {

// Gaps and prefixes inside one expression are bounded repeats, which Hyperscan limits.
constexpr std::uint32_t kRepeatMax = 32767;

class Checker {
  public:
    Checker(const Draft& draft, const std::vector<Match>& matches)
        : draft_(draft), matches_(matches) {}

    Status run() const {
        for (std::size_t i = 0; i < matches_.size(); ++i) {
            const Match& match = matches_[i];
            if (i + 1 < matches_.size() && matches_[i + 1].relative()) {
                if (auto status = head(match); !status) return status;
            }
            if (match.relative()) {
                if (auto status = relative(i); !status) return status;
            }
            const Status status = match.content() != nullptr ? content(match, *match.content())
                                                             : pcre(match, *match.pcre());
            if (!status) return status;
        }
        return success();
    }

  private:
    Error error(const Match& match, std::string message, std::string hint) const {
        return Error{.message = std::move(message),
                     .hint = std::move(hint),
                     .file = draft_.source.file(),
                     .line = match.where.line,
                     .column = match.where.column};
    }

    Status relative(std::size_t index) const {
        const Match& match = matches_[index];
        if (match.negated) {
            return error(match, "a negated content or pcre cannot be relative",
                         "remove distance, within or R; or write one pcre with a class [^...]");
        }
        if (index == 0) return success();
        const Match& before = matches_[index - 1];
        if (before.is_look()) {
            const std::uint32_t width = before.pcre()->look;
            const std::uint32_t room =
                match.content() != nullptr ? match.content()->distance.value_or(0) : 0;
            if (room < width) {
                return error(match, "relative, within the bytes that isdataat or byte_test look at",
                             width == Pcre::kToTheEnd
                                 ? "nothing can follow isdataat:!"
                                 : "distance:" + std::to_string(width) + " or more, or a pcre");
            }
        }
        if (before.negated) {
            return error(match, "relative to a negated content",
                         "move the negated content behind this one");
        }
        if (before.content() != nullptr && before.content()->endswith) {
            return error(match, "nothing can follow an endswith", "remove endswith before it");
        }
        return success();
    }

    Status content(const Match& match, const Content& c) const {
        const auto size = static_cast<std::uint32_t>(c.bytes.size());
        if (c.relative() && c.absolute()) {
            return error(match, "relative and absolute modifiers on one content",
                         "either distance and within, or offset, depth and startswith");
        }
        if (c.startswith && (c.offset || c.depth)) {
            return error(match, "startswith with offset or depth", "keep startswith");
        }
        if (c.depth && *c.depth < size) return too_small(match, "depth", size);
        if (c.within && *c.within < size) return too_small(match, "within", size);
        // Each is below 2^31, so the sum fits.
        if (c.relative() && c.distance.value_or(0) + c.within.value_or(0) > kRepeatMax) {
            return error(
                match, "distance or within is too large",
                "at most " + std::to_string(kRepeatMax) + ", or distance:0 without within");
        }
        return success();
    }

    // A content that others are relative to: its place becomes part of their expression.
    Status head(const Match& match) const {
        const Content* const c = match.content();
        if (c == nullptr || c->offset.value_or(0) + c->depth.value_or(0) <= kRepeatMax) {
            return success();
        }
        return error(match,
                     "offset or depth is too large where another content is relative to this one",
                     "at most " + std::to_string(kRepeatMax));
    }

    Status pcre(const Match& match, const Pcre& p) const {
        if (!p.relative) return success();
        const Anchors anchors = find_anchors(p.pattern);
        if (anchors.elsewhere || (anchors.leading && (anchors.alternation || p.multiline))) {
            return error(match, "'^' inside a relative pcre",
                         "only as its first character, without m, and not before a '|'");
        }
        return success();
    }

    Error too_small(const Match& match, std::string_view what, std::uint32_t size) const {
        return error(match, std::string(what) + " is smaller than the content",
                     "at least " + std::to_string(size));
    }

    const Draft& draft_;
    const std::vector<Match>& matches_;
};

}  // namespace

Status check_contents(const Draft& draft) {
    for (const BufferMatches& buffer : draft.rule.buffers) {
        if (buffer.matches.empty()) {
            return Error{.message = "a size alone, without a content in the same buffer",
                         .hint = "add a content: what every such message holds",
                         .file = draft.source.file(),
                         .line = buffer.sized.line,
                         .column = buffer.sized.column};
        }
        if (auto status = Checker(draft, buffer.matches).run(); !status) return status;
    }
    return success();
}

}  // namespace querytap::signature
