# Installs the library, its headers and the CMake package that find_package(pcxx) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PCXX_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pcxx)
install(TARGETS pcxx EXPORT pcxxTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/pcxx DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT pcxxTargets NAMESPACE pcxx:: DESTINATION ${PCXX_PACKAGE_DIR})

get_target_property(pcxx_type pcxx TYPE)
if(pcxx_type STREQUAL STATIC_LIBRARY)
  set(PCXX_IS_STATIC ON)
  # What was fetched is installed inside the library: nobody else could find it.
  foreach(package ${PCXX_FETCHED_PACKAGES})
    get_target_property(type pcxx_fetched_${package} TYPE)
    if(type STREQUAL STATIC_LIBRARY)
      target_sources(pcxx PRIVATE $<TARGET_OBJECTS:pcxx_fetched_${package}>)
    endif()
  endforeach()
else()
  set(PCXX_IS_STATIC OFF)
endif()
configure_package_config_file(cmake/pcxxConfig.cmake.in ${PROJECT_BINARY_DIR}/pcxxConfig.cmake
                              INSTALL_DESTINATION ${PCXX_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pcxxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pcxxConfig.cmake ${PROJECT_BINARY_DIR}/pcxxConfigVersion.cmake
        DESTINATION ${PCXX_PACKAGE_DIR})
