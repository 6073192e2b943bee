/* Recognises a file's format by its content and calls its reader.
 *
 * The name never counts: files get renamed, and a wrong name must not choose the parser. Formats
 * with a magic number come first, then texts in order of how clearly they are recognised;
 * everything else is CSV.
 */
#include "formats.h"

#include "base/error.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* True if the first line that is neither blank nor a comment is a declaration. */
bool ebbi_is_arff(const char *text) {
  for (;;) {
    text += strspn(text, " \t\r\n");
    if (*text != '%') break;
    text += strcspn(text, "\r\n");
  }
  return strncasecmp(text, "@relation", 9) == 0 || strncasecmp(text, "@attribute", 10) == 0;
}

static ebb_status parse_text(ebbi_raw *raw, const ebbi_wishes *wishes) {
  const ebb_read_options *options = wishes->options;
  TRY(ebbi_refuse_foreign(raw->path, raw->bytes, raw->size));
  TRY(ebbi_text_decode(raw, options));
  TRY(ebbi_refuse_foreign_text(raw->path, raw->bytes, raw->size));
  if (ebbi_is_arff(raw->bytes)) return ebbi_arff_read(raw, wishes);
  bool asked_for_csv = options->delimiter != '\0' || options->header == EBB_HEADER_YES;
  if (!asked_for_csv && ebbi_is_libsvm(raw->bytes)) return ebbi_libsvm_read(raw, wishes);
  return ebbi_csv_read(raw, wishes);
}

static ebb_status parse(ebbi_raw *raw, const ebbi_wishes *wishes) {
  REQUIRE(raw->path, EBB_ERR_MEMORY, "data: no memory for a name");
  REQUIRE(raw->size > 0, EBB_ERR_INPUT, "%s: the file is empty", raw->path);
  if (ebbi_is_npy(raw->bytes, raw->size) || ebbi_is_idx(raw->bytes, raw->size))
    return ebbi_raw_from_array(raw);
  if (ebbi_is_zip(raw->bytes, raw->size)) return ebbi_npz_read(raw, wishes);
  return parse_text(raw, wishes);
}

void ebbi_raw_drop_bytes(ebbi_raw *raw) {
  free(raw->bytes);
  raw->bytes = NULL;
  raw->size = 0;
}

ebb_status ebbi_raw_parse(ebbi_raw *raw, const char *path, char *bytes, size_t size,
                          const ebbi_wishes *wishes) {
  raw->path = strdup(path);
  raw->bytes = bytes;
  raw->size = size;
  ebb_status status = parse(raw, wishes);
  if (!raw->array.data && !raw->texts_in_bytes) ebbi_raw_drop_bytes(raw);
  return status;
}
