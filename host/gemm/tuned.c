/* Reads and writes the choices of tuning: one JSON file for each version, platform, device, driver,
 * precision and engine.
 *
 * The file's name is a hash of these six texts, and the file repeats them, so that a file under a
 * wrong name is rejected. A class is written as the sizes that were measured, which are readable
 * and survive a renumbering of classes. Any error in a file only costs its choices. Entries with
 * unknown names are skipped, since configurations may differ between builds of one version during
 * development. One file for all devices was rejected: two programs that tune at the same time would
 * lose results.
 */
#include "base/cache_folder.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "gemm.h"

#include <ebb/tune.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT = 1, FILE_MAX = 1 << 20, NAME_SIZE = 48 };
static const char folder_name[] = "tune";

/* Larger sizes are invalid. */
static const json_int_t LARGEST = 1 << 30;

static const char *const layout_names[EBB_LAYOUT_COUNT] = {"nn", "nt", "tn"};

const char *ebb_layout_name(ebb_layout layout) {
  return (unsigned)layout < EBB_LAYOUT_COUNT ? layout_names[layout] : "?";
}

const char *ebb_matmul_choice_name(ebb_precision precision, int choice) {
  if (choice == EBB_MATMUL_CONFIG_AUTO) return "auto";
  if (choice == EBB_MATMUL_CLBLAST) return "clblast";
  return choice >= 0 ? ebb_matmul_config_name(precision, (size_t)choice) : "?";
}

/* ---- the owner of choices ---- */

/* X(key, text): what must be equal. */
#define IDENTITY_LIST(X)                                                                           \
  X("version", EBB_VERSION)                                                                        \
  X("platform", owner->info.platform)                                                              \
  X("device", owner->info.name)                                                                    \
  X("driver", owner->info.driver)                                                                  \
  X("precision", ebb_precision_name(owner->precision))                                             \
  X("engine", owner->engine)

static ebb_tune_owner owner_of(const ebbi_exec *exec, const ebb_device *device) {
  ebb_tune_owner owner = {.info = *ebb_device_get_info(device), .precision = exec->mma.precision};
  const char *unit = ebbi_exec_unit(exec);
  snprintf(owner.engine, sizeof owner.engine, "%s", unit ? unit : ebb_engine_name(exec->engine));
  return owner;
}

ebb_tune_owner ebb_device_tune_owner(const ebb_device *device) {
  return owner_of(ebbi_device_exec(device), device);
}

static void file_name(char name[NAME_SIZE], const ebb_tune_owner *owner) {
  char text[1024], digits[33];
  size_t length = 0;
#define IDENTITY_TEXT(key, value)                                                                  \
  length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", value);
  IDENTITY_LIST(IDENTITY_TEXT)
  ebbi_hash hash = ebbi_hash_of(text, length);
  ebbi_hash_text(digits, &hash);
  snprintf(name, NAME_SIZE, "%s.json", digits);
}

enum { VALID_SIZE = 256 };

/* Returns a text that JSON can hold. If it is not UTF-8, bytes that are not ASCII become '?' in
 * `room`. */
static const char *valid_text(char room[VALID_SIZE], const char *text) {
  if (ebbi_json_can_hold(text)) return text;
  snprintf(room, VALID_SIZE, "%s", text);
  for (char *c = room; *c; c++)
    if ((unsigned char)*c > 0x7e) *c = '?';
  return room;
}

static bool same_text(const json_t *object, const char *key, const char *text) {
  char room[VALID_SIZE];
  const char *found = json_string_value(json_object_get(object, key));
  return found && strcmp(found, valid_text(room, text)) == 0;
}

static ebb_status check_identity(const json_t *object, const char *name,
                                 const ebb_tune_owner *owner) {
  REQUIRE(json_integer_value(json_object_get(object, "format")) == FORMAT, EBB_ERR_INPUT,
          "%s: is of another format", name);
#define IDENTITY_CHECK(key, value)                                                                 \
  REQUIRE(same_text(object, key, value), EBB_ERR_INPUT, "%s: is of another %s", name, key);
  IDENTITY_LIST(IDENTITY_CHECK)
  return EBB_OK;
}

