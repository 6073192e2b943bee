/* The files of a folder of checkpoints: names, listing, reading.
 *
 * A file belongs to a checkpoint if it is a plain file with exactly a name that ebb would write. No
 * other file is ever read or removed.
 */
#define _GNU_SOURCE
#include "base/error.h"
#include "base/folder.h"
#include "checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const endings[EBBI_CHECKPOINT_KINDS] = {".json", ".safetensors",
                                                           "-again.safetensors"};

void ebbi_checkpoint_name(char name[EBBI_CHECKPOINT_NAME], uint64_t step,
                          ebbi_checkpoint_kind kind) {
  snprintf(name, EBBI_CHECKPOINT_NAME, "step-%012" PRIu64 "%s", step, endings[kind]);
}

char *ebbi_checkpoint_path(const char *folder, const char *name) {
  size_t size = strlen(folder) + strlen(name) + 2;
  char *path = malloc(size);
  if (path) snprintf(path, size, "%s/%s", folder, name);
  return path;
}

ebb_status ebbi_checkpoint_folder_make(const char *folder) {
  struct stat about;
  char *path = strdup(folder);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for its name", folder);
  int why = ebbi_folders_make(path, 0777);
  free(path);
  bool there = stat(folder, &about) == 0;
  REQUIRE(there || why == 0, EBB_ERR_OUTPUT, "%s: the folder cannot be made: %s", folder,
          strerror(why));
  REQUIRE(there && S_ISDIR(about.st_mode), EBB_ERR_OUTPUT, "%s: is not a folder", folder);
  return EBB_OK;
}

/* ---- listing ---- */

/* Returns false if the name is not a checkpoint's. */
static bool parse_name(ebbi_checkpoint_file *file, const char *name) {
  char *end, canonical[EBBI_CHECKPOINT_NAME];
  if (strncmp(name, "step-", 5) != 0) return false;
  file->step = strtoull(name + 5, &end, 10);
  for (int kind = 0; kind < EBBI_CHECKPOINT_KINDS; kind++) {
    ebbi_checkpoint_name(canonical, file->step, (ebbi_checkpoint_kind)kind);
    if (strcmp(name, canonical) != 0) continue;
    strcpy(file->name, canonical);
    file->kind = (ebbi_checkpoint_kind)kind;
    return true;
  }
  return false;
}

static int compare_files(const void *a, const void *b) {
  const ebbi_checkpoint_file *x = a, *y = b;
  if (x->step != y->step) return x->step > y->step ? -1 : 1;
  return (x->kind > y->kind) - (x->kind < y->kind);
}

static ebb_status add(ebbi_checkpoint_list *list, size_t *room, const ebbi_checkpoint_file *file) {
  if (list->count == *room) {
    *room = *room ? 2 * *room : 16;
    ebbi_checkpoint_file *larger = realloc(list->files, *room * sizeof *larger);
    REQUIRE(larger, EBB_ERR_MEMORY, "%s: no memory for %zu names", list->folder, *room);
    list->files = larger;
  }
  list->files[list->count++] = *file;
  return EBB_OK;
}

