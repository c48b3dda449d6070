# Checks of the project itself as tests: architecture, snippets of the documentation, and being consumed.
function(pcxx_check name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS project TIMEOUT 900)
endfunction()
