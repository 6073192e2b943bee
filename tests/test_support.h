/* Shared by the tests that need a device: cmocka with the headers it needs, and the device. */
#ifndef EBB_TEST_SUPPORT_H
#define EBB_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ebb/device.h>
#include <stdlib.h>

/* Group set-up and tear-down: *state is the default device. */
static inline int open_test_device(void **state) {
  return ebb_device_open((ebb_device **)state, NULL) == EBB_OK ? 0 : -1;
}

static inline int close_test_device(void **state) {
  ebb_device_free(*state);
  return 0;
}

/* The same, except that the emulated tensor core provides the precisions other than fp32. */
static inline int open_emulated_device(void **state) {
  setenv("EBB_MATRIX_UNIT", "emulated", 1);
  return open_test_device(state);
}

static inline int close_emulated_device(void **state) {
  unsetenv("EBB_MATRIX_UNIT");
  return close_test_device(state);
}

#endif