ebb_status ebb_tune_path(char *path, size_t size, const ebb_tune_owner *owner) {
  REQUIRE(path && owner, EBB_ERR_ARGUMENT, "ebb_tune_path: an argument is NULL");
  char folder[4096], name[NAME_SIZE];
  TRY(ebbi_cache_folder_path(folder, sizeof folder, folder_name));
  file_name(name, owner);
  int length = snprintf(path, size, "%s/%s", folder, name);
  REQUIRE(length >= 0 && (size_t)length < size, EBB_ERR_OUTPUT,
          "ebb_tune_path: a path of %d characters, at most %zu", length, size);
  return EBB_OK;
}

/* ---- reading ---- */

static bool read_size(size_t *out, const json_t *entry, const char *key) {
  json_int_t value = json_integer_value(json_object_get(entry, key));
  *out = (size_t)value;
  return value >= 1 && value <= LARGEST;
}

static bool read_layout(ebb_layout *out, const json_t *entry) {
  const char *text = json_string_value(json_object_get(entry, "layout"));
  for (int l = 0; text && l < EBB_LAYOUT_COUNT; l++)
    if (strcmp(text, layout_names[l]) == 0) {
      *out = (ebb_layout)l;
      return true;
    }
  return false;
}

static bool read_choice(int *out, const json_t *entry, ebb_precision precision) {
  const char *text = json_string_value(json_object_get(entry, "choice"));
  for (int c = EBB_MATMUL_CLBLAST; text && c < (int)ebb_matmul_config_count(precision); c++)
    if (strcmp(text, ebb_matmul_choice_name(precision, c)) == 0) {
      *out = c;
      return true;
    }
  return false;
}

static bool read_entry(ebb_tuned *out, const json_t *entry, ebb_precision precision) {
  *out = (ebb_tuned){.seconds = 1e-3 * json_number_value(json_object_get(entry, "ms")),
                     .auto_seconds = 1e-3 * json_number_value(json_object_get(entry, "auto_ms"))};
  return read_layout(&out->shape.layout, entry) && read_choice(&out->choice, entry, precision) &&
         read_size(&out->shape.rows, entry, "rows") && read_size(&out->shape.cols, entry, "cols") &&
         read_size(&out->shape.depth, entry, "depth");
}

static ebb_status read_entries(ebb_tuned **list, size_t *count, const json_t *object,
                               ebb_precision precision) {
  const json_t *entries = json_object_get(object, "choices");
  size_t most = json_array_size(entries);
  *list = calloc(most + 1, sizeof **list);
  REQUIRE(*list, EBB_ERR_MEMORY, "ebb_tune_load: no memory for %zu choices", most);
  for (size_t i = 0; i < most; i++)
    if (read_entry(&(*list)[*count], json_array_get(entries, i), precision)) ++*count;
  return EBB_OK;
}

static ebb_status read_file(char **bytes, size_t *size, const char *name) {
  int folder;
  TRY(ebbi_cache_folder_open(&folder, folder_name, false));
  REQUIRE(folder >= 0, EBB_ERR_INPUT, "%s: nothing has been tuned yet", name);
  ebb_status status = ebbi_cache_file_read(bytes, size, folder, name, FILE_MAX);
  close(folder);
  return status;
}

