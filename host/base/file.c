/* Reading whole files. (writer.c replaces them.)
 *
 * Reading goes through zlib, which passes plain files through unchanged, and grows its buffer with
 * the bytes that really come.
 */
#include "file.h"

#include "error.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static ebb_status read_all(char **bytes, size_t *size, gzFile stream, const char *path,
                           size_t limit) {
  size_t capacity = 0;
  for (;;) {
    if (capacity - *size < 2) {
      capacity = capacity ? 2 * capacity : 65536;
      char *larger = realloc(*bytes, capacity);
      REQUIRE(larger, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", path, capacity);
      *bytes = larger;
    }
    size_t room = capacity - *size - 1;
    int got = gzread(stream, *bytes + *size, room > 1u << 30 ? 1u << 30 : (unsigned)room);
    int error = Z_OK;
    const char *why = gzerror(stream, &error);
    REQUIRE(got >= 0 && (error == Z_OK || error == Z_STREAM_END), EBB_ERR_INPUT,
            "%s: cannot be read after byte %zu: %s", path, *size,
            error == Z_ERRNO ? strerror(errno) : why);
    *size += (size_t)got;
    (*bytes)[*size] = '\0';
    if (got == 0) return EBB_OK;
    REQUIRE(*size <= limit, EBB_ERR_INPUT, "%s: larger than the limit of %zu bytes", path, limit);
  }
}

/* Reads the stream to its end and closes it. */
static ebb_status read_stream(char **bytes, size_t *size, gzFile stream, const char *path,
                              size_t limit) {
  REQUIRE(stream, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  ebb_status status = read_all(bytes, size, stream, path, limit);
  if (gzclose_r(stream) == Z_BUF_ERROR && status == EBB_OK)
    status = ebbi_fail(EBB_ERR_INPUT, "%s: the compressed file ends too early", path);
  if (status != EBB_OK) {
    free(*bytes);
    *bytes = NULL;
  }
  return status;
}

ebb_status ebbi_file_read(char **bytes, size_t *size, const char *path, size_t limit) {
  struct stat about;
  *bytes = NULL;
  *size = 0;
  REQUIRE(stat(path, &about) == 0, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  REQUIRE(!S_ISDIR(about.st_mode), EBB_ERR_INPUT, "%s: is a folder, not a file", path);
  return read_stream(bytes, size, gzopen(path, "rb"), path, limit);
}

static bool is_standard(const char *path) {
  return strcmp(path, "-") == 0;
}

const char *ebbi_input_name(const char *path) {
  return is_standard(path) ? "standard input" : path;
}

/* The stream closes the copy; standard input itself stays open. */
ebb_status ebbi_input_read(char **bytes, size_t *size, const char *path, size_t limit) {
  if (!is_standard(path)) return ebbi_file_read(bytes, size, path, limit);
  *bytes = NULL;
  *size = 0;
  int copy = dup(STDIN_FILENO);
  REQUIRE(copy >= 0, EBB_ERR_INPUT, "%s: %s", ebbi_input_name(path), strerror(errno));
  gzFile stream = gzdopen(copy, "rb");
  if (!stream) close(copy);
  return read_stream(bytes, size, stream, ebbi_input_name(path), limit);
}
