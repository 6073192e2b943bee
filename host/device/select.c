/* Selecting a device: by index, platform:device, kind, part of a name, or the default order. */
#include "environment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool ebbi_contains(const char *text, const char *part) {
  for (size_t length = strlen(part); *text != '\0'; text++)
    if (strncasecmp(text, part, length) == 0) return true;
  return false;
}

static bool same_word(const char *a, const char *b) {
  return strlen(a) == strlen(b) && ebbi_contains(a, b);
}

/* Reads "3" or "1:0"; *platform is -1 for the former. */
static bool read_index(long *platform, long *device, const char *selector) {
  char *end;
  if (!isdigit((unsigned char)selector[0])) return false;
  *platform = -1;
  *device = strtol(selector, &end, 10);
  if (*end == '\0') return true;
  if (*end != ':' || !isdigit((unsigned char)end[1])) return false;
  *platform = *device;
  *device = strtol(end + 1, &end, 10);
  return *end == '\0';
}

static bool matches(const ebbi_platform_device *entry, size_t index, const char *selector) {
  long platform, device;
  ebb_device_type type = entry->info.type;
  if (read_index(&platform, &device, selector))
    return platform < 0 ? (size_t)device == index
                        : (long)entry->info.platform_index == platform &&
                              (long)entry->info.device_index == device;
  if (same_word(selector, "gpu"))
    return type == EBB_DEVICE_GPU_DISCRETE || type == EBB_DEVICE_GPU_INTEGRATED;
  if (same_word(selector, "cpu")) return type == EBB_DEVICE_CPU;
  return ebbi_contains(entry->info.name, selector) ||
         ebbi_contains(entry->info.platform, selector) ||
         (ebbi_contains(entry->info.platform, ebbi_pocl_platform) &&
          ebbi_contains("pocl", selector));
}

static ebb_status none_matches(const ebbi_platform_device *list, size_t count, const char *selector,
                               bool by_variable) {
  ebb_finding hint;
  char names[1024] = "";
  for (size_t i = 0; i < count; i++) {
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%zu: %s", i ? ", " : "", i, list[i].info.name);
  }
  bool hides = ebbi_environment_hides(&hint, list, count);
  return ebbi_fail(EBB_ERR_NO_DEVICE, "no device matches %s\"%s\"; there are: %s%s%s",
                   by_variable ? "EBB_DEVICE=" : "", selector, names, hides ? "; " : "",
                   hides ? hint.what : "");
}

/* Discrete GPU, integrated GPU, CPU, other: the order of ebb_device_type. */
static size_t best_by_type(const ebbi_platform_device *list, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++)
    if (list[i].info.type < list[best].info.type) best = i;
  return best;
}

ebb_status ebbi_devices_select(size_t *index, char *reason, size_t reason_size,
                               const ebbi_platform_device *list, size_t count,
                               const char *selector) {
  bool by_variable = !selector || selector[0] == '\0';
  if (by_variable) selector = getenv("EBB_DEVICE");
  if (!selector || selector[0] == '\0') {
    *index = best_by_type(list, count);
    snprintf(reason, reason_size, "default: first %s of %zu device%s",
             ebb_device_type_name(list[*index].info.type), count, count == 1 ? "" : "s");
    return EBB_OK;
  }
  for (size_t i = 0; i < count; i++)
    if (matches(&list[i], i, selector)) {
      *index = i;
      snprintf(reason, reason_size, "%s \"%.80s\"", by_variable ? "EBB_DEVICE =" : "selected by",
               selector);
      return EBB_OK;
    }
  return none_matches(list, count, selector, by_variable);
}
