/* Runs a fuzz target on the files of a corpus, where there is no libFuzzer: TARGET FOLDER|FILE...
 *
 * The name of each file is written before it is run, so that the last one is the culprit. Nothing
 * that a target reads is large, so its memory must stay small whatever the files claim.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { MEMORY_LIMIT = 256 }; /* MiB */

static void run_file(const char *path) {
  FILE *file = fopen(path, "rb");
  struct stat about;
  FUZZ_CHECK(file && fstat(fileno(file), &about) == 0, "%s cannot be read", path);
  size_t size = (size_t)about.st_size;
  uint8_t *bytes = fuzz_need(malloc(size ? size : 1));
  FUZZ_CHECK(fread(bytes, 1, size, file) == size, "%s cannot be read", path);
  fclose(file);
  printf("%s\n", path);
  fflush(stdout);
  LLVMFuzzerTestOneInput(bytes, size);
  free(bytes);
}

/* All files of a folder, or the one file. Returns their number. */
static size_t run_path(const char *folder) {
  DIR *stream = opendir(folder);
  size_t count = 0;
  if (!stream) {
    run_file(folder);
    return 1;
  }
  for (struct dirent *entry; (entry = readdir(stream));) {
    char path[4096];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    run_file(path);
    count++;
  }
  closedir(stream);
  return count;
}

static void check_memory(void) {
#ifndef __SANITIZE_ADDRESS__
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  FUZZ_CHECK(usage.ru_maxrss / 1024 <= MEMORY_LIMIT, "%ld MiB of memory, at most %d",
             usage.ru_maxrss / 1024, MEMORY_LIMIT);
#endif
}

int main(int count, char **words) {
  size_t files = 0;
  for (int i = 1; i < count; i++) files += run_path(words[i]);
  FUZZ_CHECK(files > 0, "no file to run");
  check_memory();
  printf("%zu files\n", files);
  return 0;
}
