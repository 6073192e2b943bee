/* Writing tables: choosing the format, and what the formats share.
 *
 * The path's extension decides, since there is no content to recognise yet. The file is replaced
 * only after all of it is written.
 */
#include "write.h"

#include "base/error.h"
#include "base/writer.h"
#include "data/names.h"
#include <string.h>
#include <strings.h>

static const struct {
  const char *ending;
  ebb_status (*write)(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes);
} formats[] = {{".csv", ebbi_csv_write},
               {".npz", ebbi_npz_write},
               {".svm", ebbi_libsvm_write},
               {".libsvm", ebbi_libsvm_write}};

/* The only function that writes to a stream: the library must not link functions that can print. */
void ebbi_put(FILE *stream, const char *text) {
  fwrite(text, 1, strlen(text), stream);
}

bool ebbi_sheet_is_text(const ebbi_sheet *sheet, size_t col) {
  return sheet->texts && sheet->texts[col];
}

ebb_status ebbi_sheet_need_numbers(const ebbi_sheet *sheet, const char *format) {
  char shown[EBBI_SHOWN];
  for (size_t col = 0; col < sheet->cols - sheet->targets; col++)
    REQUIRE(!ebbi_sheet_is_text(sheet, col), EBB_ERR_INPUT,
            "column %zu (from 0) \"%s\" holds texts, and inputs in %s are numbers; leave it out, "
            "or write CSV",
            col, ebbi_shown(shown, sheet->names ? sheet->names[col] : ""), format);
  return EBB_OK;
}

ebb_status ebbi_sheet_write(const char *path, const ebbi_sheet *sheet, ebbi_notes *notes) {
  const char *ending = strrchr(path, '.');
  size_t count = sizeof formats / sizeof *formats, format = 0;
  while (format < count && !(ending && strcasecmp(ending, formats[format].ending) == 0)) format++;
  REQUIRE(format < count, EBB_ERR_ARGUMENT,
          "%s: the extension decides the format: it must be .csv, .npz, .svm or .libsvm", path);
  ebbi_writer writer = {0};
  ebb_status status = ebbi_writer_begin(&writer, path);
  if (status == EBB_OK) status = formats[format].write(writer.stream, sheet, notes);
  if (status == EBB_OK) status = ebbi_writer_commit(&writer);
  ebbi_writer_free(&writer);
  return status;
}
