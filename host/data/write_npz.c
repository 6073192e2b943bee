/* NPZ: an archive with the arrays x and y, as numpy.savez makes it (stored, not compressed).
 *
 * An array has one type: x is float32 if that is exact, otherwise float64; y is int64, float64 or
 * texts. libzip builds the archive in memory, and it is then written to the stream.
 */
#include "write.h"

#include "base/error.h"
#include "base/size.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { HEADER = 128, DATE_1980 = 1 << 5 | 1, CHUNK = 65536 };

/* An NPY file in memory, and the columns of the sheet in it. */
typedef struct member {
  const char *name;
  size_t first, cols;
  char kind;   /* 'f', 'i', 'U' */
  size_t item; /* bytes per element */
  char *bytes;
  size_t size;
} member;

/* The next UTF-8 character, 0 at the end; invalid bytes become U+FFFD. */
static uint32_t next_character(const char **text) {
  const unsigned char *c = (const unsigned char *)*text;
  size_t length = c[0] < 0x80 ? 1 : c[0] < 0xc0 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
  static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  if (c[0] == 0) return 0;
  uint32_t value = c[0] & masks[length];
  size_t taken = 1;
  for (; taken < length && (c[taken] & 0xc0) == 0x80; taken++)
    value = value << 6 | (c[taken] & 0x3f);
  *text += taken;
  return length > 0 && taken == length ? value : 0xfffd;
}

static const char *text_at(const ebbi_sheet *sheet, size_t row, size_t col) {
  const char *text = sheet->text(sheet->user, row, col);
  return text ? text : "";
}

static size_t longest_text(const ebbi_sheet *sheet, const member *m) {
  size_t longest = 1;
  for (size_t row = 0; row < sheet->rows; row++)
    for (size_t col = m->first; col < m->first + m->cols; col++) {
      const char *text = text_at(sheet, row, col);
      size_t length = 0;
      while (next_character(&text) != 0) length++;
      if (length > longest) longest = length;
    }
  return longest;
}

/* Which types can hold all numbers of the columns. */
typedef struct range {
  bool whole, single;
} range;

static range range_of(const ebbi_sheet *sheet, const member *m) {
  range r = {true, true};
  for (size_t row = 0; row < sheet->rows; row++)
    for (size_t col = m->first; col < m->first + m->cols; col++) {
      double value = sheet->number(sheet->user, row, col);
      r.whole &= fabs(value) <= 0x1p53 && value == floor(value);
      r.single &= isnan(value) || (double)(float)value == value;
    }
  return r;
}

static ebb_status choose_type(member *m, const ebbi_sheet *sheet, bool is_target) {
  size_t texts = 0;
  for (size_t col = m->first; col < m->first + m->cols; col++)
    texts += ebbi_sheet_is_text(sheet, col);
  REQUIRE(texts == 0 || texts == m->cols, EBB_ERR_INPUT,
          "%zu of %zu targets are texts, and an array holds either texts or numbers; write CSV",
          texts, m->cols);
  if (texts > 0) {
    m->kind = 'U';
    m->item = 4 * longest_text(sheet, m);
    return EBB_OK;
  }
  range r = range_of(sheet, m);
  m->kind = is_target && r.whole ? 'i' : 'f';
  m->item = !is_target && r.single ? 4 : 8;
  return EBB_OK;
}

static void put_bits(char *at, uint64_t bits, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) at[i] = (char)(bits >> 8 * i & 0xff);
}

static void put_cell(char *at, const member *m, const ebbi_sheet *sheet, size_t row, size_t col) {
  if (m->kind == 'U') {
    const char *text = text_at(sheet, row, col);
    for (size_t i = 0; i < m->item; i += 4) put_bits(at + i, next_character(&text), 4);
    return;
  }
  double value = sheet->number(sheet->user, row, col);
  float single = (float)value;
  uint64_t wide = (uint64_t)(int64_t)(m->kind == 'i' ? value : 0);
  uint32_t narrow;
  if (m->kind == 'f') memcpy(&wide, &value, sizeof wide);
  memcpy(&narrow, &single, sizeof narrow);
  put_bits(at, m->item == 4 ? narrow : wide, m->item);
}

