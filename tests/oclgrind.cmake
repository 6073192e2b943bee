# Kernels under oclgrind, which interprets them: slow, so each launch is as small as it may be. Cost
# and labels as in schedule.cmake.
function(ebb_add_oclgrind name cost labels script)
  add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${ARGN})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 COST ${cost} LABELS "oclgrind;${labels}")
endfunction()

ebb_add_oclgrind(oclgrind 40 "" oclgrind.sh ${PROJECT_SOURCE_DIR} $<TARGET_FILE:ebb_tool>
                 $<TARGET_FILE:oclgrind_products>)
ebb_add_oclgrind(oclgrind_faults 10 "" oclgrind_faults.sh ${PROJECT_SOURCE_DIR} $<TARGET_FILE:ebb_tool>
                 $<TARGET_FILE:oclgrind_products>)

# One test a tile configuration, so that none takes minutes.
function(ebb_add_tiles cost labels precision size part)
  foreach(tiles ${ARGN})
    string(REPLACE " " "_" name "oclgrind_${precision}_${part}_${tiles}")
    ebb_add_oclgrind(${name} ${cost} "${labels}" oclgrind_matmul.sh $<TARGET_FILE:oclgrind_products> ${precision}
                     ${tiles} ${size} ${part})
  endforeach()
endfunction()

ebb_add_tiles(4 "" fp32 small edges "32x32x16 4x4" "64x32x16 8x4" "64x64x8 8x8")
ebb_add_tiles(5 "" fp32 large races "64x64x16 8x4" "128x64x8 8x8" "128x128x8 8x8")
ebb_add_tiles(15 full fp32 large edges "64x64x16 8x4" "128x64x8 8x8" "128x128x8 8x8")
ebb_add_tiles(20 full fp32 small split "64x32x16 8x4" "64x64x8 8x8") # oclgrind.sh has the smallest
foreach(precision tf32 bf16)
  ebb_add_tiles(5 "" ${precision} small edges "32x32x8 16x32")
  ebb_add_tiles(10 full ${precision} small edges "64x64x8 32x64")
  ebb_add_tiles(50 full ${precision} large edges "128x64x16 64x32" "128x128x16 64x32")
endforeach()
ebb_add_tiles(10 full bf16 small mixed "32x32x8 16x32" "64x64x8 32x64")
ebb_add_tiles(90 full bf16 large mixed "128x64x16 64x32" "128x128x16 64x32")
ebb_add_tiles(20 full bf16 large races "128x64x16 64x32" "128x128x16 64x32")
ebb_add_tiles(20 full bf16 small split "32x32x8 16x32" "64x64x8 32x64")
ebb_add_tiles(20 full tf32 small split "32x32x8 16x32" "64x64x8 32x64")
