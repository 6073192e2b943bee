/* Options structs that begin with their size, so that a program built with an older header still
 * works: what it does not know keeps its default.
 */
#ifndef EBBI_OPTIONS_H
#define EBBI_OPTIONS_H

#include <ebb/status.h>
#include <stddef.h>

/* Copies a caller's options over `own`, which holds the defaults and is `size` bytes long. Both
 * begin with a size_t that is their length.
 * Errors: EBB_ERR_ARGUMENT (the caller's size is not set, or sets a field of a later version). */
ebb_status ebbi_options_take(const char *where, void *own, size_t size, const void *given);

#endif
