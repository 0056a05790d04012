#include "spelling.h"

#include "kernels.h"

namespace querytap::sql {

void Spelling::literal_piece(std::string_view text, Output& out) {
    out.literal(text);
    base64_.feed(text, out);
    while (!text.empty()) {
        const std::size_t room = std::min(text.size(), Output::kSize);
        const std::size_t size = copy_upper_to_quote(text.data(), room, out.code_room(room));
        out.commit_code(size);
        text.remove_prefix(size);
        if (size == room) continue;
        out.code("''");
        text.remove_prefix(1);
    }
}

}  // namespace querytap::sql
