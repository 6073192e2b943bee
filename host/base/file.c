/* Reading whole files and replacing whole files.
 *
 * Reading goes through zlib, which passes plain files through unchanged, and grows its buffer with
 * the bytes that really come. Writing goes to a temporary file in the same folder, which is synced
 * and renamed: a reader sees the old file or the new one, a crash leaves the old one. Only what is
 * no file is written in place: renaming over /dev/null or a pipe would remove it from the system.
 */
#define _GNU_SOURCE
#include "file.h"

#include "error.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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

/* The file that a link leads to, so that the link stays; else the path itself. */
static char *resolve(const char *path) {
  struct stat about;
  bool link = lstat(path, &about) == 0 && S_ISLNK(about.st_mode);
  char *target = link ? realpath(path, NULL) : NULL;
  return target ? target : strdup(path);
}

/* Makes a file beside `path` that was not there before, and leaves its name in `name`: another
 * process or thread may be writing to the same path, or have died doing so. */
static int open_new(char *name, size_t size, const char *path) {
  int descriptor = -1;
  errno = EEXIST;
  for (int attempt = 0; attempt < 100 && descriptor < 0 && errno == EEXIST; attempt++) {
    snprintf(name, size, "%s.%ld.%d.tmp", path, (long)getpid(), attempt);
    descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  return descriptor;
}

/* Opens what is written to: a new temporary file, or something that is no file as it is. */
static ebb_status open_output(int *descriptor, ebbi_writer *writer) {
  struct stat about;
  bool exists = stat(writer->path, &about) == 0;
  REQUIRE(!exists || !S_ISDIR(about.st_mode), EBB_ERR_OUTPUT, "%s: is a folder, not a file",
          writer->path);
  if (exists && !S_ISREG(about.st_mode)) {
    *descriptor = open(writer->path, O_WRONLY | O_CLOEXEC);
  } else {
    size_t size = strlen(writer->path) + 40;
    writer->temporary = malloc(size);
    REQUIRE(writer->temporary, EBB_ERR_MEMORY, "%s: no memory for its name", writer->path);
    *descriptor = open_new(writer->temporary, size, writer->path);
    if (*descriptor >= 0 && exists) (void)fchmod(*descriptor, about.st_mode & 0777);
  }
  int why = errno;
  if (*descriptor < 0) { /* what may lie there is not ours to remove */
    free(writer->temporary);
    writer->temporary = NULL;
  }
  REQUIRE(*descriptor >= 0, EBB_ERR_OUTPUT, "%s: cannot be written: %s", writer->path,
          strerror(why));
  return EBB_OK;
}

ebb_status ebbi_writer_begin(ebbi_writer *writer, const char *path) {
  int descriptor = -1;
  *writer = (ebbi_writer){.path = resolve(path)};
  REQUIRE(writer->path, EBB_ERR_MEMORY, "%s: no memory for its name", path);
  TRY(open_output(&descriptor, writer));
  writer->stream = fdopen(descriptor, "wb");
  if (writer->stream == NULL) close(descriptor);
  REQUIRE(writer->stream, EBB_ERR_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
  return EBB_OK;
}

/* The rename itself must reach the disk too; a folder that cannot be synced is not an error. */
static void sync_folder(char *path) {
  int folder = open(dirname(path), O_RDONLY | O_DIRECTORY);
  if (folder < 0) return;
  (void)fsync(folder);
  close(folder);
}

ebb_status ebbi_writer_commit(ebbi_writer *writer) {
  errno = EIO; /* for a write that failed before, if nothing fails now */
  bool good = fflush(writer->stream) == 0 && !ferror(writer->stream) &&
              (writer->temporary == NULL || fsync(fileno(writer->stream)) == 0);
  int why = errno;
  good = fclose(writer->stream) == 0 && good;
  writer->stream = NULL;
  REQUIRE(good, EBB_ERR_OUTPUT, "%s: writing failed: %s", writer->path, strerror(why));
  if (writer->temporary == NULL) return EBB_OK;
  REQUIRE(rename(writer->temporary, writer->path) == 0, EBB_ERR_OUTPUT,
          "%s: cannot be replaced: %s", writer->path, strerror(errno));
  free(writer->temporary);
  writer->temporary = NULL;
  sync_folder(writer->path);
  return EBB_OK;
}

void ebbi_writer_free(ebbi_writer *writer) {
  if (writer->stream) fclose(writer->stream);
  if (writer->temporary) unlink(writer->temporary);
  free(writer->temporary);
  free(writer->path);
  *writer = (ebbi_writer){0};
}
