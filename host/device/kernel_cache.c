/* The kernel cache: which devices use it, and its files.
 *
 * A file consists of a header, the driver's binary and a checksum of both. Its name is the key,
 * which the header repeats, so that a renamed file is rejected. Nothing is trusted before the
 * checksum matches: drivers crash on truncated binaries. The header is in native byte order; a
 * machine of the other byte order sees a wrong format number.
 *
 * An index file was rejected: it would need a lock, and could disagree with the files.
 */
#include "kernel_cache.h"

#include "base/cache_folder.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT = 1, FILE_MAX = 64 << 20, BYTES_MAX = 256 << 20 };

static const char folder_name[] = "kernels", ending[] = ".kernel";
static const char magic[8] = {'e', 'b', 'b', ' ', 'k', 'r', 'n', '\n'};

typedef struct header {
  char magic[sizeof magic];
  uint64_t format;
  ebbi_hash key;
  uint64_t size; /* bytes of the binary */
} header;

_Static_assert(sizeof(header) == 40, "a header has no gaps, whose bytes would be anything");

/* ---- modes ---- */

#define MODE_NAME(name, text, what) text,
static const char *const mode_names[] = {EBB_CACHE_MODE_LIST(MODE_NAME)};

const char *ebb_cache_mode_name(ebb_cache_mode mode) {
  return (unsigned)mode < EBB_CACHE_MODE_COUNT ? mode_names[mode] : "?";
}

/* Platforms that gain nothing from the cache. */
static const struct {
  const char *name, *reason;
} without_need[] = {
    {"Portable Computing Language", "the driver keeps compiled kernels itself"},
    {"NVIDIA CUDA", "the driver keeps compiled kernels itself"},
    {"Oclgrind", "an interpreter; there is little to compile"},
};

ebb_status ebb_cache_mode_for(ebb_cache_mode *mode, const char **reason,
                              const ebb_device_info *info) {
  REQUIRE(mode && info, EBB_ERR_ARGUMENT, "ebb_cache_mode_for: an argument is NULL");
  const char *wanted = getenv("EBB_KERNEL_CACHE"),
             *why = "the driver is not known to keep compiled kernels";
  *mode = EBB_CACHE_RW;
  if (wanted && wanted[0] != '\0') {
    int i = 0;
    while (i < EBB_CACHE_MODE_COUNT && strcmp(wanted, mode_names[i]) != 0) i++;
    REQUIRE(i < EBB_CACHE_MODE_COUNT, EBB_ERR_ARGUMENT,
            "EBB_KERNEL_CACHE=%s: must be off, ro or rw", wanted);
    *mode = (ebb_cache_mode)i;
    why = "EBB_KERNEL_CACHE";
  } else {
    for (size_t i = 0; i < sizeof without_need / sizeof *without_need; i++)
      if (strcmp(info->platform, without_need[i].name) == 0) {
        *mode = EBB_CACHE_OFF;
        why = without_need[i].reason;
      }
  }
  if (reason) *reason = why;
  return EBB_OK;
}

/* ---- names ---- */

static void file_name(char name[64], const ebbi_hash *key) {
  char text[33];
  ebbi_hash_text(text, key);
  snprintf(name, 64, "%s%s", text, ending);
}

/* An entry, or the leftover of a process that died: an entry's name followed by
 * `.PROCESS.ATTEMPT.tmp`. */
static bool is_ours(const char *name) {
  size_t length = strspn(name, "0123456789abcdef");
  if (length != 32 || strncmp(name + length, ending, sizeof ending - 1) != 0) return false;
  const char *rest = name + length + sizeof ending - 1;
  return *rest == '\0' || (*rest == '.' && strcmp(rest + strspn(rest, ".0123456789"), "tmp") == 0);
}

/* ---- entries ---- */

static ebb_status check(ebbi_kernel_entry *entry, size_t size, const ebbi_hash *key,
                        const char *name) {
  header head;
  ebbi_hash sum;
  REQUIRE(size >= sizeof head + sizeof sum, EBB_ERR_INPUT, "%s: only %zu bytes", name, size);
  size_t body = size - sizeof sum;
  memcpy(&head, entry->bytes, sizeof head);
  memcpy(&sum, entry->bytes + body, sizeof sum);
  REQUIRE(memcmp(head.magic, magic, sizeof magic) == 0 && head.format == FORMAT, EBB_ERR_INPUT,
          "%s: not a kernel of format %d", name, FORMAT);
  REQUIRE(head.size == body - sizeof head, EBB_ERR_INPUT,
          "%s: holds %zu bytes, its header says %llu", name, body - sizeof head,
          (unsigned long long)head.size);
  ebbi_hash found = ebbi_hash_of(entry->bytes, body);
  REQUIRE(memcmp(&found, &sum, sizeof sum) == 0, EBB_ERR_INPUT, "%s: damaged, its checksum differs",
          name);
  REQUIRE(memcmp(&head.key, key, sizeof *key) == 0, EBB_ERR_INPUT, "%s: is of another key", name);
  entry->binary = (const unsigned char *)entry->bytes + sizeof head;
  entry->size = body - sizeof head;
  return EBB_OK;
}

