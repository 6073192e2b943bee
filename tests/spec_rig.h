/* What the tests of network specs share. */
#ifndef SPEC_RIG_H
#define SPEC_RIG_H

#include "nn/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline void expect_text(const char *spec_text, size_t inputs, size_t outputs,
                               const char *full) {
  ebb_spec spec;
  char text[512];
  if (ebb_spec_parse(&spec, spec_text, inputs, outputs) != EBB_OK)
    fail_msg("\"%s\": %s", spec_text, ebb_error_message());
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
  assert_string_equal(text, full);
}

static inline void expect_error(const char *spec_text, size_t inputs, size_t outputs,
                                const char *message) {
  ebb_spec spec, untouched;
  memset(&spec, 0x5a, sizeof spec);
  untouched = spec;
  assert_int_equal(ebb_spec_parse(&spec, spec_text, inputs, outputs), EBB_ERR_ARGUMENT);
  if (strncmp(ebb_error_message(), message, strlen(message)) != 0)
    fail_msg("\"%s\": \"%s\" does not begin with \"%s\"", spec_text, ebb_error_message(), message);
  assert_null(strchr(ebb_error_message(), '\n'));
  assert_memory_equal(&spec, &untouched, sizeof spec);
}

#endif
