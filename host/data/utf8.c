/* Checks that a text is UTF-8, once, before a text file is processed. Names and categories go into
 * models and JSON, which accept nothing else, and the check tells binary data from text. ASCII,
 * which nearly all of a table is, is skipped eight bytes at a time.
 */
#include "utf8.h"

#include "base/error.h"
#include "base/text.h"
#include <stdint.h>
#include <string.h>

/* No byte of 0x80 or above and no 0: subtracting 1 from each byte must not set a top bit either. */
static int is_plain(const unsigned char *bytes) {
  const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return ((word | (word - ones)) & tops) == 0;
}

ebb_status ebbi_utf8_check(const char *path, const char *bytes, size_t size) {
  const unsigned char *text = (const unsigned char *)bytes;
  size_t at = 0, length = 1, line = 1;
  for (; at < size && length > 0; at += length) {
    while (size - at >= 8 && is_plain(text + at)) at += 8;
    if (at == size) return EBB_OK;
    length = ebbi_utf8_character(bytes + at);
  }
  if (length > 0) return EBB_OK;
  for (size_t i = 0; i < at; i++) line += text[i] == '\n';
  return ebbi_fail(EBB_ERR_INPUT,
                   "%s:%zu: byte %zu of the file is 0x%02x: not UTF-8 text; name its encoding, "
                   "such as --encoding %s",
                   path, line, at, text[at], text[at] ? "latin1" : "utf-16le");
}
