# Fuzz targets: tests/fuzz/*.cpp, each with the readers (core, io, data) compiled under libFuzzer, ASan and UBSan.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "[cmake] PCXX_FUZZ needs clang++ (libFuzzer); the compiler is ${CMAKE_CXX_COMPILER}; "
                      "use `cmake --preset fuzz` or -DCMAKE_CXX_COMPILER=clang++")
endif()
set(fuzz_flags -g1 -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all)
file(GLOB_RECURSE reader_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/core/*.cpp
     ${PROJECT_SOURCE_DIR}/src/io/*.cpp ${PROJECT_SOURCE_DIR}/src/data/*.cpp)
add_library(pcxx_readers STATIC ${reader_sources})
target_include_directories(pcxx_readers PUBLIC include src)
target_compile_options(pcxx_readers PUBLIC ${fuzz_flags} -fsanitize=fuzzer-no-link,address,undefined)
target_link_libraries(pcxx_readers PUBLIC ${PCXX_PRIVATE_DEPENDENCIES})

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE pcxx_readers)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endforeach()
