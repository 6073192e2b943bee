/* Text from outside must be UTF-8. */
#ifndef EBBI_UTF8_H
#define EBBI_UTF8_H

#include <ebb/status.h>
#include <stddef.h>

/* Fails, naming line and byte, unless the bytes are UTF-8 text without NUL. bytes[size] must be 0.
 */
ebb_status ebbi_utf8_check(const char *path, const char *bytes, size_t size);

#endif
