/* PoCL's cache folder. PoCL stores everything it compiles there and cannot work without it. If the
 * folder cannot be created PoCL shows no device; if it cannot be written to, no program can be
 * built, not even a cached one. No error of PoCL names the folder.
 *
 * Whether a folder is usable is tested by creating a folder in it, as PoCL will do: access(2) is
 * unreliable on virtual file systems and on full disks.
 */
#include "base/folder.h"
#include "environment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char ebbi_pocl_platform[] = "Portable Computing Language";

static const char advice[] =
    "set POCL_CACHE_DIR to a folder that you may write to: export POCL_CACHE_DIR=$(mktemp -d)";

/* The folder, and the variable that sets it or NULL, by PoCL's own rule. */
static const char *find_folder(char *path, size_t size) {
  const char *own = getenv("POCL_CACHE_DIR"), *cache = getenv("XDG_CACHE_HOME"),
             *home = getenv("HOME"), *kept = getenv("POCL_KERNEL_CACHE");
  const char *last = kept && atoi(kept) == 0 ? "pocl/uncached" : "pocl/kcache";
  if (own) {
    snprintf(path, size, "%s", own);
    return "POCL_CACHE_DIR";
  }
  if (cache && cache[0] != '\0') {
    snprintf(path, size, "%s/%s", cache, last);
    return "XDG_CACHE_HOME";
  }
  snprintf(path, size, "%s%s/%s", home ? home : "/tmp", home ? "/.cache" : "", last);
  return home ? "HOME" : NULL;
}

/* Creates the folder. Returns 0 or an errno. */
static int make_folder(const char *path) {
  return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

/* Tries to create something in the folder. Returns 0 or an errno. */
static int try_inside(const char *path) {
  char inside[4096 + 32];
  snprintf(inside, sizeof inside, "%s/ebb-%ld", path, (long)getpid());
  int error = make_folder(inside); /* 0 also if another thread has made it, or a process died after
                                    * making it */
  (void)rmdir(inside);
  return error;
}

/* Returns 0, or why the folder cannot be used. */
static int try_folder(char *path) {
  if (path[0] == '\0') return ENOENT;
  if (try_inside(path) == 0) return 0;
  int error = ebbi_folders_make(path, 0700);
  return error ? error : try_inside(path);
}

bool ebbi_pocl_cache_fault(ebb_finding *finding) {
  char path[4096];
  const char *variable = find_folder(path, sizeof path);
  int error = try_folder(path);
  *finding = (ebb_finding){.ok = error == 0};
  if (error == 0) {
    snprintf(finding->what, sizeof finding->what, "PoCL's cache folder %.200s is writable", path);
    return false;
  }
  snprintf(finding->what, sizeof finding->what,
           "%s%s%.100s: PoCL cannot work without its cache folder, and %.200s cannot be %s: %s",
           variable ? variable : "HOME is not set", variable ? "=" : "",
           variable ? getenv(variable) : "", path, access(path, F_OK) ? "made" : "written to",
           strerror(error));
  snprintf(finding->advice, sizeof finding->advice, "%s", advice);
  return true;
}

/* Subfolders have names of two letters, the first of a program's hash. */
static bool is_closed(int folder, const char *name) {
  struct stat about;
  return strlen(name) == 2 && name[0] != '.' && fstatat(folder, name, &about, 0) == 0 &&
         S_ISDIR(about.st_mode) && faccessat(folder, name, R_OK | W_OK | X_OK, AT_EACCESS) != 0;
}

bool ebbi_pocl_cache_closed(ebb_finding *finding) {
  char path[4096];
  (void)find_folder(path, sizeof path);
  DIR *folder = opendir(path);
  *finding = (ebb_finding){.ok = true};
  for (struct dirent *entry; folder && finding->ok && (entry = readdir(folder));) {
    if (!is_closed(dirfd(folder), entry->d_name)) continue;
    finding->ok = false;
    snprintf(finding->what, sizeof finding->what,
             "PoCL's cache has folders that you cannot write to, such as %.200s/%.2s; some "
             "programs cannot be built",
             path, entry->d_name);
    snprintf(finding->advice, sizeof finding->advice, "make them your own by chown -R, or %s",
             advice);
  }
  if (folder) closedir(folder);
  return !finding->ok;
}

ebb_status ebbi_pocl_cache_check(const char *platform) {
  char path[4096];
  ebb_finding finding;
  if (strcmp(platform, ebbi_pocl_platform) != 0) return EBB_OK;
  (void)find_folder(path, sizeof path);
  if (access(path, F_OK) != 0 || !ebbi_pocl_cache_fault(&finding)) return EBB_OK;
  return ebbi_fail(EBB_ERR_NO_DEVICE, "%s; %s", finding.what, finding.advice);
}
