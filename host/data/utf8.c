/* Whether a text is UTF-8. Checked once, before anything is made of a text file: names and
 * categories go into models and JSON, which take nothing else, and binary data is told from text
 * here. ASCII, nearly all of a table, is passed eight bytes at a time.
 */
#include "utf8.h"

#include "base/error.h"
#include "base/text.h"
#include <stdint.h>
#include <string.h>

/* Neither a byte of 0x80 or above nor a 0: subtracting 1 from each byte leaves no top bit either.
 */
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
  return ebbi_fail(
      EBB_ERR_INPUT,
      "%s:%zu: byte %zu of the file is 0x%02x: not UTF-8 text; name the encoding it is "
      "in, as in --encoding %s",
      path, line, at, text[at], text[at] ? "latin1" : "utf-16le");
}