ebb_status ebb_tune_load(ebb_tuned **list, size_t *count, const ebb_tune_owner *owner) {
  REQUIRE(list && count && owner, EBB_ERR_ARGUMENT, "ebb_tune_load: an argument is NULL");
  char name[NAME_SIZE], *bytes;
  size_t size;
  json_t *object;
  ebbi_json_fault fault;
  *list = NULL;
  *count = 0;
  file_name(name, owner);
  TRY(read_file(&bytes, &size, name));
  ebb_status status = ebbi_json_read(&object, &fault, bytes, size);
  free(bytes);
  REQUIRE(status != EBB_ERR_INPUT, status, "%s: not JSON at byte %zu: %s", name, fault.byte,
          fault.why);
  REQUIRE(object, EBB_ERR_MEMORY, "%s: no memory for %zu bytes of JSON", name, size);
  status = check_identity(object, name, owner);
  if (status == EBB_OK) status = read_entries(list, count, object, owner->precision);
  json_decref(object);
  return status;
}

void ebbi_tuned_load(ebbi_exec *exec, const ebb_device *device) {
  ebbi_mma_state mma = exec->mma;
  ebbi_matmul_state *state = &exec->matmul[mma.precision];
  ebb_tune_owner owner = owner_of(exec, device);
  ebb_tuned *list;
  size_t count;
  if (state->loaded && state->unit == mma.unit) return;
  if (state->loaded) /* for another unit */
    memset(state->by_class, EBB_MATMUL_CONFIG_AUTO, sizeof state->by_class);
  state->loaded = true;
  state->unit = mma.unit;
  if (!exec->tuned || ebb_tune_load(&list, &count, &owner) != EBB_OK) return;
  for (size_t i = 0; i < count; i++) {
    const ebb_tune_shape *s = &list[i].shape;
    unsigned class_index = ebb_matmul_class(s->rows, s->cols, s->depth);
    /* A configuration that does not fit the device is skipped like an unknown one. */
    (void)ebbi_exec_set_choice(exec, device, s->layout, class_index, list[i].choice);
  }
  free(list);
}

/* ---- writing ---- */

static void add_choice(ebbi_json *json, const ebb_tuned *t, ebb_precision precision) {
  const ebb_tune_shape *s = &t->shape;
  ebbi_json_object(json, NULL);
  ebbi_json_text(json, "layout", ebb_layout_name(s->layout));
  ebbi_json_whole(json, "rows", s->rows);
  ebbi_json_whole(json, "cols", s->cols);
  ebbi_json_whole(json, "depth", s->depth);
  ebbi_json_text(json, "choice", ebb_matmul_choice_name(precision, t->choice));
  if (t->seconds > 0) ebbi_json_number(json, "ms", 1e3 * t->seconds);
  if (t->auto_seconds > 0) ebbi_json_number(json, "auto_ms", 1e3 * t->auto_seconds);
  ebbi_json_end(json);
}

/* Makes the file's text; the caller frees it. */
static ebb_status text_of(char **text, const ebb_tuned *list, size_t count,
                          const ebb_tune_owner *owner) {
  ebbi_json json;
  char room[VALID_SIZE];
  ebbi_json_begin(&json);
  ebbi_json_whole(&json, "format", FORMAT);
#define IDENTITY_SET(key, value) ebbi_json_text(&json, key, valid_text(room, value));
  IDENTITY_LIST(IDENTITY_SET)
  ebbi_json_list(&json, "choices");
  for (size_t i = 0; i < count; i++) add_choice(&json, &list[i], owner->precision);
  return ebbi_json_finish(text, &json, JSON_INDENT(1) | JSON_REAL_PRECISION(6), "ebb_tune_store");
}

ebb_status ebb_tune_store(const ebb_tuned *list, size_t count, const ebb_tune_owner *owner) {
  REQUIRE((list || count == 0) && owner, EBB_ERR_ARGUMENT, "ebb_tune_store: an argument is NULL");
  char name[NAME_SIZE], *text;
  int folder;
  file_name(name, owner);
  TRY(text_of(&text, list, count, owner));
  ebb_status status = ebbi_cache_folder_open(&folder, folder_name, true);
  if (status == EBB_OK) {
    status = ebbi_cache_file_write(folder, name, text, strlen(text));
    close(folder);
  }
  free(text);
  return status;
}
