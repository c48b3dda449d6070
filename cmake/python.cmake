# The Python package: the module _pcxx over the library, put together with python/pcxx in build/python/pcxx.
execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir OUTPUT_VARIABLE nanobind_ROOT
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE nanobind_missing)
if(nanobind_missing)
  message(FATAL_ERROR "[cmake] ${Python_EXECUTABLE} has no nanobind; run `make python`, which installs it into .venv, or "
                      "name another interpreter: -DPython_EXECUTABLE=/path/to/python")
endif()
find_package(nanobind 3.1 CONFIG REQUIRED)

set(PCXX_PYTHON_DIR ${PROJECT_BINARY_DIR}/python/pcxx)
file(GLOB PCXX_PYTHON_BINDINGS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/python/src/*.cpp)
nanobind_add_module(_pcxx STABLE_ABI NB_STATIC NB_DOMAIN pcxx NB_SUPPRESS_WARNINGS ${PCXX_PYTHON_BINDINGS})
target_link_libraries(_pcxx PRIVATE pcxx fmt::fmt)
target_compile_options(_pcxx PRIVATE ${PCXX_WARNING_FLAGS})
target_compile_definitions(_pcxx PRIVATE PCXX_VERSION="${PROJECT_VERSION}")
target_link_options(_pcxx PRIVATE LINKER:--exclude-libs,ALL)
set_target_properties(_pcxx PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PCXX_PYTHON_DIR})

# Stubs are made of the module itself, so they cannot differ from it.
nanobind_add_stub(pcxx_stub MODULE _pcxx OUTPUT ${PCXX_PYTHON_DIR}/_pcxx.pyi PYTHON_PATH ${PCXX_PYTHON_DIR}
                  DEPENDS _pcxx)

# The package's own files are links, so that an edit needs no build.
file(GLOB_RECURSE PCXX_PYTHON_FILES RELATIVE ${PROJECT_SOURCE_DIR}/python/pcxx CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/python/pcxx/*.py ${PROJECT_SOURCE_DIR}/python/pcxx/py.typed)
file(GLOB_RECURSE earlier ${PCXX_PYTHON_DIR}/*.py)
foreach(file ${earlier})
  file(REMOVE ${file})  # a link, perhaps to a file that is no more
endforeach()
foreach(file ${PCXX_PYTHON_FILES})
  get_filename_component(folder ${PCXX_PYTHON_DIR}/${file} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/python/pcxx/${file} ${PCXX_PYTHON_DIR}/${file} SYMBOLIC)
endforeach()

# Tests: python/tests, with pytest, on what was built here; they need nothing installed.
if(PCXX_DEVELOPER)
  add_test(NAME python COMMAND ${Python_EXECUTABLE} -B -m pytest -q -p no:cacheprovider ${PROJECT_SOURCE_DIR}/python/tests)
  set_tests_properties(python PROPERTIES LABELS python TIMEOUT 900
                       ENVIRONMENT "PYTHONPATH=${PROJECT_BINARY_DIR}/python:${PROJECT_SOURCE_DIR}/python/tests")

  # Each tutorial runs as a notebook and leaves it, with its figures, in build/notebooks; what lacks its data is skipped.
  file(GLOB PCXX_TUTORIALS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/python/tutorials/*.py)
  foreach(tutorial ${PCXX_TUTORIALS})
    get_filename_component(name ${tutorial} NAME_WE)
    add_test(NAME notebook.${name} COMMAND ${Python_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tools/make_notebooks.py
             --out ${PROJECT_BINARY_DIR}/notebooks ${tutorial})
    set_tests_properties(notebook.${name} PROPERTIES LABELS notebooks TIMEOUT 900 SKIP_RETURN_CODE 77
                         ENVIRONMENT "PYTHONPATH=${PROJECT_BINARY_DIR}/python")
  endforeach()
endif()

# The wheel: the module beside the package's files, and in pcxx/lib the shared libraries that another machine may lack.
set_target_properties(_pcxx PROPERTIES INSTALL_RPATH "$ORIGIN/lib")
install(TARGETS _pcxx LIBRARY DESTINATION pcxx COMPONENT python)
install(FILES ${PCXX_PYTHON_DIR}/_pcxx.pyi DESTINATION pcxx COMPONENT python)
install(CODE "set(module $<TARGET_FILE:_pcxx>)
              set(folders $<TARGET_FILE_DIR:DNNL::dnnl>)" COMPONENT python)
install(CODE [[
  file(GET_RUNTIME_DEPENDENCIES MODULES ${module} DIRECTORIES ${folders} RESOLVED_DEPENDENCIES_VAR libraries
       PRE_EXCLUDE_REGEXES "^(ld-linux.*|lib(c|m|dl|rt|pthread|gcc_s|stdc\\+\\+))\\.so")
  foreach(library ${libraries})
    get_filename_component(name ${library} NAME)
    get_filename_component(real ${library} REALPATH)
    file(MAKE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/pcxx/lib)
    file(COPY_FILE ${real} ${CMAKE_INSTALL_PREFIX}/pcxx/lib/${name})  # a wheel has no links
  endforeach()
]] COMPONENT python)
