# What pcxx is built from.
#
# `make setup` puts the oneDNN wheels into .venv where the system has no oneDNN 3; it is searched last. A build of the Python
# package finds them with the interpreter, which pip gives them.
if(PCXX_PYTHON)
  find_package(Python 3.10 QUIET COMPONENTS Interpreter Development.Module OPTIONAL_COMPONENTS ${SKBUILD_SABI_COMPONENT})
  if(NOT Python_FOUND)
    message(FATAL_ERROR "[cmake] the Python package needs Python 3.10 or newer with its headers (found: ${Python_EXECUTABLE} "
                        "${Python_VERSION}); install them: apt-get install python3-dev (the name of Debian and Ubuntu), or name "
                        "another interpreter: -DPython_EXECUTABLE=/path/to/python")
  endif()
  execute_process(COMMAND ${Python_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/onednn_prefix.py
                  OUTPUT_VARIABLE PCXX_ONEDNN_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()

# Libraries: the system's where it has them, else fetched releases, which become a part of pcxx.
set(PCXX_FETCH ON CACHE STRING "ON: fetch the libraries that the system lacks; OFF: fetch nothing; ALWAYS: fetch all of them")
set_property(CACHE PCXX_FETCH PROPERTY STRINGS ON OFF ALWAYS)

# What find_package calls them, the oldest version that will do, and what Debian calls them.
set(packages fmt nlohmann_json tomlplusplus ZLIB JPEG)
if(NOT PCXX_FUZZ)
  list(APPEND packages hwy)
endif()
set(oldest_fmt 9.0)
set(oldest_nlohmann_json 3.10)
set(oldest_tomlplusplus 3.1)
set(oldest_hwy 1.0)
set(debian_fmt libfmt-dev)
set(debian_nlohmann_json nlohmann-json3-dev)
set(debian_tomlplusplus libtomlplusplus-dev)
set(debian_ZLIB zlib1g-dev)
set(debian_JPEG libjpeg-dev)
set(debian_hwy libhwy-dev)

set(PCXX_SYSTEM_PACKAGES "")
set(PCXX_FETCHED_PACKAGES "")
set(missing_debian "")
foreach(package ${packages})
  if(NOT PCXX_FETCH STREQUAL "ALWAYS")
    find_package(${package} ${oldest_${package}} QUIET)
  endif()
  if(${package}_FOUND)
    list(APPEND PCXX_SYSTEM_PACKAGES ${package})
  else()
    list(APPEND PCXX_FETCHED_PACKAGES ${package})
    string(APPEND missing_debian " ${debian_${package}}")
  endif()
endforeach()
if(PCXX_FETCHED_PACKAGES AND NOT PCXX_FETCH)
  message(FATAL_ERROR "[cmake] missing libraries; install them: apt-get install${missing_debian} (names of Debian and Ubuntu), or "
                      "run `make setup`, or let CMake fetch them: -DPCXX_FETCH=ON")
endif()
if(PCXX_FETCHED_PACKAGES)
  enable_language(C)
  include(cmake/releases.cmake)
endif()
foreach(package ${PCXX_FETCHED_PACKAGES})
  cmake_language(CALL pcxx_fetch_${package})
  if(fetch_error)
    message(FATAL_ERROR "[cmake] ${package} is not installed and could not be fetched:${fetch_error}\n"
                        "Install the libraries that are missing: apt-get install${missing_debian} (names of Debian and Ubuntu), "
                        "or fetch ${fetch_file} and its like elsewhere and name their folder or address: -DPCXX_DOWNLOADS=...")
  endif()
endforeach()

# Threads and the vendor's kernels; the readers that are fuzzed need neither.
if(NOT PCXX_FUZZ)
  find_package(OpenMP QUIET COMPONENTS CXX)
  if(NOT OpenMP_CXX_FOUND)
    message(FATAL_ERROR "[cmake] ${CMAKE_CXX_COMPILER} finds no OpenMP; install libgomp for g++ or libomp-dev for clang++ (names of "
                        "Debian and Ubuntu), or name another compiler: -DCMAKE_CXX_COMPILER=g++")
  endif()
  find_package(dnnl 3.0 CONFIG QUIET PATHS ${PCXX_ONEDNN_PREFIX} ${CMAKE_CURRENT_SOURCE_DIR}/.venv)
  if(NOT dnnl_FOUND)
    set(way "install it into .venv: `make setup`")
    if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
      set(way "PyPI has it for x86_64 only, so on ${CMAKE_SYSTEM_PROCESSOR} install libdnnl-dev of Debian 13 or newer, \
or build it with -DDNNL_CPU_RUNTIME=OMP")
    endif()
    if(dnnl_CONSIDERED_VERSIONS)
      string(PREPEND way "found ${dnnl_CONSIDERED_VERSIONS} in ${dnnl_CONSIDERED_CONFIGS}; ")
    endif()
    message(FATAL_ERROR "[cmake] oneDNN 3 was not found; ${way}, or name its prefix: -DCMAKE_PREFIX_PATH=/path/to/onednn")
  endif()
  if(DEFINED DNNL_CPU_RUNTIME AND NOT DNNL_CPU_RUNTIME STREQUAL "OMP")
    message(FATAL_ERROR "[cmake] oneDNN in ${dnnl_DIR} runs on ${DNNL_CPU_RUNTIME}, but inside parallel regions of pcxx it must run "
                        "on OpenMP; name another prefix: -DCMAKE_PREFIX_PATH=/path/to/onednn")
  endif()
  if(PROJECT_IS_TOP_LEVEL AND NOT dnnl_DIR MATCHES "^/usr/")
    # What is installed finds a oneDNN that the dynamic linker does not.
    set(CMAKE_INSTALL_RPATH $<TARGET_FILE_DIR:DNNL::dnnl>)
  endif()
endif()
find_package(Threads REQUIRED)

# What the library links, by find_package's names. Who installs pcxx does not install what was fetched, so it is no part of the
# exported interface.
set(PCXX_PRIVATE_DEPENDENCIES OpenMP::OpenMP_CXX hwy::hwy DNNL::dnnl)
if(PCXX_FUZZ)
  set(PCXX_PRIVATE_DEPENDENCIES)
endif()
list(APPEND PCXX_PRIVATE_DEPENDENCIES fmt::fmt nlohmann_json::nlohmann_json tomlplusplus::tomlplusplus ZLIB::ZLIB JPEG::JPEG
     Threads::Threads)
foreach(package ${PCXX_FETCHED_PACKAGES})
  list(TRANSFORM PCXX_PRIVATE_DEPENDENCIES REPLACE "^(${package}::.*)$" "$<BUILD_INTERFACE:\\1>")
endforeach()
