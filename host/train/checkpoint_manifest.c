/* The manifest: a JSON file that describes a checkpoint and guarantees its integrity.
 *
 *   {"checksum": "XXH3-128 of the body's bytes", "checkpoint":
 *   BODY}
 *
 * The checksum is compared with the body's bytes before the body is parsed; the text around the
 * body must match exactly. Any changed bit is found. Later versions of the format may change the
 * body, but not this envelope.
 */
#include "base/error.h"
#include "base/writer.h"
#include "checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version 2 added the learning rate's schedule, version 3 its shape, plateau, and the sums of rows
 * with weights, version 4 what lbfgs knows of earlier steps. A byte of the caller's text needs at
 * most six. */
enum { VERSION = 4, LIMIT = 7 * EBBI_EXTRA_LIMIT, HEX = EBBI_HASH_TEXT - 1 };

static const char head[] = "{\"checksum\": \"", middle[] = "\", \"checkpoint\":\n", tail[] = "}\n";
enum { HEAD = sizeof head - 1, MIDDLE = sizeof middle - 1, TAIL = sizeof tail - 1 };

static const char *const key_version = "version", *const key_terms = "of", *const key_state = "at",
                         *const key_extra = "extra", *const key_tensors = "tensors";

static void hash_text(char text[EBBI_HASH_TEXT], const char *bytes, size_t size) {
  ebbi_hash hash = ebbi_hash_of(bytes, size);
  ebbi_hash_text(text, &hash);
}

/* ---- the tensor file's entry ---- */

char *ebbi_manifest_tensors(const ebbi_manifest *manifest, const char *folder) {
  char name[EBBI_CHECKPOINT_NAME];
  ebbi_checkpoint_name(name, ebbi_manifest_step(manifest), manifest->tensors);
  return ebbi_checkpoint_path(folder, name);
}

static ebb_status check_tensors(const ebbi_manifest *manifest, const char *path) {
  ebbi_hash hash;
  char text[EBBI_HASH_TEXT];
  TRY(ebbi_checkpoint_hash(&hash, path, manifest->bytes));
  ebbi_hash_text(text, &hash);
  REQUIRE(strcmp(text, manifest->hash) == 0, EBB_ERR_INPUT,
          "%s: damaged: its checksum is %s, must be %s", path, text, manifest->hash);
  return EBB_OK;
}

ebb_status ebbi_manifest_check_tensors(const ebbi_manifest *manifest, const char *folder) {
  char *path = ebbi_manifest_tensors(manifest, folder);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  ebb_status status = check_tensors(manifest, path);
  free(path);
  return status;
}

/* ---- writing ---- */

ebb_status ebbi_manifest_check_extra(const char *extra) {
  size_t length = extra ? strlen(extra) : 0;
  REQUIRE(length <= EBBI_EXTRA_LIMIT, EBB_ERR_ARGUMENT,
          "checkpoint: the caller's text has %zu bytes, at most %d are kept", length,
          EBBI_EXTRA_LIMIT);
  REQUIRE(!extra || ebbi_json_can_hold(extra), EBB_ERR_ARGUMENT,
          "checkpoint: the caller's text is not UTF-8");
  return EBB_OK;
}

static void put_terms(ebbi_json *body, json_t *terms) {
  const char *name;
  json_t *value;
  ebbi_json_object(body, key_terms);
  json_object_foreach(terms, name, value) ebbi_json_text(body, name, json_string_value(value));
  ebbi_json_end(body);
}

static void put_state(ebbi_json *body, const ebbi_snapshot *snapshot) {
  ebbi_json_object(body, key_state);
  ebbi_snapshot_put(body, snapshot);
  ebbi_json_end(body);
}

