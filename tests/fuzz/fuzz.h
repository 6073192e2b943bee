/* What fuzz targets share. A target is a file with LLVMFuzzerTestOneInput: it hands an input to a
 * parser, checks what must be true of every answer, and ends the process where it is not.
 *
 * Choices come first in an input, one byte each, and '0' is the first choice, so that the files of
 * a corpus can be read and written by hand.
 */
#ifndef EBB_FUZZ_H
#define EBB_FUZZ_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Returns 0, or -1 for an input that is not worth keeping. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The part of an input that has not been taken yet. */
typedef struct fuzz_input {
  const char *at;
  size_t left;
} fuzz_input;

static inline fuzz_input fuzz_begin(const uint8_t *data, size_t size) {
  return (fuzz_input){(const char *)data, size};
}

/* A choice below `count`, from one byte; 0 at the end of the input. */
unsigned fuzz_pick(fuzz_input *input, unsigned count);

/* The bytes before the next `end`, which is taken too, or all that are left. A 0 stands behind
 * them, and a sanitizer sees each byte that is read beyond it. The caller frees them. */
char *fuzz_take(size_t *size, fuzz_input *input, char end);
char *fuzz_rest(size_t *size, fuzz_input *input);

/* The path of a file in memory with this content, until the next call. */
const char *fuzz_file(const void *bytes, size_t size);

/* After a failure: there is a message, and nothing in it could steer a terminal. */
void fuzz_expect_message(void);

/* A NULL is a fault of the program. Returns `pointer`. */
void *fuzz_need(void *pointer);

/* Ends the process with a message unless the condition holds. */
#define FUZZ_CHECK(condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition)) fuzz_fault(__FILE__, __LINE__, #condition, __VA_ARGS__);                     \
  } while (0)
_Noreturn void fuzz_fault(const char *file, int line, const char *condition, const char *format,
                          ...) __attribute__((format(printf, 4, 5)));

#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

#endif
