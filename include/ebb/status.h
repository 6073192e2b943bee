/* Status codes and the message that goes with a failure.
 *
 * Every function that can fail returns an ebb_status and leaves one message for the calling
 * thread, `where: what (numbers)`. The library never prints, exits or aborts.
 */
#ifndef EBB_STATUS_H
#define EBB_STATUS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, meaning) */
#define EBB_STATUS_LIST(X)                                                                         \
  X(OK, "success")                                                                                 \
  X(ERR_ARGUMENT, "an argument, option or network spec is wrong")                                  \
  X(ERR_MEMORY, "host or device memory does not suffice")                                          \
  X(ERR_NO_DEVICE, "no OpenCL device answers to the selection")                                    \
  X(ERR_DEVICE, "the OpenCL device or driver failed")                                              \
  X(ERR_NUMBERS, "wrong numbers: NaN, Inf, or a verification bound broken")                        \
  X(ERR_INPUT, "an input file is missing, damaged or does not fit")                                \
  X(ERR_OUTPUT, "an output file cannot be written")                                                \
  X(ERR_UNSUPPORTED, "valid, but not available in this build or on this device")

typedef enum ebb_status {
#define EBB_STATUS_ENUM(name, text) EBB_##name,
  EBB_STATUS_LIST(EBB_STATUS_ENUM)
#undef EBB_STATUS_ENUM
      EBB_STATUS_COUNT
} ebb_status;

/* "ERR_INPUT" and the like; "?" outside the range. Never NULL. */
const char *ebb_status_name(ebb_status status);

/* The sentence of EBB_STATUS_LIST; "?" outside the range. Never NULL. */
const char *ebb_status_text(ebb_status status);

/* The message of this thread's last failure; "" before the first. Valid until the next failure. */
const char *ebb_error_message(void);

#ifdef __cplusplus
}
#endif
#endif
