/* Text of any encoding to UTF-8, by the C library's iconv.
 *
 * Only what is certain is guessed: a byte order mark, and UTF-16 of Western text, in which every
 * other byte is 0. Single-byte encodings cannot be told apart: text that is not UTF-8 is left for
 * the reader to refuse with a message that names the option.
 */
#include "formats.h"

#include "base/error.h"
#include "budget.h"
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 2000 };

static const struct {
  const char *mark;
  size_t length;
  const char *encoding;
} marks[] = {{"\xff\xfe\0\0", 4, "UTF-32LE"}, /* before UTF-16, whose mark is a prefix of it */
             {"\xff\xfe", 2, "UTF-16LE"},
             {"\xfe\xff", 2, "UTF-16BE"}};

/* UTF-16 if, in nine of ten characters at the beginning, the same one of two bytes is 0. */
static const char *guess_wide(const char *bytes, size_t size) {
  size_t units = (size < SAMPLE ? size : SAMPLE) / 2, low = 0, high = 0;
  for (size_t i = 0; i < units; i++) {
    low += bytes[2 * i] != 0 && bytes[2 * i + 1] == 0;
    high += bytes[2 * i] == 0 && bytes[2 * i + 1] != 0;
  }
  if (units < 2) return NULL;
  return 10 * low >= 9 * units ? "UTF-16LE" : 10 * high >= 9 * units ? "UTF-16BE" : NULL;
}

static ebb_status guess(const char **encoding, const char *bytes, size_t size, const char *path,
                        ebbi_notes *notes) {
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if (size >= marks[i].length && memcmp(bytes, marks[i].mark, marks[i].length) == 0) {
      *encoding = marks[i].encoding;
      return EBB_OK;
    }
  *encoding = guess_wide(bytes, size);
  if (!*encoding) return EBB_OK;
  return ebbi_notes_add(notes, false,
                        "%s: every other byte is 0, so this is %s text (--encoding says otherwise)",
                        path, *encoding);
}

/* State of the conversion. */
typedef struct conversion {
  iconv_t iconv;
  char *in, *out, *text; /* text: all of the output */
  size_t in_left, out_left, capacity;
} conversion;

static ebb_status grow(conversion *c, const char *path) {
  size_t used = c->text ? (size_t)(c->out - c->text) : 0;
  size_t capacity = c->capacity ? 2 * c->capacity : c->in_left + c->in_left / 2 + 16;
  char *larger = realloc(c->text, capacity + 1);
  REQUIRE(larger, EBB_ERR_MEMORY, "%s: no memory for %zu bytes of text", path, capacity);
  c->text = larger;
  c->out = larger + used;
  c->out_left = capacity - used;
  c->capacity = capacity;
  return EBB_OK;
}

static ebb_status run(conversion *c, const char *path, const char *encoding) {
  const char *start = c->in;
  do {
    TRY(grow(c, path));
    if (iconv(c->iconv, &c->in, &c->in_left, &c->out, &c->out_left) != (size_t)-1) break;
    REQUIRE(errno == E2BIG, EBB_ERR_INPUT,
            "%s: byte %zu of the file is 0x%02x: not %s text; --encoding sets another, such as "
            "utf-8, latin1, windows-1252 or utf-16",
            path, (size_t)(c->in - start), (unsigned char)*c->in, encoding);
  } while (true);
  *c->out = '\0';
  return EBB_OK;
}

static ebb_status convert(ebbi_raw *raw, const char *encoding) {
  char shown[EBBI_SHOWN];
  conversion c = {.in = raw->bytes, .in_left = raw->size, .iconv = iconv_open("UTF-8", encoding)};
  REQUIRE(c.iconv != (iconv_t)-1, EBB_ERR_ARGUMENT,
          "%s: encoding \"%s\" is unknown; `iconv -l` lists the known ones, such as utf-8, latin1, "
          "windows-1252 and utf-16",
          raw->path, ebbi_shown(shown, encoding));
  ebb_status status = run(&c, raw->path, ebbi_shown(shown, encoding));
  iconv_close(c.iconv);
  if (status != EBB_OK) {
    free(c.text);
    return status;
  }
  free(raw->bytes);
  raw->bytes = c.text;
  raw->size = (size_t)(c.out - c.text);
  REQUIRE(raw->size <= EBBI_FILE_LIMIT, EBB_ERR_INPUT,
          "%s: %zu bytes as UTF-8, more than the limit of %zu", raw->path, raw->size,
          EBBI_FILE_LIMIT);
  return EBB_OK;
}

ebb_status ebbi_text_decode(ebbi_raw *raw, const ebb_read_options *options) {
  const char *encoding = options->encoding;
  if (!encoding) TRY(guess(&encoding, raw->bytes, raw->size, raw->path, &raw->notes));
  if (encoding) TRY(ebbi_budget_check(options, raw->path, 2 * (uint64_t)raw->size, EBBI_NO_INDEX));
  if (encoding) TRY(convert(raw, encoding));
  if (raw->size >= 3 && memcmp(raw->bytes, "\xef\xbb\xbf", 3) == 0) {
    raw->size -= 3;
    memmove(raw->bytes, raw->bytes + 3, raw->size + 1);
  }
  return EBB_OK;
}
