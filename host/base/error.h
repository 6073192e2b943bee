/* Errors: one message a thread, and the control macros (TRY_CL is in device/watch.h). */
#ifndef EBBI_ERROR_H
#define EBBI_ERROR_H

#include <ebb/status.h>

/* Stores the message `where: what (numbers)` for this thread and returns `status`. */
ebb_status ebbi_fail(ebb_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns a failure to the caller, with its message unchanged. */
#define TRY(call)                                                                                  \
  do {                                                                                             \
    ebb_status try_status = (call);                                                                \
    if (try_status != EBB_OK) return try_status;                                                   \
  } while (0)

/* Fails with the message unless the condition holds. */
#define REQUIRE(condition, status, ...)                                                            \
  do {                                                                                             \
    if (!(condition)) return ebbi_fail(status, __VA_ARGS__);                                       \
  } while (0)

#endif
