/* CSV text to fields and rows, by libcsv.
 *
 * libcsv knows quotes but not lines, so it is fed line by line, and a row is known by the line that
 * it begins in: the number an editor shows, also where quoted fields hold line breaks. Strict mode:
 * a stray quote is an error with its line; read leniently it would swallow rows unseen.
 */
#include "csv_walk.h"

#include "base/error.h"
#include <csv.h>
#include <stdint.h>
#include <string.h>

enum { FIELD_BLOCK = 4096 };

/* Bytes of the UTF-8 character at `c`, 0 if there is none (RFC 3629: no surrogates, nothing
 * overlong, at most U+10FFFF). Reads up to the 0 behind the text at most. */
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

ebb_status ebbi_csv_check_text(const char *path, const char *bytes, size_t size) {
  const unsigned char *text = (const unsigned char *)bytes;
  size_t line = 1, length;
  REQUIRE(size > 0, EBB_ERR_INPUT, "%s: the file is empty", path);
  REQUIRE(size < 4 || memcmp(bytes, "PK\3\4", 4) != 0, EBB_ERR_INPUT,
          "%s: a ZIP archive (.npz, .xlsx); save each array or sheet by itself as .npy or .csv",
          path);
  REQUIRE(size < 2 || (memcmp(bytes, "\xff\xfe", 2) != 0 && memcmp(bytes, "\xfe\xff", 2) != 0),
          EBB_ERR_INPUT, "%s: UTF-16 text; save it as UTF-8", path);
  for (size_t i = 0; i < size; i += length) {
    length = character(text + i);
    REQUIRE(length > 0, EBB_ERR_INPUT,
            "%s:%zu: byte %zu of the file is 0x%02x: not UTF-8 text, nor IDX or NPY data", path,
            line, i, text[i]);
    line += text[i] == '\n';
  }
  return EBB_OK;
}

typedef struct feeder {
  ebbi_csv_walk *walk;
  ebb_status status;
} feeder;

static void on_field(void *text, size_t length, void *user) {
  feeder *f = user;
  (void)length;
  if (f->status == EBB_OK && !f->walk->stop) f->status = f->walk->field(f->walk, text);
}

static void on_row(int end, void *user) {
  feeder *f = user;
  (void)end;
  if (f->status == EBB_OK && !f->walk->stop) f->status = f->walk->row(f->walk);
  f->walk->line = 0;
}

static size_t line_length(const char *text) {
  size_t length = strcspn(text, "\r\n");
  if (text[length] == '\r' && text[length + 1] == '\n') return length + 2;
  return length + (text[length] != '\0');
}

static bool is_blank(const char *line, size_t length, char delimiter) {
  for (size_t i = 0; i < length; i++)
    if (line[i] == delimiter || strchr(" \t\r\n", line[i]) == NULL) return false;
  return true;
}

static ebb_status feed(struct csv_parser *parser, feeder *f, const char *bytes, size_t size) {
  ebbi_csv_walk *walk = f->walk;
  size_t number = 1;
  for (size_t at = 0; at < size && f->status == EBB_OK && !walk->stop; number++) {
    size_t length = line_length(bytes + at);
    if (walk->line == 0 && !is_blank(bytes + at, length, (char)csv_get_delim(parser)))
      walk->line = number;
    size_t taken = csv_parse(parser, bytes + at, length, on_field, on_row, f);
    REQUIRE(taken == length || csv_error(parser) == CSV_EPARSE, EBB_ERR_MEMORY, "%s:%zu: %s",
            walk->path, number, csv_strerror(csv_error(parser)));
    REQUIRE(taken == length, EBB_ERR_INPUT,
            "%s:%zu: stray quote: quotes go around a whole field, and one within is doubled",
            walk->path, number);
    at += length;
  }
  if (f->status != EBB_OK || walk->stop) return f->status;
  REQUIRE(csv_fini(parser, on_field, on_row, f) == 0, EBB_ERR_INPUT,
          "%s:%zu: a quoted field begins in this row and never ends", walk->path, walk->line);
  return f->status;
}

ebb_status ebbi_csv_walk_text(ebbi_csv_walk *walk, const char *bytes, size_t size, char delimiter) {
  struct csv_parser parser;
  feeder f = {.walk = walk, .status = EBB_OK};
  REQUIRE(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0, EBB_ERR_MEMORY,
          "%s: the CSV parser cannot be set up", walk->path);
  csv_set_delim(&parser, (unsigned char)delimiter);
  csv_set_blk_size(&parser, FIELD_BLOCK);
  ebb_status status = feed(&parser, &f, bytes, size);
  csv_free(&parser);
  return status;
}