/* Magic, version 1.0, length, dictionary, blanks up to a line feed at a multiple of 64. */
static void put_header(char *out, const member *m, size_t rows, bool is_target) {
  char shape[64];
  if (is_target && m->cols == 1)
    snprintf(shape, sizeof shape, "(%zu,)", rows);
  else
    snprintf(shape, sizeof shape, "(%zu, %zu)", rows, m->cols);
  memset(out, ' ', HEADER);
  memcpy(out, "\x93NUMPY\1\0", 8);
  put_bits(out + 8, HEADER - 10, 2);
  int length =
      snprintf(out + 10, HEADER - 10, "{'descr': '<%c%zu', 'fortran_order': False, 'shape': %s, }",
               m->kind, m->kind == 'U' ? m->item / 4 : m->item, shape);
  out[10 + length] = ' ';
  out[HEADER - 1] = '\n';
}

static ebb_status build(member *m, const ebbi_sheet *sheet, bool is_target) {
  TRY(choose_type(m, sheet, is_target));
  bool fits = ebbi_size_mul(&m->size, sheet->rows, m->cols) &&
              ebbi_size_mul(&m->size, m->size, m->item) && ebbi_size_add(&m->size, m->size, HEADER);
  m->bytes = fits ? malloc(m->size) : NULL;
  REQUIRE(m->bytes, EBB_ERR_MEMORY, "no memory for an array of %zu rows of %zu columns",
          sheet->rows, m->cols);
  put_header(m->bytes, m, sheet->rows, is_target);
  char *at = m->bytes + HEADER;
  for (size_t row = 0; row < sheet->rows; row++)
    for (size_t col = m->first; col < m->first + m->cols; col++, at += m->item)
      put_cell(at, m, sheet, row, col);
  return EBB_OK;
}

static ebb_status fail_zip(const char *what) {
  return ebbi_fail(EBB_ERR_OUTPUT, "the archive cannot be made: %s", what);
}

/* Passes the member's bytes to the archive. */
static ebb_status add(zip_t *zip, member *m) {
  char name[16];
  snprintf(name, sizeof name, "%s.npy", m->name);
  zip_source_t *source = zip_source_buffer(zip, m->bytes, m->size, 1);
  if (!source) return fail_zip(zip_strerror(zip));
  m->bytes = NULL;
  zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    return fail_zip(zip_strerror(zip));
  }
  bool good = zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
              zip_file_set_dostime(zip, (zip_uint64_t)index, 0, DATE_1980, 0) == 0;
  return good ? EBB_OK : fail_zip(zip_strerror(zip));
}

static ebb_status copy_out(FILE *stream, zip_source_t *made) {
  char chunk[CHUNK];
  if (zip_source_open(made) != 0) return fail_zip(zip_error_strerror(zip_source_error(made)));
  zip_int64_t got;
  while ((got = zip_source_read(made, chunk, sizeof chunk)) > 0)
    fwrite(chunk, 1, (size_t)got, stream);
  zip_source_close(made);
  return got == 0 ? EBB_OK : fail_zip(zip_error_strerror(zip_source_error(made)));
}

static ebb_status pack(FILE *stream, zip_source_t *made, member members[2], zip_error_t *error) {
  zip_t *zip = zip_open_from_source(made, ZIP_TRUNCATE, error);
  if (!zip) return fail_zip(zip_error_strerror(error));
  zip_source_keep(made); /* closing the archive releases one of the two references */
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < 2 && status == EBB_OK; i++)
    if (members[i].cols > 0) status = add(zip, &members[i]);
  if (status == EBB_OK && zip_close(zip) != 0) status = fail_zip(zip_strerror(zip));
  if (status != EBB_OK) {
    zip_discard(zip);
    return status;
  }
  return copy_out(stream, made);
}

ebb_status ebbi_npz_write(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes) {
  (void)notes;
  size_t inputs = sheet->cols - sheet->targets;
  member members[2] = {{.name = "x", .first = 0, .cols = inputs},
                       {.name = "y", .first = inputs, .cols = sheet->targets}};
  TRY(ebbi_sheet_need_numbers(sheet, "NPZ"));
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < 2 && status == EBB_OK; i++)
    if (members[i].cols > 0) status = build(&members[i], sheet, i == 1);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *made = NULL;
  if (status == EBB_OK) {
    made = zip_source_buffer_create(NULL, 0, 0, &error);
    status = made ? pack(stream, made, members, &error) : fail_zip(zip_error_strerror(&error));
  }
  if (made) zip_source_free(made);
  zip_error_fini(&error);
  for (size_t i = 0; i < 2; i++) free(members[i].bytes);
  return status;
}
