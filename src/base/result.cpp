#include <querytap/base/result.h>

namespace querytap {

std::string Error::to_string() const {
    std::string text;
    if (!file.empty()) {
        text += file + ":";
        if (line > 0) text += std::to_string(line) + ":";
        if (line > 0 && column > 0) text += std::to_string(column) + ":";
        text += " ";
    }
    text += message;
    if (!hint.empty()) text += " (" + hint + ")";
    return text;
}

}  // namespace querytap