static ebb_status gather(ebbi_checkpoint_list *list, DIR *stream) {
  size_t room = 0;
  for (struct dirent *next; errno = 0, (next = readdir(stream));) {
    struct stat about;
    ebbi_checkpoint_file file = {.stays = false};
    if (parse_name(&file, next->d_name) &&
        fstatat(dirfd(stream), next->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(about.st_mode))
      TRY(add(list, &room, &file));
  }
  REQUIRE(errno == 0, EBB_ERR_INPUT, "%s: cannot be listed: %s", list->folder, strerror(errno));
  if (list->count > 0) qsort(list->files, list->count, sizeof *list->files, compare_files);
  return EBB_OK;
}

ebb_status ebbi_checkpoint_list_make(ebbi_checkpoint_list *out, const char *folder) {
  *out = (ebbi_checkpoint_list){.folder = strdup(folder)};
  REQUIRE(out->folder, EBB_ERR_MEMORY, "%s: no memory for its name", folder);
  DIR *stream = opendir(folder);
  int why = errno;
  ebb_status status = stream ? gather(out, stream)
                             : ebbi_fail(why == ENOMEM ? EBB_ERR_MEMORY : EBB_ERR_INPUT,
                                         "%s: cannot be listed: %s", folder, strerror(why));
  if (stream) closedir(stream);
  if (status != EBB_OK) ebbi_checkpoint_list_free(out);
  return status;
}

void ebbi_checkpoint_list_free(ebbi_checkpoint_list *list) {
  free(list->folder);
  free(list->files);
  *list = (ebbi_checkpoint_list){0};
}

/* ---- reading ---- */

/* Opens without blocking; otherwise a pipe of that name would hang the program. */
static ebb_status open_plain(int *file, uint64_t *size, const char *path) {
  struct stat about;
  *file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(*file >= 0, EBB_ERR_INPUT, "%s: %s", path, strerror(errno));
  bool known = fstat(*file, &about) == 0;
  int why = errno;
  if (known && S_ISREG(about.st_mode)) {
    *size = (uint64_t)about.st_size;
    return EBB_OK;
  }
  close(*file);
  return ebbi_fail(EBB_ERR_INPUT, "%s: %s", path, known ? "is not a plain file" : strerror(why));
}

static ebb_status read_bytes(char *bytes, size_t size, int file, const char *path) {
  for (size_t done = 0; done < size;) {
    ssize_t got = read(file, bytes + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    REQUIRE(got > 0, EBB_ERR_INPUT, "%s: cannot be read completely: %s", path,
            got == 0 ? "it has become shorter" : strerror(errno));
    done += (size_t)got;
  }
  return EBB_OK;
}

static ebb_status read_whole(char **bytes, uint64_t size, uint64_t limit, int file,
                             const char *path) {
  REQUIRE(size <= limit && size < SIZE_MAX, EBB_ERR_INPUT,
          "%s: damaged: %" PRIu64 " bytes, more than %" PRIu64, path, size, limit);
  *bytes = malloc((size_t)size + 1);
  REQUIRE(*bytes, EBB_ERR_MEMORY, "%s: no memory for %" PRIu64 " bytes", path, size);
  (*bytes)[size] = '\0';
  return read_bytes(*bytes, (size_t)size, file, path);
}

ebb_status ebbi_checkpoint_read(char **bytes, size_t *size, const char *path, uint64_t limit) {
  int file;
  uint64_t there;
  *bytes = NULL;
  TRY(open_plain(&file, &there, path));
  ebb_status status = read_whole(bytes, there, limit, file, path);
  close(file);
  *size = (size_t)there;
  if (status != EBB_OK) {
    free(*bytes);
    *bytes = NULL;
  }
  return status;
}

static ebb_status hash_bytes(ebbi_hasher *hasher, uint64_t size, int file, const char *path) {
  char block[1 << 16];
  REQUIRE(hasher, EBB_ERR_MEMORY, "%s: no memory for its checksum", path);
  while (size > 0) {
    size_t count = size < sizeof block ? (size_t)size : sizeof block;
    TRY(read_bytes(block, count, file, path));
    ebbi_hasher_add(hasher, block, count);
    size -= count;
  }
  return EBB_OK;
}

ebb_status ebbi_checkpoint_hash(ebbi_hash *hash, const char *path, uint64_t size) {
  int file;
  uint64_t there;
  TRY(open_plain(&file, &there, path));
  ebbi_hasher *hasher = ebbi_hasher_create();
  ebb_status status =
      there == size
          ? hash_bytes(hasher, size, file, path)
          : ebbi_fail(EBB_ERR_INPUT, "%s: damaged: %" PRIu64 " bytes, %" PRIu64 " were written",
                      path, there, size);
  if (status == EBB_OK) *hash = ebbi_hasher_value(hasher);
  ebbi_hasher_free(hasher);
  close(file);
  return status;
}
