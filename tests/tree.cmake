# Tests of the tree and of what is installed, not of a module. They see the plain build only: an
# instrumented library can neither be used by a stranger's program nor run under oclgrind.
if(EBB_SANITIZE)
  return()
endif()

find_program(EBB_CXX NAMES c++ g++ clang++)
function(ebb_add_script name)
  add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${name}.sh ${PROJECT_SOURCE_DIR} ${ARGN})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

ebb_add_script(structure $<TARGET_FILE:ebb>)
add_test(NAME structure_proof COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/structure.sh --prove ${PROJECT_SOURCE_DIR})
ebb_add_script(headers ${CMAKE_C_COMPILER} $<$<BOOL:${EBB_CXX}>:${EBB_CXX}>)
ebb_add_script(format)
ebb_add_script(readme)
ebb_add_script(consumer ${PROJECT_BINARY_DIR})
add_test(NAME consumer_static COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/consumer.sh ${PROJECT_SOURCE_DIR} static)
ebb_add_script(oclgrind $<TARGET_FILE:ebb_tool>)
