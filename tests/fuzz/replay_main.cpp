// Gives every file of the folders it is called with to a fuzzer's function, where libFuzzer is not:
// in WebAssembly.
#include <dirent.h>

#include <cstdio>

#include "support/tensor_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argument_count, char** arguments) {
  int count = 0;
  for (int i = 1; i < argument_count; ++i) {
    DIR* folder = opendir(arguments[i]);
    if (!folder) continue;
    while (const dirent* entry = readdir(folder)) {
      if (entry->d_name[0] == '.') continue;
      const std::string path = std::string(arguments[i]) + "/" + entry->d_name;
      // Shown only when the program dies.
      std::fprintf(stderr, "%s\n", path.c_str());
      const std::vector<std::byte> bytes = heed::test::read_file(path);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
      ++count;
    }
    closedir(folder);
  }
  std::printf("%d inputs replayed\n", count);
  return count > 0 ? 0 : 1;
}
