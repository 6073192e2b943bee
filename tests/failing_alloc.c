/* Preloaded into the tool: makes the FAILING_ALLOC_N-th allocation fail, and with
 * FAILING_ALLOC_STICKY all later ones too. Counts allocations by the tool, libebb, jansson, popt
 * and libzip, recognised by their return addresses; a driver's own are not tested. At the end
 * writes their number to the file FAILING_ALLOC_LOG.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own malloc, which can be called before any symbol is looked up. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

enum { MOST_RANGES = 64 };

static struct range {
  uintptr_t begin, end;
} ranges[MOST_RANGES];
static size_t range_count;

static atomic_long made;
static long failing = -1;
static bool sticky, ready;

/* The tool itself comes first and has no name. */
static bool is_ours(const char *path, bool first) {
  static const char *const names[] = {"libebb.", "libjansson.", "libpopt.", "libzip."};
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(name, names[i], strlen(names[i])) == 0) return true;
  return first;
}

static int add_ranges(struct dl_phdr_info *info, size_t size, void *seen) {
  size_t *count = seen;
  (void)size;
  bool ours = is_ours(info->dlpi_name, (*count)++ == 0);
  for (size_t i = 0; ours && i < info->dlpi_phnum && range_count < MOST_RANGES; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t begin = info->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && (part->p_flags & PF_X))
      ranges[range_count++] = (struct range){begin, begin + part->p_memsz};
  }
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  const char *n = getenv("FAILING_ALLOC_N");
  size_t seen = 0;
  if (n) failing = atol(n);
  sticky = getenv("FAILING_ALLOC_STICKY") != NULL;
  dl_iterate_phdr(add_ranges, &seen);
  ready = true;
}

__attribute__((destructor)) static void end(void) {
  char text[32];
  const char *path = getenv("FAILING_ALLOC_LOG");
  int log = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
  if (log < 0) return;
  int length = snprintf(text, sizeof text, "%ld\n", made);
  (void)!write(log, text, (size_t)length);
  close(log);
}

static bool fails(const void *caller) {
  bool ours = false;
  for (size_t i = 0; ready && i < range_count; i++)
    ours |= (uintptr_t)caller >= ranges[i].begin && (uintptr_t)caller < ranges[i].end;
  if (!ours) return false;
  long number = ++made;
  if (number != failing && !(sticky && failing > 0 && number > failing)) return false;
  errno = ENOMEM;
  return true;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) {
  return fails(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return fails(CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  return fails(CALLER) ? NULL : __libc_realloc(old, size);
}

static char *copy(const char *text, size_t length) {
  char *made_copy = __libc_malloc(length + 1);
  if (!made_copy) return NULL;
  memcpy(made_copy, text, length);
  made_copy[length] = '\0';
  return made_copy;
}

char *strdup(const char *text) {
  return fails(CALLER) ? NULL : copy(text, strlen(text));
}

char *strndup(const char *text, size_t most) {
  return fails(CALLER) ? NULL : copy(text, strnlen(text, most));
}