ebb_status ebbi_kernel_cache_load(ebbi_kernel_entry *entry, const ebbi_hash *key) {
  char name[64];
  int folder;
  size_t size;
  *entry = (ebbi_kernel_entry){0};
  file_name(name, key);
  TRY(ebbi_cache_folder_open(&folder, folder_name, false));
  REQUIRE(folder >= 0, EBB_ERR_INPUT, "%s: there is no cache yet", name);
  ebb_status status = ebbi_cache_file_read(&entry->bytes, &size, folder, name, FILE_MAX);
  close(folder);
  if (status == EBB_OK) status = check(entry, size, key, name);
  if (status != EBB_OK) {
    free(entry->bytes);
    *entry = (ebbi_kernel_entry){0};
  }
  return status;
}

/* Removes the oldest files until the limit is met. Other processes may be doing the same. */
static ebb_status trim(int folder) {
  ebbi_cache_file *list;
  size_t count;
  uint64_t bytes = 0;
  TRY(ebbi_cache_folder_list(&list, &count, folder, is_ours));
  for (size_t i = 0; i < count; i++) bytes += list[i].bytes;
  for (size_t i = 0; i < count && bytes > BYTES_MAX; i++)
    if (ebbi_cache_file_remove(folder, list[i].name)) bytes -= list[i].bytes;
  free(list);
  return EBB_OK;
}

ebb_status ebbi_kernel_cache_store(const ebbi_hash *key, const unsigned char *binary, size_t size) {
  char name[64];
  int folder;
  header head = {.format = FORMAT, .key = *key, .size = size};
  memcpy(head.magic, magic, sizeof magic);
  file_name(name, key);
  REQUIRE(size > 0 && size <= FILE_MAX - sizeof head - sizeof(ebbi_hash), EBB_ERR_OUTPUT,
          "%s: %zu bytes, from 1 to some %d are kept", name, size, FILE_MAX);
  size_t body = sizeof head + size;
  char *bytes = malloc(body + sizeof(ebbi_hash));
  REQUIRE(bytes, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", name, body);
  memcpy(bytes, &head, sizeof head);
  memcpy(bytes + sizeof head, binary, size);
  ebbi_hash sum = ebbi_hash_of(bytes, body);
  memcpy(bytes + body, &sum, sizeof sum);
  ebb_status status = ebbi_cache_folder_open(&folder, folder_name, true);
  if (status == EBB_OK) {
    status = ebbi_cache_file_write(folder, name, bytes, body + sizeof sum);
    if (status == EBB_OK) status = trim(folder);
    close(folder);
  }
  free(bytes);
  return status;
}

/* ---- inspecting and clearing ---- */

ebb_status ebb_cache_describe(ebb_cache_info *info) {
  REQUIRE(info, EBB_ERR_ARGUMENT, "ebb_cache_describe: info is NULL");
  int folder = -1;
  ebbi_cache_file *list = NULL;
  *info = (ebb_cache_info){.limit = BYTES_MAX};
  ebb_status status = ebbi_cache_folder_path(info->folder, sizeof info->folder, folder_name);
  if (status != EBB_OK) info->folder[0] = '\0';
  if (status == EBB_OK) status = ebbi_cache_folder_open(&folder, folder_name, false);
  info->exists = folder >= 0;
  if (folder >= 0) {
    status = ebbi_cache_folder_list(&list, &info->files, folder, is_ours);
    close(folder);
  }
  for (size_t i = 0; i < info->files; i++) info->bytes += list[i].bytes;
  free(list);
  if (status == EBB_ERR_MEMORY) return status;
  if (status != EBB_OK) snprintf(info->problem, sizeof info->problem, "%s", ebb_error_message());
  return EBB_OK;
}

/* Removes the files of the list; the first that cannot be removed is the failure. */
static ebb_status remove_all(size_t *files, uint64_t *bytes, int folder,
                             const ebbi_cache_file *list, size_t count) {
  const char *left = NULL;
  for (size_t i = 0; i < count; i++) {
    if (!ebbi_cache_file_remove(folder, list[i].name)) {
      if (!left) left = list[i].name;
      continue;
    }
    ++*files;
    *bytes += list[i].bytes;
  }
  REQUIRE(!left, EBB_ERR_OUTPUT, "kernel cache: %s and %zu others cannot be removed", left,
          count - *files - 1);
  return EBB_OK;
}

ebb_status ebb_cache_clear(size_t *files, uint64_t *bytes) {
  REQUIRE(files && bytes, EBB_ERR_ARGUMENT, "ebb_cache_clear: an argument is NULL");
  int folder;
  ebbi_cache_file *list;
  size_t count;
  *files = 0;
  *bytes = 0;
  TRY(ebbi_cache_folder_open(&folder, folder_name, false));
  if (folder < 0) return EBB_OK;
  ebb_status status = ebbi_cache_folder_list(&list, &count, folder, is_ours);
  if (status == EBB_OK) status = remove_all(files, bytes, folder, list, count);
  free(list);
  close(folder);
  return status;
}