static void put_tensors(ebbi_json *body, const ebbi_manifest *manifest) {
  char name[EBBI_CHECKPOINT_NAME];
  ebbi_checkpoint_name(name, ebbi_manifest_step(manifest), manifest->tensors);
  ebbi_json_object(body, key_tensors);
  ebbi_json_text(body, "file", name);
  ebbi_json_whole(body, "bytes", (size_t)manifest->bytes);
  ebbi_json_text(body, "checksum", manifest->hash);
  ebbi_json_end(body);
}

/* Makes the body's text; the caller frees it. */
static ebb_status make_body(char **text, const ebbi_manifest *manifest, const char *path) {
  ebbi_json body;
  ebbi_json_begin(&body);
  ebbi_json_whole(&body, key_version, VERSION);
  ebbi_json_text(&body, "ebb", EBB_VERSION);
  put_terms(&body, manifest->terms);
  put_state(&body, &manifest->snapshot);
  put_tensors(&body, manifest);
  if (manifest->extra) ebbi_json_text(&body, key_extra, manifest->extra);
  return ebbi_json_finish(text, &body, JSON_INDENT(1), path);
}

static ebb_status write_text(const char *path, const char *body) {
  char hash[EBBI_HASH_TEXT];
  ebbi_writer writer = {0};
  hash_text(hash, body, strlen(body));
  ebb_status status = ebbi_writer_begin(&writer, path);
  if (status == EBB_OK) { /* commit checks the writes */
    const char *const parts[] = {head, hash, middle, body, tail};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
      fwrite(parts[i], 1, strlen(parts[i]), writer.stream);
    status = ebbi_writer_commit(&writer);
  }
  ebbi_writer_free(&writer);
  return status;
}

static ebb_status write_manifest(const ebbi_manifest *manifest, const char *path) {
  char *body;
  TRY(make_body(&body, manifest, path));
  ebb_status status = write_text(path, body);
  free(body);
  return status;
}

/* Returns the path of a step's manifest; NULL if out of memory. */
static char *path_of(const char *folder, uint64_t step) {
  char name[EBBI_CHECKPOINT_NAME];
  ebbi_checkpoint_name(name, step, EBBI_MANIFEST);
  return ebbi_checkpoint_path(folder, name);
}

ebb_status ebbi_manifest_write(const ebbi_manifest *manifest, const char *folder) {
  char *path = path_of(folder, ebbi_manifest_step(manifest));
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  ebb_status status = write_manifest(manifest, path);
  free(path);
  return status;
}

/* ---- reading ---- */

/* Finds the body within the text. */
static ebb_status open_envelope(const char **body, size_t *length, const char *text, size_t size,
                                const char *path) {
  char hash[EBBI_HASH_TEXT];
  size_t around = HEAD + HEX + MIDDLE + TAIL;
  bool whole = size > around && memcmp(text, head, HEAD) == 0 &&
               memcmp(text + HEAD + HEX, middle, MIDDLE) == 0 &&
               memcmp(text + size - TAIL, tail, TAIL) == 0;
  REQUIRE(whole, EBB_ERR_INPUT, "%s: damaged: no manifest, or cut off", path);
  *body = text + HEAD + HEX + MIDDLE;
  *length = size - around;
  hash_text(hash, *body, *length);
  REQUIRE(memcmp(hash, text + HEAD, HEX) == 0, EBB_ERR_INPUT,
          "%s: damaged: its checksum is %s, must be %.*s", path, hash, (int)HEX, text + HEAD);
  return EBB_OK;
}

static ebb_status read_version(int *out, const json_t *body, const char *path) {
  json_int_t version = json_integer_value(json_object_get(body, key_version));
  REQUIRE(version > 0, EBB_ERR_INPUT, "%s: damaged: no version", path);
  REQUIRE(version <= VERSION, EBB_ERR_UNSUPPORTED,
          "%s: has format version %lld; ebb %s reads versions up to %d: use a later ebb", path,
          (long long)version, EBB_VERSION, VERSION);
  *out = (int)version;
  return EBB_OK;
}

