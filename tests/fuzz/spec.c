/* Network specs: what is read is a network, and its full text is read as the same.
 */
#include "fuzz.h"

#include <nn/spec.h>

static void check_spec(const ebb_spec *spec, size_t inputs, size_t outputs) {
  char text[EBB_SPEC_TEXT], again[sizeof text];
  ebb_spec other;
  FUZZ_CHECK(ebbi_spec_check(spec, "spec") == EBB_OK, "no network");
  FUZZ_CHECK(inputs == 0 || ebb_spec_inputs(spec) == inputs, "%zu inputs", ebb_spec_inputs(spec));
  FUZZ_CHECK(outputs == 0 || ebb_spec_outputs(spec) == outputs, "%zu outputs",
             ebb_spec_outputs(spec));
  FUZZ_CHECK(ebb_spec_parameters(spec) > 0, "no parameters");
  FUZZ_CHECK(ebb_spec_text(text, sizeof text, spec) == EBB_OK, "no text");
  FUZZ_CHECK(ebb_spec_parse(&other, text, 0, 0) == EBB_OK, "%s", text);
  FUZZ_CHECK(ebb_spec_text(again, sizeof again, &other) == EBB_OK, "%s", text);
  FUZZ_CHECK(strcmp(text, again) == 0, "%s, %s", text, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const size_t sizes[] = {0, 1, 4, 10, 1048576};
  fuzz_input input = fuzz_begin(data, size);
  size_t inputs = sizes[fuzz_pick(&input, COUNT_OF(sizes))];
  size_t outputs = sizes[fuzz_pick(&input, COUNT_OF(sizes))];
  char *text = fuzz_rest(&size, &input);
  ebb_spec spec;
  if (ebb_spec_parse(&spec, text, inputs, outputs) == EBB_OK)
    check_spec(&spec, inputs, outputs);
  else
    fuzz_expect_message();
  free(text);
  return 0;
}
