/* `ebb cache`: where built kernel programs are kept, how many and for which devices; and clearing
 * the cache.
 *
 * A machine without a device may have a cache folder too, so having no device is not an error here.
 */
#include "commands.h"
#include "output.h"

#include <stdlib.h>

static json_t *describe_device(const ebb_device_info *d, size_t index, ebb_cache_mode mode,
                               const char *reason) {
  return json_pack("{s:I, s:o, s:o, s:s, s:s}", "index", (json_int_t)index, "name",
                   json_text(d->name), "platform", json_text(d->platform), "mode",
                   ebb_cache_mode_name(mode), "reason", reason);
}

static ebb_status list_devices(json_t *list) {
  size_t count;
  ebb_device_info info;
  ebb_cache_mode mode;
  const char *reason;
  ebb_status status = ebb_device_count(&count);
  if (status == EBB_ERR_NO_DEVICE) return EBB_OK;
  for (size_t i = 0; status == EBB_OK && i < count; i++) {
    status = ebb_device_describe(&info, i);
    if (status == EBB_OK) status = ebb_cache_mode_for(&mode, &reason, &info);
    if (status == EBB_OK) json_array_append_new(list, describe_device(&info, i, mode, reason));
  }
  return status;
}

static double mebibytes(uint64_t bytes) {
  return (double)bytes / 1048576.0;
}

static int print_as_json(const ebb_cache_info *info, json_t *devices) {
  return print_json(json_pack("{s:o, s:b, s:o, s:I, s:I, s:I, s:O}", "folder",
                              json_text(info->folder), "exists", (int)info->exists, "problem",
                              info->problem[0] ? json_text(info->problem) : json_null(), "files",
                              (json_int_t)info->files, "bytes", (json_int_t)info->bytes, "limit",
                              (json_int_t)info->limit, "devices", devices));
}

static const char *text_of(const json_t *device, const char *key) {
  const char *text = json_string_value(json_object_get(device, key));
  return text ? text : "?";
}

static int print_as_text(const ebb_cache_info *info, const json_t *devices) {
  size_t i;
  json_t *device;
  say("folder       %s%s", info->folder[0] ? info->folder : "none",
      info->exists || info->problem[0] ? "" : ", not made yet");
  if (info->problem[0]) say_bad("unusable", "     %s", info->problem);
  printf("files        %zu, %.1f MiB of at most %.0f MiB\n", info->files, mebibytes(info->bytes),
         mebibytes(info->limit));
  json_array_foreach(devices, i, device) {
    say("device %-5zu %-4s %s, %s: %s", i, text_of(device, "mode"), text_of(device, "name"),
        text_of(device, "platform"), text_of(device, "reason"));
  }
  return EXIT_GOOD;
}

static int show(const settings *s, const ebb_cache_info *info) {
  json_t *devices = json_array();
  int code = fail_status(list_devices(devices));
  if (code == EXIT_GOOD)
    code = s->json ? print_as_json(info, devices) : print_as_text(info, devices);
  json_decref(devices);
  return code;
}

static int clear(const settings *s, const ebb_cache_info *info) {
  size_t files;
  uint64_t bytes;
  int code = fail_status(ebb_cache_clear(&files, &bytes));
  if (code != EXIT_GOOD) return code;
  if (s->json)
    return print_json(json_pack("{s:o, s:I, s:I}", "folder", json_text(info->folder),
                                "removed_files", (json_int_t)files, "removed_bytes",
                                (json_int_t)bytes));
  say("removed %zu file%s, %.1f MiB, from %s", files, files == 1 ? "" : "s", mebibytes(bytes),
      info->folder);
  return EXIT_GOOD;
}

int cache_run(const settings *s) {
  ebb_cache_info *info = malloc(sizeof *info);
  if (!info) return fail(EXIT_FAILED, "no memory for the cache's description");
  int code = fail_status(ebb_cache_describe(info));
  if (code == EXIT_GOOD && s->clear)
    code = clear(s, info);
  else if (code == EXIT_GOOD)
    code = show(s, info);
  free(info);
  return code;
}
