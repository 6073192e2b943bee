/* Recognises files of unsupported formats by how they begin, so that messages can name the format.
 *
 * Read as CSV, most would fail too, with an unhelpful message about a byte or a field. Binary
 * formats are recognised by their first bytes. Texts need more evidence: a CSV file may begin with
 * a bracket.
 */
#include "formats.h"

#include "base/error.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

typedef struct foreign {
  size_t offset;
  const char *magic;
  size_t length;
  const char *what, *advice;
} foreign;

static const char arrays[] = "save its arrays with numpy.savez";
static const char images[] = "save many of them as one NPY array of bytes, [images, rows, columns]";
static const char r_table[] = "save the table: write.csv(table, OUT, row.names = FALSE)";

static const char sql[] = "load it into its database and save the table as CSV";

static const foreign binary[] = {
    {0, "PAR1", 4, "a Parquet file",
     "save it as CSV: pandas.read_parquet(FILE).to_csv(OUT, index=False)"},
    {0, "ARROW1", 6, "an Arrow file",
     "save it as CSV: pandas.read_feather(FILE).to_csv(OUT, index=False)"},
    {0, "FEA1", 4, "a Feather file",
     "save it as CSV: pandas.read_feather(FILE).to_csv(OUT, index=False)"},
    {0, "ORC", 3, "an ORC file", "save it as CSV: pandas.read_orc(FILE).to_csv(OUT, index=False)"},
    {0, "Obj\1", 4, "an Avro file", "save it as CSV"},
    {0, "$FL2@(#)", 8, "an SPSS file",
     "save it as CSV: pandas.read_spss(FILE).to_csv(OUT, index=False)"},
    {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "an old Excel workbook (xls)",
     "save the sheet as CSV"},
    {0, "\x89HDF\r\n\x1a\n", 8, "an HDF5 file", arrays},
    {512, "\x89HDF\r\n\x1a\n", 8, "a MATLAB file", arrays},
    {0, "MATLAB 5", 8, "a MATLAB file",
     "save the arrays of scipy.io.loadmat(FILE) with numpy.savez"},
    {0, "CDF\1", 4, "a NetCDF file", arrays},
    {0, "CDF\2", 4, "a NetCDF file", arrays},
    {0, "SQLite format 3", 15, "an SQLite database",
     "save a table: sqlite3 -header -csv FILE 'select * from NAME' > OUT.csv"},
    {0, "\x80\2", 2, "a Python pickle", arrays},
    {0, "\x80\3", 2, "a Python pickle", arrays},
    {0, "\x80\4", 2, "a Python pickle", arrays},
    {0, "\x80\5", 2, "a Python pickle", arrays},
    {0, "RDX2\nX\n", 7, "an R data file", r_table},
    {0, "RDX3\nX\n", 7, "an R data file", r_table},
    {0, "X\n\0\0\0", 5, "an R data file", r_table},
    {0, "\x89PNG", 4, "a single image (PNG)", images},
    {0, "\xff\xd8\xff", 3, "a single image (JPEG)", images},
    {0, "GIF8", 4, "a single image (GIF)", images},
    {4, "1AY&SY", 6, "a file compressed by bzip2", "unpack it: bunzip2 FILE"},
    {0, "\3757zXZ\0", 6, "a file compressed by xz", "unpack it: unxz FILE"},
    {0, "\x28\xb5\x2f\xfd", 4, "a file compressed by zstd", "unpack it: unzstd FILE"},
    {0, "\x04\x22\x4d\x18", 4, "a file compressed by lz4", "unpack it: unlz4 FILE"},
    {0, "7z\xbc\xaf\x27\x1c", 6, "a 7-Zip archive", "unpack the file in it"},
    {0, "Rar!\x1a\7", 6, "a RAR archive", "unpack the file in it"},
    {257, "ustar", 5, "a TAR archive", "unpack the file in it: tar xf FILE"}};

/* After blanks, in upper or lower case. */
static const foreign texts[] = {
    {0, "%PDF-", 5, "a PDF document", "save its table as CSV"},
    {0, "<stata_dta>", 11, "a Stata file",
     "save it as CSV: pandas.read_stata(FILE).to_csv(OUT, index=False)"},
    {0, "<!doctype html", 14, "a web page (HTML)",
     "save the file that it links to, or its table as CSV"},
    {0, "<html", 5, "a web page (HTML)", "save the file that it links to, or its table as CSV"},
    {0, "<?xml", 5, "an XML file", "save its table as CSV"},
    {0, "-- MySQL dump", 13, "an SQL dump", sql},
    {0, "-- PostgreSQL", 13, "an SQL dump", sql},
    {0, "--\n-- PostgreSQL", 16, "an SQL dump", sql},
    {0, "CREATE TABLE ", 13, "an SQL dump", sql},
    {0, "DROP TABLE ", 11, "an SQL dump", sql},
    {0, "INSERT INTO ", 12, "an SQL dump", sql}};

static ebb_status refuse(const char *path, const char *what, const char *advice) {
  return ebbi_fail(EBB_ERR_INPUT, "%s: this is %s, which cannot be read; %s", path, what, advice);
}

/* A little-endian length of 8 bytes that fits in the file, followed by a JSON object. */
static bool is_safetensors(const char *bytes, size_t size) {
  uint64_t length = 0;
  if (size < 10 || bytes[8] != '{') return false;
  for (size_t i = 8; i-- > 0;) length = length << 8 | (unsigned char)bytes[i];
  return length >= 2 && length <= size - 8;
}

static bool is_printable(const foreign *f) {
  for (size_t i = 0; i < f->length; i++)
    if (!isprint((unsigned char)f->magic[i])) return false;
  return true;
}

/* A magic number that may also begin a CSV file counts only in a binary file. */
static bool is_binary(const char *bytes, size_t size, const foreign *f) {
  return size >= f->offset + f->length && memcmp(bytes + f->offset, f->magic, f->length) == 0 &&
         (!is_printable(f) || memchr(bytes, 0, size < 4096 ? size : 4096));
}

ebb_status ebbi_refuse_foreign(const char *path, const char *bytes, size_t size) {
  for (size_t i = 0; i < sizeof binary / sizeof *binary; i++)
    if (is_binary(bytes, size, &binary[i])) return refuse(path, binary[i].what, binary[i].advice);
  if (is_safetensors(bytes, size))
    return refuse(path, "a model (safetensors)", "give the data, as CSV or NPY");
  return EBB_OK;
}

/* An object or a list that also ends like one, or lines of which each may be one. */
static bool is_json(const char *text, char last) {
  char next = text[1 + strspn(text + 1, " \t\r\n")];
  if (*text == '{') return last == '}' && (next == '"' || next == '}');
  return *text == '[' && last == ']' && next != '\0' && strchr("[]{\"-0123456789tfn", next);
}

ebb_status ebbi_refuse_foreign_text(const char *path, const char *text, size_t size) {
  size_t start = strspn(text, " \t\r\n");
  while (size > start && isspace((unsigned char)text[size - 1])) size--;
  text += start;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (strncasecmp(text, texts[i].magic, texts[i].length) == 0)
      return refuse(path, texts[i].what, texts[i].advice);
  if (size == start || !is_json(text, text[size - start - 1])) return EBB_OK;
  return *text == '{' && strstr(text, "\n{")
             ? refuse(path, "a file of JSON lines",
                      "save it as CSV: pandas.read_json(FILE, lines=True).to_csv(OUT, index=False)")
             : refuse(path, "a JSON file",
                      "save it as CSV: pandas.read_json(FILE).to_csv(OUT, index=False)");
}
