// Runs a fuzz target without libFuzzer: every file of the kept corpus, then seeded mutations of
// them and of nothing, a fixed number. Finds what broke since the last long run, in a second.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kMutations = 20000;
constexpr std::size_t kSizeMax = 4096;

using Input = std::vector<std::uint8_t>;

std::vector<Input> read_corpus(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(directory)) {
        for (const auto& entry : std::filesystem::directory_iterator(directory)) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<Input> corpus{{}};
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return corpus;
}

/// Bytes changed, inserted, removed and repeated: crude, but it reaches every length field.
Input mutate(Input input, std::mt19937& random) {
    std::uniform_int_distribution<int> byte(0, 255);
    for (int edits = 1 + static_cast<int>(random() % 8); edits > 0; --edits) {
        const std::size_t at = input.empty() ? 0 : random() % input.size();
        const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
        switch (random() % 4) {
            case 0:
                if (!input.empty()) *place = static_cast<std::uint8_t>(byte(random));
                break;
            case 1:
                input.insert(place, static_cast<std::uint8_t>(byte(random)));
                break;
            case 2:
                if (!input.empty()) input.erase(place, input.end());
                break;
            default:
                const Input tail(place, input.end());
                input.insert(input.end(), tail.begin(), tail.end());
        }
        if (input.size() > kSizeMax) input.resize(kSizeMax);
    }
    return input;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<Input> corpus = read_corpus(argc > 1 ? argv[1] : "");
    for (const Input& input : corpus)
        LLVMFuzzerTestOneInput(input.data(), input.size());
    std::mt19937 random(1);
    for (int i = 0; i < kMutations; ++i) {
        const Input input = mutate(corpus[random() % corpus.size()], random);
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    std::printf("%zu corpus files, %d mutations\n", corpus.size() - 1, kMutations);
    return 0;
}
