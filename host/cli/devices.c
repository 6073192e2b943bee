/* `ebb devices`: the flat list of all devices of all platforms.
 *
 * The default device is found by opening it, as training would, rather than by repeating the
 * library's rule.
 */
#include "commands.h"
#include "output.h"

/* Describes the device used without --device. Returns false if none can be opened. */
static bool find_default(ebb_device_info *info) {
  ebb_device *device = NULL;
  bool found = ebb_device_open(&device, NULL) == EBB_OK;
  if (found) *info = *ebb_device_get_info(device);
  ebb_device_free(device);
  return found;
}

static json_t *describe(const ebb_device_info *d, size_t index, bool is_default) {
  return json_pack("{s:i, s:i, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:i, s:b}",
                   "index", (int)index, "platform_index", (int)d->platform_index, "device_index",
                   (int)d->device_index, "name", json_text(d->name), "type",
                   ebb_device_type_name(d->type), "platform", json_text(d->platform), "vendor",
                   json_text(d->vendor), "driver", json_text(d->driver), "version",
                   json_text(d->version), "global_bytes", (json_int_t)d->global_bytes,
                   "max_allocation", (json_int_t)d->max_allocation, "local_bytes",
                   (json_int_t)d->local_bytes, "compute_units", (int)d->compute_units,
                   "float_width", (int)d->float_width, "default", (int)is_default);
}

static void print_device(const ebb_device_info *d, size_t index, bool is_default) {
  say("%c %zu  %u:%u  %s", is_default ? '*' : ' ', index, d->platform_index, d->device_index,
      d->name);
  say("          %s, %u compute units, %.1f GiB; %s, driver %s", ebb_device_type_name(d->type),
      d->compute_units, (double)d->global_bytes / 1073741824.0, d->platform, d->driver);
}

int devices_run(const settings *s) {
  size_t count;
  ebb_status status = ebb_device_count(&count);
  if (status != EBB_OK) return fail_status(status);
  ebb_device_info picked;
  bool found = find_default(&picked);
  if (!found) note(s, "no default: %s", ebb_error_message());
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    ebb_device_info info;
    status = ebb_device_describe(&info, i);
    if (status != EBB_OK) break;
    bool is_default = found && info.platform_index == picked.platform_index &&
                      info.device_index == picked.device_index;
    if (s->json)
      json_array_append_new(list, describe(&info, i, is_default));
    else
      print_device(&info, i, is_default);
  }
  if (status != EBB_OK || !s->json) {
    json_decref(list);
    if (found && status == EBB_OK)
      puts("* is taken by default; --device or EBB_DEVICE chooses another");
    return fail_status(status);
  }
  return print_json(list);
}
