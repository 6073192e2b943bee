/* The choice of a device: a line with the selector, then a line with the name of each device.
 * (The link wraps the search for drivers that the environment hides, which would read files.)
 */
#include "fuzz.h"

#include <device/environment.h>
#include <stdio.h>

enum { DEVICES = 4 };

bool __wrap_ebbi_environment_hides(ebb_finding *finding, const ebbi_platform_device *list,
                                   size_t count);

bool __wrap_ebbi_environment_hides(ebb_finding *finding, const ebbi_platform_device *list,
                                   size_t count) {
  (void)finding, (void)list, (void)count;
  return false;
}

static void check_choice(const ebbi_platform_device *list, size_t count, const char *selector) {
  char reason[160] = "";
  size_t index;
  if (ebbi_devices_select(&index, reason, sizeof reason, list, count, selector) != EBB_OK) {
    fuzz_expect_message();
    return;
  }
  FUZZ_CHECK(index < count, "device %zu of %zu", index, count);
  FUZZ_CHECK(*reason && memchr(reason, 0, sizeof reason), "no reason");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const platforms[] = {"Portable Computing Language", "NVIDIA CUDA"};
  fuzz_input input = fuzz_begin(data, size);
  char *selector = fuzz_take(&size, &input, '\n');
  static ebbi_platform_device list[DEVICES];
  size_t count = 0;
  for (; count < DEVICES && (count == 0 || input.left > 0); count++) {
    ebb_device_info *info = &list[count].info;
    char *name = fuzz_take(&size, &input, '\n');
    snprintf(info->name, sizeof info->name, "%s", name);
    snprintf(info->platform, sizeof info->platform, "%s", platforms[count / 2]);
    info->type = (ebb_device_type)((3 - count) % 4);
    info->platform_index = (unsigned)count / 2;
    info->device_index = (unsigned)count % 2;
    free(name);
  }
  check_choice(list, count, selector);
  for (size_t i = 0; i < count; i++) check_choice(list, count, list[i].info.name);
  free(selector);
  return 0;
}
