// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a fuzz target over every file of its corpus, then over deterministic mutations of each, for
// builds without libFuzzer.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int
main(int argc, char** argv)
{
    constexpr int MUTATIONS_PER_FILE = 2000;
    if (argc != 2)
    {
        std::fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
        return 2;
    }
    std::set<std::filesystem::path> files; // ordered: the same run on every machine
    for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    {
        files.insert(entry.path());
    }
    if (files.empty())
    {
        std::fprintf(stderr, "%s: corpus is empty\n", argv[1]);
        return 1;
    }
    std::mt19937_64 random(1);
    size_t runs = 0;
    for (const auto& file : files)
    {
        std::ifstream stream(file, std::ios::binary);
        const std::vector<char> text{std::istreambuf_iterator<char>(stream), {}};
        const std::vector<uint8_t> original(text.begin(), text.end());
        LLVMFuzzerTestOneInput(original.data(), original.size());
        for (int i = 0; i < MUTATIONS_PER_FILE; ++i, ++runs)
        {
            std::vector<uint8_t> bytes = original;
            for (uint64_t edits = 1 + random() % 4; edits > 0 && !bytes.empty(); --edits)
            {
                const size_t at = random() % bytes.size();
                switch (random() % 3)
                {
                case 0:
                    bytes[at] = static_cast<uint8_t>(random());
                    break;
                case 1:
                    bytes.resize(at);
                    break;
                default:
                    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                 static_cast<uint8_t>(random()));
                }
            }
            LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        }
    }
    std::printf("%zu corpus files, %zu mutations\n", files.size(), runs);
    return 0;
}
