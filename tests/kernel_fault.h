/* Plants a fault in a kernel file for devices that build programs afterwards.
 */
#ifndef EBB_KERNEL_FAULT_H
#define EBB_KERNEL_FAULT_H

#include "test_support.h"

#include "kernel_files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char fault_folder[32], fault_path[96];

/* Replaces the first `from` in the kernel file `name` by `to`; unplant_fault restores it. */
static inline void plant_fault(const char *name, const char *from, const char *to) {
  const ebbi_kernel_file *file = ebbi_kernel_files;
  while (strcmp(file->name, name) != 0) file++;
  const char *at = strstr(file->text, from);
  if (!at) fail_msg("%s: \"%s\" is not there: the fault needs a new place", name, from);
  strcpy(fault_folder, "/tmp/ebb-fault-XXXXXX");
  assert_non_null(mkdtemp(fault_folder));
  snprintf(fault_path, sizeof fault_path, "%s/%s", fault_folder, name);
  FILE *stream = fopen(fault_path, "wb");
  assert_non_null(stream);
  fprintf(stream, "%.*s%s%s", (int)(at - file->text), file->text, to, at + strlen(from));
  assert_int_equal(fclose(stream), 0);
  setenv("EBB_KERNEL_DIR", fault_folder, 1);
}

static inline void unplant_fault(void) {
  unsetenv("EBB_KERNEL_DIR");
  assert_int_equal(remove(fault_path), 0);
  assert_int_equal(rmdir(fault_folder), 0);
}

#endif
