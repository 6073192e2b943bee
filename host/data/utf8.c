/* Is it UTF-8? Checked once, before anything is made of a text file: names and categories go into
 * models and JSON, which take nothing else, and binary data is told from text here. ASCII, nearly
 * all of a table, is passed eight bytes at a time.
 */
#include "utf8.h"

#include "base/error.h"
#include <stdint.h>
#include <string.h>

/* Bytes of the character at `c`, 0 if there is none (RFC 3629: no surrogates, nothing overlong, at
 * most U+10FFFF). Reads up to the 0 behind the text at most. */
static size_t character(const unsigned char *c) {
  if (c[0] < 0x80) return c[0] != 0;
  size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
  if (c[0] < 0xc2 || c[0] > 0xf4) return 0;
  if (c[0] == 0xe0 && c[1] < 0xa0) return 0;
  if (c[0] == 0xed && c[1] > 0x9f) return 0;
  if (c[0] == 0xf0 && c[1] < 0x90) return 0;
  if (c[0] == 0xf4 && c[1] > 0x8f) return 0;
  for (size_t i = 1; i < length; i++)
    if ((c[i] & 0xc0) != 0x80) return 0;
  return length;
}

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
    length = character(text + at);
  }
  if (length > 0) return EBB_OK;
  for (size_t i = 0; i < at; i++) line += text[i] == '\n';
  return ebbi_fail(
      EBB_ERR_INPUT,
      "%s:%zu: byte %zu of the file is 0x%02x: not UTF-8 text; name the encoding it is "
      "in, as in --encoding %s",
      path, line, at, text[at], text[at] ? "latin1" : "utf-16le");
}
