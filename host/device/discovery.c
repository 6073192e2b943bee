/* Discovery: the devices of all platforms in one flat list.
 *
 * Platforms are in the loader's order and devices in their platform's order, so an index means the
 * same device from run to run on an unchanged machine. A platform that fails to list its devices is
 * skipped: one broken driver must not hide the others.
 */
#include "environment.h"

#include <ebb/device.h>
#include <stdlib.h>
#include <string.h>

enum { PLATFORMS_MAX = 64, DEVICES_MAX = 64 };

static void trim(char *text) {
  size_t length = strlen(text);
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\n')) text[--length] = '\0';
  size_t blanks = strspn(text, " ");
  memmove(text, text + blanks, strlen(text + blanks) + 1);
  if (text[0] == '\0') strcpy(text, "?");
}

/* Reads a string of any length, truncated to the 128 bytes of ebb_device_info; a string of the
 * platform if device is NULL. */
static void read_text(char text[128], cl_platform_id platform, cl_device_id device, cl_uint what) {
  char full[4096] = "";
  cl_int error = device ? clGetDeviceInfo(device, what, sizeof full - 1, full, NULL)
                        : clGetPlatformInfo(platform, what, sizeof full - 1, full, NULL);
  if (error != CL_SUCCESS) full[0] = '\0';
  trim(full);
  strncpy(text, full, 127);
  text[127] = '\0';
}

static ebb_device_type device_type(cl_device_id device) {
  cl_device_type type = 0;
  cl_bool unified = CL_FALSE;
  clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof type, &type, NULL);
  clGetDeviceInfo(device, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, NULL);
  if (type & CL_DEVICE_TYPE_GPU)
    return unified ? EBB_DEVICE_GPU_INTEGRATED : EBB_DEVICE_GPU_DISCRETE;
  return type & CL_DEVICE_TYPE_CPU ? EBB_DEVICE_CPU : EBB_DEVICE_OTHER;
}

/* Required sizes: the query, whether it returns a size_t, and the smallest sensible value. The
 * upper bound is a pebibyte, so sums of such sizes cannot overflow. */
static const uint64_t MOST = (uint64_t)1 << 50;
static const struct {
  cl_uint what;
  const char *name;
  bool is_size_t;
  uint64_t least;
} size_rows[] = {
#define SIZE_ROW(what, is_size_t, least) {what, #what, is_size_t, least}
    SIZE_ROW(CL_DEVICE_GLOBAL_MEM_SIZE, false, 1),
    SIZE_ROW(CL_DEVICE_MAX_MEM_ALLOC_SIZE, false, 1),
    SIZE_ROW(CL_DEVICE_LOCAL_MEM_SIZE, false, 0),
    SIZE_ROW(CL_DEVICE_MAX_WORK_GROUP_SIZE, true, 1),
};
enum { SIZE_ROWS = sizeof size_rows / sizeof *size_rows };

static ebb_status read_size(uint64_t *value, cl_device_id device, size_t row, const char *name) {
  cl_ulong wide = 0;
  size_t narrow = 0;
  bool is_size_t = size_rows[row].is_size_t;
  cl_int error =
      clGetDeviceInfo(device, size_rows[row].what, is_size_t ? sizeof narrow : sizeof wide,
                      is_size_t ? (void *)&narrow : &wide, NULL);
  REQUIRE(error == CL_SUCCESS, EBB_ERR_DEVICE,
          "device \"%s\": clGetDeviceInfo for %s failed: %s (%d): its driver is broken; choose "
          "another device",
          name, size_rows[row].name, ebbi_cl_error_name(error), error);
  *value = is_size_t ? narrow : wide;
  REQUIRE(*value >= size_rows[row].least, EBB_ERR_DEVICE,
          "device \"%s\": %s is %llu: its driver is broken; choose another device", name,
          size_rows[row].name, (unsigned long long)*value);
  if (*value > MOST) *value = MOST;
  return EBB_OK;
}

/* Sizes that cannot be read are 0; the last failure is returned. */
ebb_status ebbi_device_read_sizes(ebb_device_info *info, cl_device_id device) {
  uint64_t values[SIZE_ROWS] = {0};
  ebb_status last = EBB_OK;
  for (size_t row = 0; row < SIZE_ROWS; row++) {
    ebb_status status = read_size(&values[row], device, row, info->name);
    if (status != EBB_OK) last = status;
  }
  info->global_bytes = values[0];
  info->max_allocation = values[1] < values[0] ? values[1] : values[0];
  info->local_bytes = values[2];
  info->max_group = (size_t)values[3];
  return last;
}

