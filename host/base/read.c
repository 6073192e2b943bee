/* Reading whole files, plain or compressed with gzip.
 *
 * The buffer grows with the bytes that arrive, and the reader's callback runs after each piece: a
 * small file that unpacks to a thousand times its size is noticed long before it is complete. This
 * file calls inflate instead of zlib's gzread, which does not say how much of a pipe it has
 * consumed.
 */
#include "base/read.h"

#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 1 << 20, PACKED_PIECE = 1 << 16 };

/* A file being read. */
typedef struct source {
  ebbi_read_state state;
  int descriptor;
  unsigned char packed[PACKED_PIECE]; /* what was read of a compressed file, or the first bytes of
                                       * any file */
  size_t start, end;                  /* the part of `packed` not consumed yet */
  z_stream inflate;
  bool between; /* after the end of a gzip member */
} source;

static ebb_status fail_reading(const source *s, const char *why) {
  return ebbi_fail(EBB_ERR_INPUT, "%s: cannot be read after byte %zu: %s", s->state.path,
                   s->state.size, why);
}

static ebb_status read_piece(size_t *got, source *s, void *to, size_t room) {
  ssize_t count;
  while ((count = read(s->descriptor, to, room)) < 0 && errno == EINTR) {
  }
  if (count < 0) return fail_reading(s, strerror(errno));
  *got = (size_t)count;
  s->state.packed += *got;
  return EBB_OK;
}

/* Reads compressed bytes until at least two are there or the file ends. */
static ebb_status refill(source *s) {
  size_t got = 1;
  memmove(s->packed, s->packed + s->start, s->end - s->start);
  s->end -= s->start;
  s->start = 0;
  while (s->end < 2 && got > 0) {
    TRY(read_piece(&got, s, s->packed + s->end, sizeof s->packed - s->end));
    s->end += got;
  }
  return EBB_OK;
}

/* Returns true if a gzip member begins here. */
static bool is_member(const source *s) {
  return s->end - s->start >= 2 && s->packed[s->start] == 0x1f && s->packed[s->start + 1] == 0x8b;
}

static ebb_status begin(source *s) {
  TRY(refill(s));
  s->state.compressed = is_member(s);
  if (!s->state.compressed) return EBB_OK;
  REQUIRE(inflateInit2(&s->inflate, 15 + 16) == Z_OK, EBB_ERR_MEMORY, "%s: no memory to unpack it",
          s->state.path);
  return EBB_OK;
}

static ebb_status take_plain(size_t *got, source *s, char *to, size_t room) {
  size_t there = s->end - s->start;
  if (there == 0) return read_piece(got, s, to, room);
  *got = there < room ? there : room;
  memcpy(to, s->packed + s->start, *got);
  s->start += *got;
  return EBB_OK;
}

/* Unpacks into `to`. 0 bytes mean that the last member has ended; what follows it, such as padding,
 * is ignored. */
static ebb_status take_packed(size_t *got, source *s, char *to, size_t room) {
  z_stream *z = &s->inflate;
  z->next_out = (unsigned char *)to;
  z->avail_out = (unsigned)room;
  while (z->avail_out > 0) {
    if (s->end - s->start < 2) TRY(refill(s));
    if (s->between && !is_member(s)) break;
    if (s->between) inflateReset(z);
    s->between = false;
    REQUIRE(s->end > s->start, EBB_ERR_INPUT, "%s: the compressed file ends too early",
            s->state.path);
    z->next_in = s->packed + s->start;
    z->avail_in = (unsigned)(s->end - s->start);
    int result = inflate(z, Z_NO_FLUSH);
    s->start = s->end - z->avail_in;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return fail_reading(s, z->msg ? z->msg : zError(result));
    s->between = result == Z_STREAM_END;
  }
  *got = room - z->avail_out;
  return EBB_OK;
}

/* Grows by half the size. The system provides pages as they are written to and moves large blocks
 * without copying them. */