static ebb_status take_tensors(ebbi_manifest *manifest, const json_t *tensors, const char *path) {
  const char *file = json_string_value(json_object_get(tensors, "file"));
  const char *hash = json_string_value(json_object_get(tensors, "checksum"));
  const json_t *bytes = json_object_get(tensors, "bytes");
  bool known = false;
  for (int kind = EBBI_TENSORS; kind <= EBBI_OTHER_TENSORS && file && !known; kind++) {
    char name[EBBI_CHECKPOINT_NAME];
    manifest->tensors = (ebbi_checkpoint_kind)kind;
    ebbi_checkpoint_name(name, ebbi_manifest_step(manifest), manifest->tensors);
    known = strcmp(file, name) == 0;
  }
  REQUIRE(known && hash && strlen(hash) == HEX && json_is_integer(bytes), EBB_ERR_INPUT,
          "%s: damaged: no tensor file of this step with size and checksum", path);
  strcpy(manifest->hash, hash);
  manifest->bytes = (uint64_t)json_integer_value(bytes);
  return EBB_OK;
}

static ebb_status take_body(ebbi_manifest *manifest, const char *path, uint64_t step) {
  const json_t *body = manifest->body, *extra = json_object_get(body, key_extra);
  const char *wrong = NULL;
  ebb_spec spec;
  int version = 0;
  TRY(read_version(&version, body, path));
  manifest->terms = json_object_get(body, key_terms);
  const char *text = ebbi_manifest_spec(manifest);
  REQUIRE(text && ebb_spec_parse(&spec, text, 0, 0) == EBB_OK, EBB_ERR_INPUT,
          "%s: damaged: no network", path);
  REQUIRE(ebbi_snapshot_from_json(&manifest->snapshot, &wrong, json_object_get(body, key_state),
                                  version),
          EBB_ERR_INPUT, "%s: damaged: no \"%s\"", path, wrong);
  uint64_t done = ebbi_manifest_step(manifest);
  REQUIRE(done == step, EBB_ERR_INPUT, "%s: damaged: is of step %" PRIu64, path, done);
  REQUIRE(!extra || json_is_string(extra), EBB_ERR_INPUT, "%s: damaged: no text in \"%s\"", path,
          key_extra);
  manifest->extra = json_string_value(extra);
  return take_tensors(manifest, json_object_get(body, key_tensors), path);
}

static ebb_status parse(ebbi_manifest *manifest, const char *text, size_t size, const char *path,
                        uint64_t step) {
  const char *body = NULL;
  size_t length = 0;
  ebbi_json_fault fault;
  TRY(open_envelope(&body, &length, text, size, path));
  ebb_status status = ebbi_json_read(&manifest->body, &fault, body, length);
  REQUIRE(status != EBB_ERR_MEMORY, status, "%s: no memory to read it", path);
  REQUIRE(status == EBB_OK, status, "%s: damaged: its content at byte %zu: %s", path, fault.byte,
          fault.why);
  return take_body(manifest, path, step);
}

static ebb_status read_path(ebbi_manifest *manifest, const char *path, uint64_t step) {
  char *text;
  size_t size;
  TRY(ebbi_checkpoint_read(&text, &size, path, LIMIT));
  ebb_status status = parse(manifest, text, size, path, step);
  free(text);
  return status;
}

ebb_status ebbi_manifest_read(ebbi_manifest *out, const char *folder, uint64_t step) {
  *out =
      (ebbi_manifest){.snapshot = {.state = ebb_state_default(0, 0, 0), .plateau = {.best = NAN}}};
  char *path = path_of(folder, step);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  ebb_status status = read_path(out, path, step);
  free(path);
  if (status != EBB_OK) ebbi_manifest_free(out);
  return status;
}

void ebbi_manifest_free(ebbi_manifest *manifest) {
  json_decref(manifest->body);
  *manifest = (ebbi_manifest){0};
}

const char *ebbi_manifest_spec(const ebbi_manifest *manifest) {
  return json_string_value(json_object_get(manifest->terms, "network"));
}
