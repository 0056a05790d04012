#include "rule_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace querytap::signature {
namespace {

Result<std::vector<std::filesystem::path>> rule_files(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code code;
    std::filesystem::directory_iterator entries(directory, code);
    for (const std::filesystem::directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        if (entries->path().extension() == ".rules") files.push_back(entries->path());
    }
    if (code) {
        return Error{.message = "cannot read the signature directory: " + code.message(),
                     .hint = "give the directory that holds the *.rules files",
                     .file = directory.string()};
    }
    if (files.empty()) {
        return Error{.message = "no *.rules file in the signature directory",
                     .hint = "give the directory that holds the *.rules files",
                     .file = directory.string()};
    }
    std::sort(files.begin(), files.end());
    return files;
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) {
        return Error{.message = "cannot read the file", .file = path.string()};
    }
    return text;
}

}  // namespace

Status parse_directory(Parser& parser, const std::filesystem::path& directory) {
    const auto files = rule_files(directory);
    if (!files) return files.error();
    for (const std::filesystem::path& file : files.value()) {
        const auto text = read_file(file);
        if (!text) return text.error();
        if (auto status = parser.parse(text.value(), file.string()); !status) return status;
    }
    return success();
}

}  // namespace querytap::signature
