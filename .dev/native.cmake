# For CMake: compile with the set-up's clang 19, on trixie's libraries.
set(bin "${CMAKE_CURRENT_LIST_DIR}/../build/toolchain/bin")
cmake_path(NORMAL_PATH bin)
set(CMAKE_CXX_COMPILER "${bin}/clang++")
set(CMAKE_AR "${bin}/llvm-ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${bin}/llvm-ranlib" CACHE FILEPATH "")
