# The command line, unit tests, examples and benchmarks: built when pcxx is the top-level project.
enable_testing()
find_package(GTest REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Command line: build/pcxx.
file(GLOB PCXX_CLI_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cli/*.cpp)
if(PCXX_CLI_SOURCES)
  find_package(CLI11 REQUIRED)
  add_executable(pcxx_cli ${PCXX_CLI_SOURCES})
  set_target_properties(pcxx_cli PROPERTIES OUTPUT_NAME pcxx
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_link_libraries(pcxx_cli PRIVATE pcxx CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json)
  target_include_directories(pcxx_cli PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(pcxx_cli PRIVATE ${PCXX_WARNING_FLAGS})
  target_compile_definitions(pcxx_cli PRIVATE PCXX_VERSION="${PROJECT_VERSION}")
  if(PCXX_INSTALL)
    include(GNUInstallDirs)
    install(TARGETS pcxx_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endif()

# Unit tests: tests/<room>/*_test.cpp is the binary <room>_tests and the test <room>.
# They may include private headers as "room/file.h" and helpers as "support/file.h".
add_custom_target(unit_tests)
add_library(test_setting INTERFACE)
target_link_libraries(test_setting INTERFACE pcxx ${PCXX_PRIVATE_DEPENDENCIES} GTest::gtest)
target_include_directories(test_setting INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
target_compile_options(test_setting INTERFACE ${PCXX_WARNING_FLAGS})
target_compile_definitions(test_setting INTERFACE PCXX_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

file(GLOB support CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.cpp)
if(support)
  add_library(test_support STATIC EXCLUDE_FROM_ALL ${support})
  target_link_libraries(test_support PUBLIC test_setting)
endif()

file(GLOB rooms CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/tests/*)
foreach(room ${rooms})
  get_filename_component(name ${room} NAME)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${room}/*_test.cpp)
  if(NOT sources)
    continue()
  endif()
  add_executable(${name}_tests ${sources})
  target_link_libraries(${name}_tests PRIVATE $<TARGET_NAME_IF_EXISTS:test_support> test_setting GTest::gtest_main)
  if(TARGET pcxx_cli AND name STREQUAL "cli")
    target_compile_definitions(${name}_tests PRIVATE PCXX_CLI="$<TARGET_FILE:pcxx_cli>")
    add_dependencies(${name}_tests pcxx_cli)
  endif()
  add_dependencies(unit_tests ${name}_tests)
  add_test(NAME ${name} COMMAND ${name}_tests --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 900)
endforeach()

# Makes <kind>/NAME.cpp the target <kind>_NAME and the program build/<kind>s/NAME; further arguments are what it links.
function(pcxx_program kind source)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${kind}_${name} ${source})
  set_target_properties(${kind}_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${kind}s)
  target_link_libraries(${kind}_${name} PRIVATE pcxx ${ARGN})
  target_compile_options(${kind}_${name} PRIVATE ${PCXX_WARNING_FLAGS})
endfunction()

# Examples: each examples/*.cpp is a program that must run to its end without arguments.
file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
foreach(source ${examples})
  pcxx_program(example ${source})
  get_filename_component(name ${source} NAME_WE)
  add_test(NAME example_${name} COMMAND example_${name})
  set_tests_properties(example_${name} PROPERTIES LABELS example TIMEOUT 300)
endforeach()

# Experiments: each experiments/*.cpp is a program that trains for minutes or hours; the test is a short form of it.
file(GLOB experiments CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/experiments/*.cpp)
foreach(source ${experiments})
  pcxx_program(experiment ${source} CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json)
endforeach()
add_test(NAME experiment_compare_recipes WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
         COMMAND experiment_compare_recipes recipes/fashion_mnist_vgg5.toml recipes/fashion_mnist_vgg5_bp.toml --force
                 --out ${PROJECT_BINARY_DIR}/experiments/short --set network.channels=8 --set epochs=1 --set data.train=640
                 --set data.test=500)
set_tests_properties(experiment_compare_recipes PROPERTIES LABELS example TIMEOUT 300 SKIP_RETURN_CODE 77)

# Benchmarks: each benchmarks/*.cpp is a program under build/benchmarks; built by the target `benchmarks` alone.
find_package(benchmark QUIET)
add_custom_target(benchmarks)
file(GLOB benchmark_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/benchmarks/*.cpp)
if(benchmark_FOUND)
  foreach(source ${benchmark_sources})
    pcxx_program(benchmark ${source} ${PCXX_PRIVATE_DEPENDENCIES} benchmark::benchmark)
    get_filename_component(name ${source} NAME_WE)
    set_target_properties(benchmark_${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    target_include_directories(benchmark_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    add_dependencies(benchmarks benchmark_${name})
  endforeach()
endif()

include(cmake/project_checks.cmake)