void ebbi_device_read_info(ebb_device_info *info, cl_platform_id platform, cl_device_id device) {
  enum { MOST_UNITS = 1 << 20 };
  cl_uint units = 1, width = 1;
  cl_ulong cache = 0;
  read_text(info->name, platform, device, CL_DEVICE_NAME);
  read_text(info->vendor, platform, device, CL_DEVICE_VENDOR);
  read_text(info->driver, platform, device, CL_DRIVER_VERSION);
  read_text(info->version, platform, device, CL_DEVICE_VERSION);
  read_text(info->platform, platform, NULL, CL_PLATFORM_NAME);
  info->type = device_type(device);
  clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
  clGetDeviceInfo(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL);
  clGetDeviceInfo(device, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache, NULL);
  info->cache_bytes = cache;
  info->compute_units = units < 1 ? 1 : units > MOST_UNITS ? MOST_UNITS : units;
  info->float_width = width > 0 ? width : 1;
  (void)ebbi_device_read_sizes(info, device); /* listed anyway; opening the device reads them
                                               * again */
}

/* Leaves out devices that cannot run or compile anything now. */
static bool usable(cl_device_id device) {
  cl_bool available = CL_FALSE, compiler = CL_FALSE;
  clGetDeviceInfo(device, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
  clGetDeviceInfo(device, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
  return available && compiler;
}

/* Says what hides the devices, if it is known; suggests installing a driver only otherwise. */
static ebb_status fail_without_device(cl_uint platforms) {
  ebb_finding finding;
  if (ebbi_environment_hides(&finding, NULL, 0))
    return ebbi_fail(EBB_ERR_NO_DEVICE,
                     "%s; %s; until then there is no OpenCL device; see `ebb doctor`", finding.what,
                     finding.advice);
  REQUIRE(platforms == 0, EBB_ERR_NO_DEVICE,
          "no OpenCL device found: there are drivers (%u platforms), but they show no device; see "
          "`ebb doctor`",
          platforms);
  return ebbi_fail(EBB_ERR_NO_DEVICE, "no OpenCL device found: install a driver, for a CPU `apt "
                                      "install pocl-opencl-icd`; see `ebb doctor`");
}

static ebb_status add(ebbi_platform_device **list, size_t *count, const ebbi_platform_device *found,
                      cl_uint platform_index, cl_uint device_index) {
  ebbi_platform_device *larger = realloc(*list, (*count + 1) * sizeof **list);
  REQUIRE(larger, EBB_ERR_MEMORY, "device list: no memory for %zu devices", *count + 1);
  *list = larger;
  ebbi_platform_device *entry = &larger[(*count)++];
  *entry = *found;
  entry->info.platform_index = platform_index;
  entry->info.device_index = device_index;
  ebbi_device_read_info(&entry->info, found->platform, found->device);
  return EBB_OK;
}

/* Collects the platforms' devices, and counts the platforms. */
static ebb_status gather(ebbi_platform_device **list, size_t *count, cl_uint *platform_count) {
  cl_platform_id platforms[PLATFORMS_MAX];
  cl_device_id devices[DEVICES_MAX];
  cl_uint device_count = 0;
  if (clGetPlatformIDs(PLATFORMS_MAX, platforms, platform_count) != CL_SUCCESS) *platform_count = 0;
  for (cl_uint p = 0; p < *platform_count && p < PLATFORMS_MAX; p++) {
    if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, DEVICES_MAX, devices, &device_count) !=
        CL_SUCCESS)
      continue;
    for (cl_uint d = 0; d < device_count && d < DEVICES_MAX; d++) {
      const ebbi_platform_device found = {.platform = platforms[p], .device = devices[d]};
      if (usable(devices[d])) TRY(add(list, count, &found, p, d));
    }
  }
  return EBB_OK;
}

ebb_status ebbi_devices_list(ebbi_platform_device **list, size_t *count) {
  cl_uint platform_count = 0;
  *list = NULL;
  *count = 0;
  TRY(ebbi_environment_check());
  TRY(ebbi_driver_lock());
  ebb_status status = gather(list, count, &platform_count);
  ebbi_driver_unlock();
  TRY(status);
  return *count > 0 ? EBB_OK : fail_without_device(platform_count);
}

ebb_status ebb_device_count(size_t *count) {
  ebbi_platform_device *list;
  ebb_status status = ebbi_devices_list(&list, count);
  free(list);
  return status;
}

ebb_status ebb_device_describe(ebb_device_info *info, size_t index) {
  ebbi_platform_device *list;
  size_t count;
  ebb_status status = ebbi_devices_list(&list, &count);
  if (status == EBB_OK && index >= count)
    status = ebbi_fail(EBB_ERR_ARGUMENT, "device %zu: there are only %zu devices", index, count);
  if (status == EBB_OK) *info = list[index].info;
  free(list);
  return status;
}

const char *ebb_device_type_name(ebb_device_type type) {
  static const char *const names[] = {"discrete GPU", "integrated GPU", "CPU", "other"};
  return (unsigned)type < 4 ? names[type] : "?";
}
