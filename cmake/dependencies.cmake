# What pcxx is built from; every package is found on the machine, nothing is downloaded here.
#
# `make setup` puts the oneDNN wheels into .venv where the system has no oneDNN 3; it is searched last.
if(PCXX_FUZZ)
  set(PCXX_PRIVATE_DEPENDENCIES)
else()
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  find_package(hwy REQUIRED)
  find_package(dnnl 3.0 CONFIG PATHS ${CMAKE_CURRENT_SOURCE_DIR}/.venv)
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
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(Threads REQUIRED)
list(APPEND PCXX_PRIVATE_DEPENDENCIES fmt::fmt nlohmann_json::nlohmann_json tomlplusplus::tomlplusplus
     ZLIB::ZLIB JPEG::JPEG Threads::Threads)
