/* The doctor: finds out why there is no device, and what to install or change.
 *
 * It checks what a new machine may lack, in the order in which OpenCL needs it: the loader's vendor
 * folder, the driver libraries named there, the device nodes of GPUs, PoCL's cache folder,
 * environment variables, the devices, whether the default device opens, and our own kernel cache if
 * it is used. It changes nothing that opening a device would not change.
 */
#include "environment.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The receiver of findings. */
typedef struct examination {
  void (*report)(const ebb_finding *finding, void *user);
  void *user;
  bool any_bad;
} examination;

static void emit(examination *e, const ebb_finding *finding) {
  e->any_bad = e->any_bad || !finding->ok;
  e->report(finding, e->user);
}

static void add_finding(examination *e, bool ok, const char *advice, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add_finding(examination *e, bool ok, const char *advice, const char *format, ...) {
  ebb_finding finding = {.ok = ok};
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(finding.what, sizeof finding.what, format, arguments);
  va_end(arguments);
  snprintf(finding.advice, sizeof finding.advice, "%s", ok ? "" : advice);
  emit(e, &finding);
}

static void examine_icd(const ebbi_icd *icd, void *user) {
  examination *e = user;
  if (!icd->library) {
    add_finding(e, false, "make the file readable, or install its driver package again",
                "ICD file %.200s cannot be read", icd->file);
    return;
  }
  /* the dynamic linker resolves a bare name */
  bool there = icd->library[0] != '/' || access(icd->library, R_OK) == 0;
  add_finding(e, there,
              icd->file ? "install the driver package that brings this library, or remove the file"
                        : "unset OCL_ICD_VENDORS",
              "%s%.120s names the library %.120s%s", icd->file ? "ICD file " : "OCL_ICD_VENDORS",
              icd->file ? icd->file : "", icd->library, there ? "" : ", which is not there");
}

static void examine_icd_place(examination *e) {
  static const char install[] = "install a driver: `apt install pocl-opencl-icd` for the CPU; for "
                                "a GPU nvidia-opencl-icd, mesa-opencl-icd or intel-opencl-icd";
  const char *place = ebbi_icd_place();
  bool usual = strcmp(place, EBBI_ICD_FOLDER) == 0;
  size_t drivers = ebbi_icd_visit(examine_icd, e);
  add_finding(e, drivers > 0, usual ? install : "unset OCL_ICD_VENDORS and OPENCL_VENDOR_PATH",
              "drivers are looked for in %.200s%s: %zu named", place,
              access(place, F_OK) == 0 || drivers > 0 ? "" : ", which is not there", drivers);
}

/* Existing GPU nodes must be accessible to the user. Having none is not a fault. */
static void examine_nodes(examination *e) {
  static const char *const nodes[] = {"/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd",
                                      "/dev/dri/renderD128", "/dev/dri/renderD129"};
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
    if (access(nodes[i], F_OK) == 0) {
      bool open = access(nodes[i], R_OK | W_OK) == 0;
      add_finding(e, open,
                  "join the groups render and video: `sudo usermod -aG render,video $USER`",
                  "device node %s is %s", nodes[i], open ? "open to you" : "closed to you");
    }
}

/* Returns true if files can be created in the folder, or in its nearest existing parent. */
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

/* Examines our kernel cache if a device uses it. */
static void examine_own_cache(examination *e, const ebbi_platform_device *list, size_t count) {
  ebb_cache_mode mode, most = EBB_CACHE_OFF;
  for (size_t i = 0; i < count; i++)
    if (ebb_cache_mode_for(&mode, NULL, &list[i].info) == EBB_OK && mode > most) most = mode;
  ebb_cache_info info;
  if (most == EBB_CACHE_OFF || ebb_cache_describe(&info) != EBB_OK) return;
  static const char advice[] = "repair the folder, or point XDG_CACHE_HOME to another; until then "
                               "programs are built at each start";
  if (info.problem[0])
    add_finding(e, false, advice, "ebb's kernel cache: %.300s", info.problem);
  else
    add_finding(e, most == EBB_CACHE_RO || is_writable(info.folder), advice,
                "ebb's kernel cache %.200s %s", info.folder,
                most == EBB_CACHE_RO ? "is only read" : describe_writing(info.folder));
}

/* Opens the device that a command without --device would use. */
static bool examine_default(examination *e) {
  ebb_device *device = NULL;
  bool opens = ebb_device_open(&device, NULL) == EBB_OK;
  if (opens)
    add_finding(e, true, "", "%.120s opens (%.120s)", ebb_device_get_info(device)->name,
                ebb_device_reason(device));
  else
    add_finding(e, false, "fix this: until then commands without --device have no device",
                "the default device does not open: %.400s", ebb_error_message());
  ebb_device_free(device);
  return opens;
}

static void report_finding(const ebb_finding *finding, void *user) {
  emit(user, finding);
}

/* Examines the variables, PoCL's cache folder, the remaining devices, and whether one opens. */
static bool examine_devices(examination *e) {
  ebbi_platform_device *list = NULL;
  size_t count = 0;
  bool any = ebbi_devices_list(&list, &count) == EBB_OK;
  ebbi_environment_visit(list, count, report_finding, e);
  for (size_t i = 0; i < count; i++)
    add_finding(e, true, "", "device %zu: %.120s (%.120s)", i, list[i].info.name,
                list[i].info.platform);
  if (!any)
    add_finding(e, false,
                e->any_bad ? "fix what is marked bad above"
                           : "install a driver: `apt install pocl-opencl-icd` for the CPU",
                "no OpenCL device");
  bool opens = any && examine_default(e);
  examine_own_cache(e, list, count);
  free(list);
  return opens;
}

static void examine_pocl_cache(examination *e) {
  ebb_finding finding, closed;
  if (!ebbi_pocl_is_there()) return;
  if (!ebbi_pocl_cache_fault(&finding) && ebbi_pocl_cache_closed(&closed)) finding = closed;
  emit(e, &finding);
}

ebb_status ebb_doctor(bool *healthy, void (*report)(const ebb_finding *finding, void *user),
                      void *user) {
  REQUIRE(healthy && report, EBB_ERR_ARGUMENT, "ebb_doctor: an argument is NULL");
  examination e = {report, user, false};
  examine_icd_place(&e);
  examine_nodes(&e);
  examine_pocl_cache(&e);
  *healthy = examine_devices(&e);
  return EBB_OK;
}
