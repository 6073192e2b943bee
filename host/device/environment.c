/* A table of environment variables that hide a driver's devices or break the driver.
 *
 * Drivers do not report a bad variable. They show no device, as if they were not installed, or
 * abort the process by an assertion, which nobody can catch. Values of the latter kind are refused
 * before OpenCL is called. A variable counts only if its driver is installed, as the names of the
 * loader's libraries show. A device's platform has another name, so each driver has two names here.
 */
#include "environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct driver {
  const char *library, *platform; /* substrings of these names */
} driver;

static const driver pocl = {"pocl", ebbi_pocl_platform}, nvidia = {"nvidia", "NVIDIA"},
                    amd = {"amdocl", "AMD"}, rusticl = {"usticl", "rusticl"};

static bool is_empty(const char *value) {
  return value[0] == '\0';
}

static bool is_on(const char *value) {
  return atoi(value) != 0;
}

static bool is_no_size(const char *value) {
  return strtol(value, NULL, 10) <= 0;
}

enum { THREADS_MAX = 4096 }; /* PoCL aborts if the system cannot start all of them */

static bool is_no_thread_count(const char *value) {
  long count = strtol(value, NULL, 10);
  return count < 0 || count > THREADS_MAX;
}

/* A row with `is_wrong` describes values that break the driver. A row without it describes which
 * devices are visible; if `needed` is set, none is visible unless the variable is set. */
typedef struct variable {
  const char *name;
  const driver *owner; /* NULL: the loader */
  bool (*is_wrong)(const char *value);
  bool needed;
  const char *effect, *advice;
} variable;

static const char threads_effect[] = "makes PoCL crash",
                  threads_advice[] = "set it to a number from 1 to 4096, or unset it";

static const variable table[] = {
    {"POCL_CACHE_DIR", &pocl, is_empty, false, "makes PoCL end the program",
     "unset it, or set it to a folder that you may write to"},
    {"POCL_MAX_PTHREAD_COUNT", &pocl, is_no_thread_count, false, threads_effect, threads_advice},
    {"POCL_CPU_MAX_CU_COUNT", &pocl, is_no_thread_count, false, threads_effect, threads_advice},
    {"POCL_MAX_WORK_GROUP_SIZE", &pocl, is_no_size, false, "makes PoCL end the program",
     "set it to a number from 1, or unset it"},
    {"POCL_OFFLINE_COMPILE", &pocl, is_on, false, "makes PoCL show devices that cannot compute",
     "unset it"},
    {"POCL_BUILDING", &pocl, is_on, false, "makes PoCL look for its own build folder", "unset it"},
    {"OCL_ICD_VENDORS", NULL, NULL, false, "names the only place where drivers are looked for",
     "unset it"},
    {"OPENCL_VENDOR_PATH", NULL, NULL, false, "names the only folder where drivers are looked for",
     "unset it"},
    {"POCL_DEVICES", &pocl, NULL, false, "names the devices that PoCL shows", "unset it"},
    {"CUDA_VISIBLE_DEVICES", &nvidia, NULL, false, "names the GPUs that NVIDIA's driver shows",
     "unset it"},
    {"ROCR_VISIBLE_DEVICES", &amd, NULL, false, "names the GPUs that AMD's driver shows",
     "unset it"},
    {"GPU_DEVICE_ORDINAL", &amd, NULL, false, "names the GPUs that AMD's driver shows", "unset it"},
    {"RUSTICL_ENABLE", &rusticl, NULL, true, "names the drivers whose GPUs Mesa's rusticl shows",
     "set it to the GPU's driver: radeonsi, iris or nouveau"},
};
enum { ROWS = sizeof table / sizeof *table };

typedef enum verdict { ABSENT, HARMLESS, HIDING, BREAKING } verdict;

/* A driver to search for, and the result. */
typedef struct search {
  const driver *wanted;
  bool found;
} search;

static void compare_library(const ebbi_icd *icd, void *user) {
  search *s = user;
  if (icd->library && ebbi_contains(icd->library, s->wanted->library)) s->found = true;
}

static bool is_there(const driver *wanted) {
  search s = {.wanted = wanted};
  (void)ebbi_icd_visit(compare_library, &s);
  return s.found;
}

bool ebbi_pocl_is_there(void) {
  return is_there(&pocl);
}

static bool shows_device(const driver *owner, const ebbi_platform_device *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (ebbi_contains(list[i].info.platform, owner->platform)) return true;
  return false;
}

static bool has_platform(void) {
  cl_uint count = 0;
  if (ebbi_driver_lock() != EBB_OK) return false;
  cl_int error = clGetPlatformIDs(0, NULL, &count);
  ebbi_driver_unlock();
  return error == CL_SUCCESS && count > 0;
}

static verdict judge_breaking(const variable *v) {
  const char *value = getenv(v->name);
  if (!value) return ABSENT;
  if (!v->is_wrong(value)) return HARMLESS;
  return is_there(v->owner) ? BREAKING : ABSENT;
}

static verdict judge_hiding(const variable *v, const ebbi_platform_device *list, size_t count) {
  const char *value = getenv(v->name);
  bool is_set = value && (v->owner || value[0] != '\0'); /* the loader ignores an empty variable */
  if (!v->owner) return !is_set ? ABSENT : count > 0 || has_platform() ? HARMLESS : HIDING;
  if ((!is_set && !v->needed) || !is_there(v->owner)) return ABSENT;
  return shows_device(v->owner, list, count) ? HARMLESS : HIDING;
}

static void describe(ebb_finding *finding, const variable *v, verdict its) {
  const char *value = getenv(v->name);
  snprintf(finding->what, sizeof finding->what, "%s%s%.100s %s%s", v->name,
           value ? "=" : ", which is not set,", value ? value : "", v->effect,
           its == HIDING ? ", and there is none" : "");
  snprintf(finding->advice, sizeof finding->advice, "%s", v->advice);
}

ebb_status ebbi_environment_check(void) {
  ebb_finding finding;
  for (size_t i = 0; i < ROWS; i++)
    if (table[i].is_wrong && judge_breaking(&table[i]) == BREAKING) {
      describe(&finding, &table[i], BREAKING);
      return ebbi_fail(EBB_ERR_NO_DEVICE, "%s; %s", finding.what, finding.advice);
    }
  return EBB_OK;
}

bool ebbi_environment_hides(ebb_finding *finding, const ebbi_platform_device *list, size_t count) {
  if (is_there(&pocl) && !shows_device(&pocl, list, count) && ebbi_pocl_cache_fault(finding))
    return true;
  for (size_t i = 0; i < ROWS; i++)
    if (!table[i].is_wrong && judge_hiding(&table[i], list, count) == HIDING) {
      describe(finding, &table[i], HIDING);
      return true;
    }
  return false;
}

void ebbi_environment_visit(const ebbi_platform_device *list, size_t count,
                            void (*report)(const ebb_finding *finding, void *user), void *user) {
  bool callable = ebbi_environment_check() == EBB_OK;
  for (size_t i = 0; i < ROWS; i++) {
    const variable *v = &table[i];
    if (!v->is_wrong && !callable)
      continue; /* no devices were listed, so nothing is known about hiding */
    verdict its = v->is_wrong ? judge_breaking(v) : judge_hiding(v, list, count);
    if (its == ABSENT || (v->is_wrong && its == HARMLESS)) continue;
    ebb_finding finding = {.ok = its == HARMLESS || (its == HIDING && count > 0)};
    describe(&finding, v, its);
    report(&finding, user);
  }
}
