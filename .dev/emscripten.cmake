# For CMake: compile with the set-up's em++ (build/toolchain/bin), whichever Emscripten it stands for.
set(CMAKE_SYSTEM_NAME Generic)
set(EMSCRIPTEN TRUE)
set(bin "${CMAKE_CURRENT_LIST_DIR}/../build/toolchain/bin")
cmake_path(NORMAL_PATH bin)
set(CMAKE_CXX_COMPILER "${bin}/em++")
set(CMAKE_AR "${bin}/emar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${bin}/emranlib" CACHE FILEPATH "")
