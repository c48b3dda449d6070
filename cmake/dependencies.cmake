# What pcxx is built from; every package is found on the machine, nothing is downloaded here.
#
# `make setup` puts the oneDNN wheels into .venv where the system has no oneDNN 3; it is searched last. A build of the Python
# package finds them with the interpreter, which pip gives them.
if(PCXX_PYTHON)
  find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module
               OPTIONAL_COMPONENTS ${SKBUILD_SABI_COMPONENT})
  execute_process(COMMAND ${Python_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/tools/onednn_prefix.py
                  OUTPUT_VARIABLE PCXX_ONEDNN_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()

# The system's packages: what find_package calls them, and what Debian does.
set(debian_hwy libhwy-dev)
set(debian_fmt libfmt-dev)
set(debian_nlohmann_json nlohmann-json3-dev)
set(debian_tomlplusplus libtomlplusplus-dev)
set(debian_ZLIB zlib1g-dev)
set(debian_JPEG libjpeg-dev)
set(packages fmt nlohmann_json tomlplusplus ZLIB JPEG)
if(NOT PCXX_FUZZ)
  list(APPEND packages hwy)
endif()
set(missing "")
foreach(package ${packages})
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    string(APPEND missing " ${debian_${package}}")
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "[cmake] missing libraries; install them: apt-get install${missing} (names of Debian and Ubuntu), or run "
                      "`make setup`")
endif()

if(PCXX_FUZZ)
  set(PCXX_PRIVATE_DEPENDENCIES)
else()
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  find_package(dnnl 3.0 CONFIG PATHS ${PCXX_ONEDNN_PREFIX} ${CMAKE_CURRENT_SOURCE_DIR}/.venv)
  if(NOT dnnl_FOUND)
    message(FATAL_ERROR "[cmake] oneDNN 3 was not found; run `make setup`, which installs it into .venv, "
                        "or name its prefix: -DCMAKE_PREFIX_PATH=/path/to/onednn")
  endif()
  if(PROJECT_IS_TOP_LEVEL AND NOT dnnl_DIR MATCHES "^/usr/")
    # What is installed finds a oneDNN that the dynamic linker does not.
    set(CMAKE_INSTALL_RPATH $<TARGET_FILE_DIR:DNNL::dnnl>)
  endif()
  set(PCXX_PRIVATE_DEPENDENCIES OpenMP::OpenMP_CXX hwy::hwy DNNL::dnnl)
endif()
find_package(Threads REQUIRED)
list(APPEND PCXX_PRIVATE_DEPENDENCIES fmt::fmt nlohmann_json::nlohmann_json tomlplusplus::tomlplusplus
     ZLIB::ZLIB JPEG::JPEG Threads::Threads)
