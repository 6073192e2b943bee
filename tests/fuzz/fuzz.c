/* Taking inputs apart, files in memory, and the end of a process that found a fault.
 */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_fault(const char *file, int line, const char *condition, const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "%s:%d: not true: %s: ", file, line, condition);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "\nlast message: %s\n", ebb_error_message());
  abort();
}

void *fuzz_need(void *pointer) {
  FUZZ_CHECK(pointer, "no memory");
  return pointer;
}

unsigned fuzz_pick(fuzz_input *input, unsigned count) {
  if (input->left == 0) return 0;
  input->left--;
  return (uint8_t)(*input->at++ - '0') % count;
}

static char *take(size_t *size, fuzz_input *input, size_t length) {
  char *bytes = fuzz_need(malloc(length + 1));
  memcpy(bytes, input->at, length);
  bytes[length] = '\0';
  input->at += length;
  input->left -= length;
  *size = length;
  return bytes;
}

char *fuzz_rest(size_t *size, fuzz_input *input) {
  return take(size, input, input->left);
}

char *fuzz_take(size_t *size, fuzz_input *input, char end) {
  const char *found = input->left > 0 ? memchr(input->at, end, input->left) : NULL;
  char *bytes = take(size, input, found ? (size_t)(found - input->at) : input->left);
  input->at += found != NULL;
  input->left -= found != NULL;
  return bytes;
}

const char *fuzz_file(const void *bytes, size_t size) {
  static char path[32];
  static int file = -1;
  if (file < 0) {
    file = memfd_create("fuzz", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  }
  FUZZ_CHECK(file >= 0 && ftruncate(file, 0) == 0, "no file in memory");
  for (size_t done = 0; done < size;) {
    ssize_t put = pwrite(file, (const char *)bytes + done, size - done, (off_t)done);
    FUZZ_CHECK(put > 0, "no room in memory");
    done += (size_t)put;
  }
  return path;
}

void fuzz_expect_message(void) {
  const char *message = ebb_error_message();
  FUZZ_CHECK(*message != '\0', "a failure without a message");
  for (const char *c = message; *c; c++)
    FUZZ_CHECK(((unsigned char)*c >= ' ' && *c != 0x7f) || *c == '\n' || *c == '\t',
               "byte 0x%02x in a message", (unsigned char)*c);
}
