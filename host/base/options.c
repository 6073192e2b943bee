/* Options of a caller, which may be older or newer than this library. */
#include "options.h"

#include "error.h"

#include <stdbool.h>
#include <string.h>

static bool has_later_fields(const unsigned char *given, size_t from, size_t size) {
  for (size_t i = from; i < size; i++)
    if (given[i] != 0) return true;
  return false;
}

ebb_status ebbi_options_take(const char *where, void *own, size_t size, const void *given) {
  size_t theirs;
  memcpy(&theirs, given, sizeof theirs);
  REQUIRE(theirs >= sizeof theirs && theirs <= 65536, EBB_ERR_ARGUMENT,
          "%s: the size of the options is %zu; begin them with their _INIT macro", where, theirs);
  REQUIRE(!has_later_fields(given, size, theirs), EBB_ERR_ARGUMENT,
          "%s: the options are %zu bytes and set a field beyond the %zu that this version of the "
          "library knows; link with the library of the header",
          where, theirs, size);
  memcpy(own, given, theirs < size ? theirs : size);
  memcpy(own, &size, sizeof size);
  return EBB_OK;
}