static ebb_status make_room(char **bytes, size_t *capacity, const ebbi_read_state *state) {
  if (*capacity - state->size > 1) return EBB_OK;
  size_t larger = *capacity ? *capacity + *capacity / 2 : PACKED_PIECE;
  char *moved = realloc(*bytes, larger);
  REQUIRE(moved, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", state->path, larger);
  *bytes = moved;
  *capacity = larger;
  return EBB_OK;
}

static ebb_status read_all(char **bytes, source *s, ebbi_read_watch *watch, void *user) {
  ebbi_read_state *state = &s->state;
  size_t capacity = 0, wanted = SIZE_MAX, seen = 0;
  TRY(begin(s));
  while (!state->done) {
    TRY(make_room(bytes, &capacity, state));
    size_t room = capacity - state->size - 1, got = 0;
    if (room > PIECE) room = PIECE;
    char *to = *bytes + state->size;
    TRY(state->compressed ? take_packed(&got, s, to, room) : take_plain(&got, s, to, room));
    state->size += got;
    state->bytes = *bytes;
    (*bytes)[state->size] = '\0';
    state->done = got == 0 || state->size >= wanted;
    if (!state->done && state->size - seen < PIECE) continue;
    seen = state->size;
    TRY(watch(&wanted, state, user));
    state->done |= state->size >= wanted;
  }
  char *fitting = realloc(*bytes, state->size + 1);
  if (fitting) *bytes = fitting;
  return EBB_OK;
}

/* Reads from the descriptor to the end and closes it. */
static ebb_status read_descriptor(char **bytes, size_t *size, int descriptor, const char *path,
                                  ebbi_read_watch *watch, void *user) {
  struct stat about;
  source *s = descriptor < 0 ? NULL : calloc(1, sizeof *s);
  ebb_status status = EBB_ERR_INPUT;
  if (descriptor < 0) {
    ebbi_fail(status, "%s: %s", path, strerror(errno));
  } else if (!s) {
    status = ebbi_fail(EBB_ERR_MEMORY, "%s: no memory to read it", path);
  } else {
    s->descriptor = descriptor;
    s->state.path = path;
    if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode))
      s->state.claimed = (uint64_t)about.st_size;
    status = read_all(bytes, s, watch, user);
    *size = s->state.size;
    inflateEnd(&s->inflate);
  }
  if (descriptor >= 0) close(descriptor);
  free(s);
  if (status == EBB_OK) return EBB_OK;
  free(*bytes);
  *bytes = NULL;
  *size = 0;
  return status;
}

static bool is_standard(const char *path) {
  return strcmp(path, "-") == 0;
}

const char *ebbi_input_name(const char *path) {
  return is_standard(path) ? "standard input" : path;
}

static ebb_status read_path(char **bytes, size_t *size, const char *path, ebbi_read_watch *watch,
                            void *user) {
  struct stat about;
  *bytes = NULL;
  *size = 0;
  REQUIRE(stat(path, &about) == 0, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  REQUIRE(!S_ISDIR(about.st_mode), EBB_ERR_INPUT, "%s: is a folder, not a file", path);
  return read_descriptor(bytes, size, open(path, O_RDONLY | O_CLOEXEC), path, watch, user);
}

/* A duplicate is read and closed: standard input itself stays open. */
ebb_status ebbi_input_read_watched(char **bytes, size_t *size, const char *path,
                                   ebbi_read_watch *watch, void *user) {
  if (!is_standard(path)) return read_path(bytes, size, path, watch, user);
  *bytes = NULL;
  *size = 0;
  return read_descriptor(bytes, size, fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0),
                         ebbi_input_name(path), watch, user);
}

static ebb_status keep_limit(size_t *wanted, const ebbi_read_state *state, void *user) {
  size_t limit = *(const size_t *)user;
  (void)wanted;
  REQUIRE(state->size <= limit, EBB_ERR_INPUT, "%s: larger than the limit of %zu bytes",
          state->path, limit);
  return EBB_OK;
}

ebb_status ebbi_file_read(char **bytes, size_t *size, const char *path, size_t limit) {
  return read_path(bytes, size, path, keep_limit, &limit);
}

ebb_status ebbi_input_read(char **bytes, size_t *size, const char *path, size_t limit) {
  return ebbi_input_read_watched(bytes, size, path, keep_limit, &limit);
}
