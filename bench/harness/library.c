/* dlopen for contestants. A library stays open until the program ends: several peers have threads,
 * which do not survive unloading.
 */
#include "library.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* `libfann.so.2.2.0` is version 2.2.0. */
static void read_version(contestant *who, void *library) {
  struct link_map *map;
  char path[PATH_MAX];
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !realpath(map->l_name, path)) return;
  const char *end = strstr(path, ".so.");
  if (end) snprintf(who->version, sizeof who->version, "%.95s", end + 4);
}

bool bench_library(contestant *who, const char *soname, const char *package,
                   const bench_symbol *symbols) {
  void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
  who->absent = true;
  if (!library) return bench_sit_out(who, "%s is not installed (Debian: %s)", soname, package);
  for (; symbols->name; symbols++) {
    void *address = dlsym(library, symbols->name);
    if (!address) return bench_sit_out(who, "%s has no %s", soname, symbols->name);
    memcpy(symbols->slot, &address, sizeof address);
  }
  read_version(who, library);
  who->absent = false;
  return true;
}
