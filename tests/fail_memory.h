/* Makes allocations fail in a program linked with ebb_fail_memory (CMakeLists.txt): those of the
 * library, by --wrap, and jansson's, once main has called json_set_alloc_funcs with jansson_malloc.
 * Allocations of system and driver libraries never fail. */
#ifndef EBB_FAIL_MEMORY_H
#define EBB_FAIL_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local long
    memory_countdown; /* allocations up to and including the failing one; 0: none fails */
static _Thread_local bool memory_failed;

/* Makes the n-th allocation of this thread fail, counted from 1. */
static inline void fail_memory(long n) {
  memory_countdown = n;
  memory_failed = false;
}

/* Ends that. Returns true if an allocation failed. */
static inline bool memory_has_failed(void) {
  memory_countdown = 0;
  return memory_failed;
}

static bool fails_now(void) {
  if (memory_countdown == 0 || --memory_countdown > 0) return false;
  memory_failed = true;
  errno = ENOMEM;
  return true;
}

/* X(type, name, parameters, arguments) */
#define ALLOCATOR_LIST(X)                                                                          \
  X(void *, malloc, (size_t size), (size))                                                         \
  X(void *, calloc, (size_t count, size_t size), (count, size))                                    \
  X(void *, realloc, (void *old, size_t size), (old, size))                                        \
  X(void *, aligned_alloc, (size_t unit, size_t size), (unit, size))                               \
  X(char *, strdup, (const char *text), (text))                                                    \
  X(char *, strndup, (const char *text, size_t size), (text, size))

#define ALLOCATOR(type, name, parameters, arguments)                                               \
  type __real_##name parameters;                                                                   \
  type __wrap_##name parameters;                                                                   \
  type __wrap_##name parameters {                                                                  \
    return fails_now() ? NULL : __real_##name arguments;                                           \
  }
ALLOCATOR_LIST(ALLOCATOR)
#undef ALLOCATOR

static inline void *jansson_malloc(size_t size) {
  return __wrap_malloc(size);
}

#endif
