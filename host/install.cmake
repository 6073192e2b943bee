# What `cmake --install` puts in place: library, headers, tool, licence, and the two ways to find them,
# find_package(ebb) -> ebb::ebb and pkg-config ebb. All of it is relative to where it lies, so that
# the installed tree may be moved.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ebb)

install(TARGETS ebb EXPORT ebbTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ebb DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN tool.h EXCLUDE)
# Not CMAKE_INSTALL_DOCDIR: within another project that is the other one's folder.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/ebb)

if(EBB_BUILD_TOOL)
  install(TARGETS ebb_tool)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_FULL_BINDIR}
             OUTPUT_VARIABLE tool_to_library)
  set_target_properties(ebb_tool PROPERTIES INSTALL_RPATH $ORIGIN/${tool_to_library})
endif()

install(EXPORT ebbTargets NAMESPACE ebb:: DESTINATION ${package_dir})
get_target_property(ebb_type ebb TYPE)
configure_package_config_file(ebbConfig.cmake.in ebbConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(ebbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ebbConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/ebbConfigVersion.cmake
        DESTINATION ${package_dir})

set(pc_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${pc_dir} OUTPUT_VARIABLE pc_to_prefix)
configure_file(ebb.pc.in ebb.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ebb.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
