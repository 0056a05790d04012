// Reading of example files.
#include <algorithm>
#include <charconv>
#include <optional>

#include <yaml-cpp/yaml.h>

#include <querytap/signature/examples.h>

namespace querytap::signature {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".examples.yaml";
constexpr std::string_view kBenign = "benign.yaml";

/// The first thing that is wrong ends the reading of a file.
struct Fault {
    Error error;
};

class Reader {
  public:
    explicit Reader(const fs::path& file) : file_(file) {}

    void read(Examples& examples) const {
        const YAML::Node root = load();
        if (file_.filename() == kBenign) {
            examples.benign = list(root);
            return;
        }
        if (!root.IsMap() && !root.IsNull()) {
            fail(root, "examples must be a mapping of sids",
                 "write '9100101:' and below it 'must:'");
        }
        for (const auto& entry : root)
            examples.signatures.push_back(signature(entry.first, entry.second));
    }

  private:
    [[noreturn]] void fail(const YAML::Node& at, std::string message, std::string hint) const {
        throw Fault{Error{.message = std::move(message),
                          .hint = std::move(hint),
                          .file = file_.string(),
                          .line = at.Mark().line + 1,
                          .column = at.Mark().column + 1}};
    }

    YAML::Node load() const {
        try {
            return YAML::LoadFile(file_.string());
        } catch (const YAML::ParserException& broken) {
            throw Fault{Error{.message = broken.msg,
                              .file = file_.string(),
                              .line = broken.mark.line + 1,
                              .column = broken.mark.column + 1}};
        } catch (const YAML::BadFile&) {
            throw Fault{Error{.message = "cannot read the file", .file = file_.string()}};
        }
    }

    SignatureExamples signature(const YAML::Node& key, const YAML::Node& body) const {
        SignatureExamples found;
        found.file = file_.string();
        found.line = key.Mark().line + 1;
        const std::string text = key.IsScalar() ? key.Scalar() : "";
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), found.sid);
        if (text.empty() || code != std::errc{} || end != text.data() + text.size()) {
            fail(key, "'" + text + "' is not a sid", "write the number of a signature");
        }
        if (!body.IsMap())
            fail(key, "a sid needs examples", "write 'must:' and 'must_not:' below it");
        for (const auto& part : body) {
            const std::string name = part.first.IsScalar() ? part.first.Scalar() : "";
            if (name != "must" && name != "must_not") {
                fail(part.first, "'" + name + "' is not known here", "write must or must_not");
            }
            (name == "must" ? found.must : found.must_not) = list(part.second);
        }
        return found;
    }

    std::vector<Example> list(const YAML::Node& node) const {
        if (!node.IsSequence() && !node.IsNull()) {
            fail(node, "examples must be a list", "write '- ' before each");
        }
        std::vector<Example> examples;
        for (const YAML::Node& entry : node)
            examples.push_back(example(entry));
        return examples;
    }

    Example example(const YAML::Node& node) const {
        Example read;
        read.file = file_.string();
        read.line = node.Mark().line + 1;
        read.column = node.Mark().column + 1;
        if (node.IsScalar()) {
            read.statement = true;
            read.shown = node.Scalar();
            read.values = views_of(read.shown).values;
            return read;
        }
        if (!node.IsMap()) fail(node, "an example is a text or a mapping of buffers", "");
        for (const auto& entry : node) {
            const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
            read.shown += (read.shown.empty() ? "" : ", ") + key;
            if (key == "capture") {
                read.capture = file_.parent_path() / text_of(entry.second);
                read.shown += " " + read.capture.string();
                continue;
            }
            read.values.push_back({buffer(entry.first, key), text_of(entry.second)});
            read.shown += ": " + read.values.back().text;
        }
        return read;
    }

    Buffer buffer(const YAML::Node& at, const std::string& wanted) const {
        for (std::size_t i = 0; i < kBufferCount; ++i) {
            if (name(static_cast<Buffer>(i)) == wanted) return static_cast<Buffer>(i);
        }
        fail(at, "there is no buffer '" + wanted + "'",
             "see signatures/README.md, or write capture");
    }

    /// A text, or {hex: "31 41"}.
    std::string text_of(const YAML::Node& node) const {
        if (node.IsScalar()) return node.Scalar();
        if (!node.IsMap() || !node["hex"] || !node["hex"].IsScalar()) {
            fail(node, "a buffer's value is a text", "or bytes: {hex: \"3141\"}");
        }
        std::string digits = node["hex"].Scalar();
        std::erase(digits, ' ');
        std::string bytes;
        for (std::size_t i = 0; i < digits.size(); i += 2) {
            unsigned byte = 0;
            const char* const end = digits.data() + std::min(i + 2, digits.size());
            const auto done = std::from_chars(digits.data() + i, end, byte, 16);
            if (done.ptr != digits.data() + i + 2)
                fail(node, "not hexadecimal bytes", "two digits each");
            bytes += static_cast<char>(byte);
        }
        return bytes;
    }

    fs::path file_;
};

}  // namespace

Result<Examples> load_examples(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code code;
    for (fs::directory_iterator entry(directory, code), end; !code && entry != end;
         entry.increment(code)) {
        const std::string name = entry->path().filename().string();
        if (name.ends_with(kSuffix) || name == kBenign) files.push_back(entry->path());
    }
    if (code) {
        return Error{.message = "cannot read the signature directory: " + code.message(),
                     .file = directory.string()};
    }
    std::sort(files.begin(), files.end());
    Examples examples;
    try {
        for (const fs::path& file : files)
            Reader(file).read(examples);
    } catch (const Fault& fault) {
        return fault.error;
    }
    return examples;
}

}  // namespace querytap::signature
