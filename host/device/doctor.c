/* The doctor: why there is no device, and what to install or change.
 *
 * It looks at what a newcomer's machine lacks, in the order in which OpenCL needs it: the loader's
 * vendor folder, the driver libraries that its files name, the device nodes of GPUs, PoCL's cache
 * folder, the devices themselves, and our own kernel cache where they use it. Nothing is opened for
 * writing.
 */
#define _GNU_SOURCE
#include "cl.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The patient's card: where findings go. */
typedef struct examination {
  void (*report)(const ebb_finding *finding, void *user);
  void *user;
} examination;

static void found(examination *e, bool ok, const char *advice, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void found(examination *e, bool ok, const char *advice, const char *format, ...) {
  ebb_finding finding = {.ok = ok};
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(finding.what, sizeof finding.what, format, arguments);
  va_end(arguments);
  snprintf(finding.advice, sizeof finding.advice, "%s", ok ? "" : advice);
  e->report(&finding, e->user);
}

/* One ICD file: its first line names a driver library. A path must exist; a bare name is the
 * dynamic linker's business. Loading the library to try it is no choice: two drivers that bring
 * LLVM along abort the process. */
static void examine_icd(examination *e, const char *folder, const char *name) {
  char path[4096], library[1024] = "";
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  bool readable = file && fgets(library, sizeof library, file);
  if (file) fclose(file);
  library[strcspn(library, "\r\n")] = '\0';
  if (!readable) {
    found(e, false, "make the file readable, or install its driver package again",
          "ICD file %.100s cannot be read", path);
    return;
  }
  bool there = library[0] != '/' || access(library, R_OK) == 0;
  found(e, there, "install the driver package that brings this library, or remove the file",
        "ICD file %.50s names the library %.60s%s", name, library,
        there ? "" : ", which is not there");
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void examine_icd_folder(examination *e) {
  const char *folder = getenv("OCL_ICD_VENDORS");
  if (!folder || folder[0] == '\0') folder = "/etc/OpenCL/vendors";
  DIR *stream = opendir(folder);
  if (!stream) {
    found(e, access(folder, R_OK) == 0,
          "install a driver: `apt install pocl-opencl-icd` for the CPU, the vendor's for a GPU",
          "ICD folder %.100s does not exist or is no folder", folder);
    return;
  }
  size_t files = 0;
  for (struct dirent *entry; (entry = readdir(stream));)
    if (ends_with(entry->d_name, ".icd")) {
      examine_icd(e, folder, entry->d_name);
      files++;
    }
  closedir(stream);
  found(e, files > 0,
        "install a driver: `apt install pocl-opencl-icd` for the CPU; for a GPU nvidia-opencl-icd, "
        "mesa-opencl-icd or intel-opencl-icd",
        "ICD folder %.100s: %zu drivers", folder, files);
}

/* GPU nodes that are there must be open to us; none at all is no fault. */
static void examine_nodes(examination *e) {
  static const char *const nodes[] = {"/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd",
                                      "/dev/dri/renderD128", "/dev/dri/renderD129"};
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
    if (access(nodes[i], F_OK) == 0) {
      bool open = access(nodes[i], R_OK | W_OK) == 0;
      found(e, open, "join the groups render and video: `sudo usermod -aG render,video $USER`",
            "device node %s is %s", nodes[i], open ? "open to you" : "closed to you");
    }
}

/* Can files be made in the folder, or in the nearest one above it that is there? */
static bool is_writable(const char *path) {
  char place[4096];
  snprintf(place, sizeof place, "%s", path);
  while (access(place, F_OK) != 0 && strrchr(place, '/') > place) *strrchr(place, '/') = '\0';
  return access(place, R_OK | W_OK | X_OK) == 0;
}

static const char *describe_writing(const char *path) {
  if (!is_writable(path)) return "cannot be written to";
  return access(path, F_OK) == 0 ? "is writable" : "will be made";
}

/* Where PoCL keeps compiled kernels: without it each start compiles anew. */
static void examine_cache(examination *e) {
  char path[4096];
  const char *folder = getenv("POCL_CACHE_DIR"), *cache = getenv("XDG_CACHE_HOME");
  const char *home = getenv("HOME");
  if (folder)
    snprintf(path, sizeof path, "%s", folder);
  else if (cache)
    snprintf(path, sizeof path, "%s", cache);
  else
    snprintf(path, sizeof path, "%s/.cache", home ? home : "");
  found(e, is_writable(path),
        "make it writable, or point POCL_CACHE_DIR at a folder that is: kernels compile at each "
        "start until then",
        "kernel cache folder %.100s %s", path, describe_writing(path));
}

/* Our own cache, where a device makes use of it; false if its variable keeps devices shut. */
static bool examine_own_cache(examination *e, const ebbi_platform_device *list, size_t count) {
  ebb_cache_mode mode, most = EBB_CACHE_OFF;
  for (size_t i = 0; i < count; i++) {
    if (ebb_cache_mode_for(&mode, NULL, &list[i].info) != EBB_OK) {
      found(e, false, "set it so, or unset it: no device opens until then", "%s",
            ebb_error_message());
      return false;
    }
    if (mode > most) most = mode;
  }
  ebb_cache_info info;
  if (most == EBB_CACHE_OFF || ebb_cache_describe(&info) != EBB_OK) return true;
  static const char advice[] = "mend the folder, or point XDG_CACHE_HOME at another: programs are "
                               "built at each start until then";
  if (info.problem[0])
    found(e, false, advice, "ebb's kernel cache: %.135s", info.problem);
  else
    found(e, most == EBB_CACHE_RO || is_writable(info.folder), advice,
          "ebb's kernel cache %.100s %s", info.folder,
          most == EBB_CACHE_RO ? "is only read" : describe_writing(info.folder));
  return true;
}

static bool examine_devices(examination *e) {
  ebbi_platform_device *list = NULL;
  size_t count = 0;
  bool any = ebbi_devices_list(&list, &count) == EBB_OK;
  for (size_t i = 0; i < count; i++)
    found(e, true, "", "device %zu: %.70s (%.60s)", i, list[i].info.name, list[i].info.platform);
  if (!any)
    found(e, false,
          "install a driver: `apt install pocl-opencl-icd` for the CPU; if one is there, give it a "
          "writable cache folder (HOME, POCL_CACHE_DIR)",
          "no OpenCL device");
  bool open = examine_own_cache(e, list, count);
  free(list);
  return any && open;
}

ebb_status ebb_doctor(bool *healthy, void (*report)(const ebb_finding *finding, void *user),
                      void *user) {
  REQUIRE(healthy && report, EBB_ERR_ARGUMENT, "ebb_doctor: an argument is NULL");
  examination e = {report, user};
  examine_icd_folder(&e);
  examine_nodes(&e);
  examine_cache(&e);
  *healthy = examine_devices(&e);
  return EBB_OK;
}
