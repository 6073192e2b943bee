/* Patterns of `ebb verify --only`: a line with the pattern, then the name of a check.
 */
#include "fuzz.h"

#include <check/verifier.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  char *pattern = fuzz_take(&size, &input, '\n'), *name = fuzz_rest(&size, &input);
  const ebb_verify_options options = {.size = sizeof(ebb_verify_options), .only = pattern},
                           all = {.size = sizeof(ebb_verify_options), .only = "*"};
  ebbi_verifier counting = {.options = &options, .counting = true};
  ebbi_verifier running = {.options = &options}, any = {.options = &all};
  FUZZ_CHECK(!ebbi_verifier_wants(&counting, "kernel", name), "a check is run while counted");
  FUZZ_CHECK(ebbi_verifier_wants(&running, "kernel", name) == (counting.count == 1),
             "counted %zu times", counting.count);
  FUZZ_CHECK(ebbi_verifier_wants(&any, "kernel", name), "* does not name \"%s\"", name);
  free(pattern);
  free(name);
  return 0;
}
