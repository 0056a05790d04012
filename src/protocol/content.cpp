#include <algorithm>
#include <array>
#include <string_view>

#include <querytap/protocol/content.h>

namespace querytap::protocol {
namespace {

constexpr std::size_t kEntropyBytesMin = 256;
constexpr std::size_t kKindBytesMin = 64;  // fewer say nothing of text or binary

bool is_text(std::uint8_t byte) noexcept {
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t' || byte == '\r' || byte == '\n' ||
           byte == 0x1b;  // escape sequences of terminals
}

/// Nearly all of it: a tool that shows a file may send anything now and then. Bytes above 7F count:
/// shells speak the code page of their country.
bool is_mostly_text(Bytes bytes) noexcept {
    const auto odd =
        std::count_if(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return !is_text(byte); });
    const auto high =
        std::count_if(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte >= 0x80; });
    const auto size = static_cast<std::ptrdiff_t>(bytes.size());
    return odd * 50 <= size && high * 4 <= size;
}

/// Pearson's chi-squared against equal frequencies. Random bytes give 255 with a deviation of 23;
/// good compression a little more, and text, code and protocols of any kind thousands.
bool is_random(Bytes one, Bytes other) noexcept {
    constexpr std::uint64_t kChiSquaredMax = 450;
    const std::uint64_t size = one.size() + other.size();
    if (size < kEntropyBytesMin) return false;
    std::array<std::uint16_t, 256> counts{};
    for (const Bytes bytes : {one, other}) {
        for (const std::uint8_t byte : bytes)
            ++counts[byte];
    }
    std::uint64_t squares = 0;
    for (const std::uint64_t count : counts)
        squares += count * count;
    return squares * 256 <= (kChiSquaredMax + size) * size;
}

/// "$ ", "# ", "sh-5.1$ ", "user@host:~/dir$ ", "[user@host dir]# "; what the command answers
/// follows on the same line, because its echo went the other way.
bool begins_like_posix_prompt(std::string_view line) noexcept {
    constexpr std::size_t kPromptMax = 64;
    const std::size_t sign = std::min(line.find("$ "), line.find("# "));
    if (sign > kPromptMax) return false;
    const std::string_view before = line.substr(0, sign);
    return before.empty() || before.starts_with("sh-") || before.starts_with("bash-") ||
           before.find('@') != std::string_view::npos;
}

bool begins_like_windows_prompt(std::string_view line) noexcept {
    if (line.starts_with("PS ")) line.remove_prefix(3);
    const bool drive = line.size() >= 4 && line[1] == ':' && line[2] == '\\' &&
                       ((line[0] >= 'A' && line[0] <= 'Z') || (line[0] >= 'a' && line[0] <= 'z'));
    return drive && line.find('>') != std::string_view::npos;
}

bool is_banner(std::string_view line) noexcept {
    static constexpr std::array<std::string_view, 7> kBanners{
        "Microsoft Windows [Version",
        "(c) Microsoft Corporation",
        "(C) Copyright 1985-",
        "bash: no job control",
        "sh: 0: can't access tty",
        "meterpreter >",
        "bash: cannot set terminal process group"};
    return std::any_of(kBanners.begin(), kBanners.end(), [&](std::string_view banner) {
        return line.find(banner) != std::string_view::npos;
    });
}

/// The first word of a line is one that an intruder types, and nothing that a protocol says.
bool is_command(std::string_view line) noexcept {
    static constexpr std::array<std::string_view, 43> kCommands{
        "whoami", "id",       "dir",      "ls",       "pwd",      "cd",         "cat",
        "type",   "net",      "net1",     "ipconfig", "ifconfig", "hostname",   "systeminfo",
        "uname",  "ps",       "tasklist", "cmd",      "cmd.exe",  "powershell", "echo",
        "wget",   "curl",     "ip",       "netstat",  "reg",      "sc",         "find",
        "nltest", "certutil", "schtasks", "bash",     "sh",       "python",     "python3",
        "ping",   "arp",      "wmic",     "quser",    "qwinsta",  "env",        "sudo",
        "chmod"};
    const std::size_t end = std::min(line.find_first_of(" /\t"), line.size());
    std::string_view word = line.substr(0, end);
    if (word.starts_with('/') || line.starts_with('/')) word = line.substr(line.rfind('/') + 1);
    return std::find(kCommands.begin(), kCommands.end(), word) != kCommands.end();
}

struct ShellMarks {
    int prompts = 0;
    int banners = 0;
    int commands = 0;
    bool text = false;
};

ShellMarks marks_of(Bytes bytes) noexcept {
    ShellMarks marks;
    marks.text = !bytes.empty() && is_mostly_text(bytes);
    if (!marks.text) return marks;
    std::string_view text = as_text(bytes);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const bool whole = end < text.size();
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (begins_like_windows_prompt(line) || begins_like_posix_prompt(line)) {
            ++marks.prompts;
        } else if (is_banner(line)) {
            ++marks.banners;
        } else if (whole && is_command(line)) {
            ++marks.commands;
        }
    }
    return marks;
}

/// A program that prompts, and somebody who obeys it. Without prompts (sh without a terminal) two
/// commands and their answers.
bool is_shell(const ShellMarks& program, const ShellMarks& person) noexcept {
    if (!program.text || !person.text) return false;
    const bool speaks = program.prompts + program.banners > 0;
    return person.commands >= (speaks ? 1 : 2) && program.commands == 0;
}

}  // namespace

Content judge_content(Bytes one, Bytes other) noexcept {
    one = one.first(std::min(one.size(), kContentBytes));
    other = other.first(std::min(other.size(), kContentBytes));
    const ShellMarks first = marks_of(one);
    const ShellMarks second = marks_of(other);
    // cmd.exe greets with banner and prompt together: enough by itself, before any command.
    const bool greets =
        (first.banners > 0 && first.prompts > 0) || (second.banners > 0 && second.prompts > 0);
    if (greets || is_shell(first, second) || is_shell(second, first)) return Content::kShell;
    if (is_random(one, other)) return Content::kHighEntropy;
    if (one.size() + other.size() < kKindBytesMin) return Content::kUndecided;
    const bool text = (one.empty() || first.text) && (other.empty() || second.text);
    return text ? Content::kText : Content::kBinary;
}

}  // namespace querytap::protocol
