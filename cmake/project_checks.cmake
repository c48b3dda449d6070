# Checks of the project itself as tests: architecture, snippets of the documentation, and being consumed.
function(pcxx_check name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS project TIMEOUT 900)
endfunction()

# The subdirectory consumer compiles the library again; with the same flags a compiler cache makes that free.
set(consumer ${PROJECT_SOURCE_DIR}/tests/consumer/run.sh)
set(consumer_options -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER})
if(CMAKE_PREFIX_PATH)
  string(REPLACE ";" "\\;" prefixes "${CMAKE_PREFIX_PATH}")
  list(APPEND consumer_options -DCMAKE_PREFIX_PATH=${prefixes})
endif()
if(PCXX_INSTALL)
  pcxx_check(consumer_installed ${consumer} installed ${PROJECT_BINARY_DIR} ${consumer_options})
endif()
pcxx_check(consumer_subdirectory ${consumer} subdirectory ${PROJECT_BINARY_DIR} ${consumer_options}
           -DPCXX_WARNINGS=${PCXX_WARNINGS} -DPCXX_WERROR=${PCXX_WERROR})

pcxx_check(layout ${Python3_EXECUTABLE} tools/check_layout.py --compiler ${CMAKE_CXX_COMPILER})
pcxx_check(snippets ${Python3_EXECUTABLE} tools/check_snippets.py)
pcxx_check(porting ${Python3_EXECUTABLE} tools/check_porting.py)
pcxx_check(tools ${Python3_EXECUTABLE} -B -m unittest discover -s tests/tools -p "*_test.py")
