/* Converts the metadata of model files to and from text.
 *
 * They do not depend on time, machine or device, so equal weights give equal bytes. Files may come
 * from anyone.
 */
#include "model_metadata.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "nn/file_layers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char key_loss[] = "ebb.loss", key_encoder[] = "ebb.encoder", key_split[] = "ebb.split";
static const char key_spec[] = "ebb.spec", key_data[] = "ebb.data";

/* ---- writing ---- */

/* {"last":false,"seed":"1","valid":0.2,"test":0.1}; the seed is text, since JSON has no 64-bit
 * integers. A test part of 0 is omitted. */
static ebb_status split_to_json(char **out, const ebb_split *split) {
  char seed[24];
  ebbi_json json;
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)split->seed);
  ebbi_json_begin(&json);
  ebbi_json_flag(&json, "last", split->last);
  ebbi_json_text(&json, "seed", seed);
  ebbi_json_number(&json, "valid", split->valid);
  if (split->test > 0) ebbi_json_number(&json, "test", split->test);
  return ebbi_json_finish(out, &json, JSON_COMPACT | JSON_REAL_PRECISION(17), key_split);
}

static void add(ebbi_model_metadata *metadata, const char *key, const char *value) {
  metadata->pairs[metadata->count++] = (ebb_metadata){key, value};
}

ebb_status ebbi_model_metadata_make(ebbi_model_metadata *metadata, ebb_loss loss,
                                    const ebb_split *split, uint64_t fingerprint,
                                    const ebb_encoder *encoder) {
  TRY(split_to_json(&metadata->split, split));
  add(metadata, key_loss, ebb_loss_text(metadata->loss, loss));
  add(metadata, key_split, metadata->split);
  if (fingerprint) {
    snprintf(metadata->data, sizeof metadata->data, "%016llx", (unsigned long long)fingerprint);
    add(metadata, key_data, metadata->data);
  }
  if (!encoder) return EBB_OK;
  TRY(ebb_encoder_to_json(&metadata->encoder, encoder));
  add(metadata, key_encoder, metadata->encoder);
  return EBB_OK;
}

void ebbi_model_metadata_free(ebbi_model_metadata *metadata) {
  free(metadata->encoder);
  free(metadata->split);
  *metadata = (ebbi_model_metadata){0};
}

/* ---- reading ---- */

/* Reads a number in [0, 1); it is 0 if absent, which must be allowed. */
static bool read_part(double *out, const json_t *object, const char *key, bool may_lack) {
  const json_t *value = json_object_get(object, key);
  *out = json_number_value(value);
  return value ? json_is_number(value) && *out >= 0 && *out < 1 : may_lack;
}

static bool read_seed(uint64_t *out, const json_t *object) {
  const char *text = json_string_value(json_object_get(object, "seed"));
  if (!text || !*text || text[strspn(text, "0123456789")]) return false;
  errno = 0;
  *out = strtoull(text, NULL, 10);
  return errno == 0;
}

static bool read_split(ebb_split *split, const json_t *object) {
  const json_t *last = json_object_get(object, "last");
  *split = (ebb_split){.last = json_is_true(last)};
  return json_is_boolean(last) && read_seed(&split->seed, object) &&
         read_part(&split->valid, object, "valid", false) &&
         read_part(&split->test, object, "test", true) && split->valid + split->test < 1;
}

static ebb_status split_from_json(ebb_split *split, const char *text, const char *path) {
  json_t *object;
  ebbi_json_fault fault;
  ebb_status status = ebbi_json_read(&object, &fault, text, strlen(text));
  REQUIRE(status != EBB_ERR_MEMORY, status, "%s: no memory for metadata %s", path, key_split);
  bool good = status == EBB_OK && read_split(split, object);
  json_decref(object);
  REQUIRE(good, EBB_ERR_INPUT, "%s: metadata %s is damaged: \"%.60s\"", path, key_split, text);
  return EBB_OK;
}

static ebb_status fingerprint_from_text(uint64_t *out, const char *text, const char *path) {
  size_t digits = strspn(text, "0123456789abcdef");
  REQUIRE(digits == 16 && !text[digits], EBB_ERR_INPUT, "%s: metadata %s is damaged: \"%.60s\"",
          path, key_data, text);
  *out = strtoull(text, NULL, 16);
  return EBB_OK;
}

/* Reads the spec from the metadata or the caller; if both give it, they must agree. */
static ebb_status read_spec(ebb_spec *spec, const ebbi_safetensors *file, const char *path,
                            const char *spec_text) {
  const char *stored = ebbi_safetensors_metadata(file, key_spec);
  if (!stored) return ebbi_file_spec(spec, file, path, spec_text);
  REQUIRE(ebb_spec_parse(spec, stored, 0, 0) == EBB_OK, EBB_ERR_INPUT,
          "%s: metadata %s is damaged: \"%.60s\"", path, key_spec, stored);
  if (!spec_text) return EBB_OK;
  ebb_spec wanted;
  char text[EBB_SPEC_TEXT];
  TRY(ebb_spec_parse_like(&wanted, spec_text, spec));
  TRY(ebb_spec_text(text, sizeof text, &wanted));
  REQUIRE(strcmp(text, stored) == 0, EBB_ERR_ARGUMENT, "%s: holds the network %s, not %s", path,
          stored, text);
  return EBB_OK;
}

static ebb_status read_metadata(ebb_model_info *info, const ebbi_safetensors *file,
                                const char *path) {
  const char *loss = ebbi_safetensors_metadata(file, key_loss);
  const char *encoder = ebbi_safetensors_metadata(file, key_encoder);
  const char *split = ebbi_safetensors_metadata(file, key_split);
  const char *data = ebbi_safetensors_metadata(file, key_data);
  info->loss = ebb_loss_default(EBB_LOSS_CROSS_ENTROPY);
  if (loss)
    REQUIRE(ebb_loss_parse(&info->loss, loss) == EBB_OK, EBB_ERR_INPUT,
            "%s: metadata %s is unknown: \"%.60s\"", path, key_loss, loss);
  if (split) TRY(split_from_json(&info->split, split, path));
  if (data) TRY(fingerprint_from_text(&info->fingerprint, data, path));
  return encoder ? ebb_encoder_from_json(&info->encoder, encoder) : EBB_OK;
}

/* Checks that an encoder gives as many inputs as the network takes. */
static ebb_status check_sizes(const ebb_model_info *info, const char *path) {
  if (!info->encoder) return EBB_OK;
  size_t inputs = ebb_encoder_inputs(info->encoder),
         outputs = ebb_model_outputs(info->encoder, info->loss);
  size_t takes = ebb_spec_inputs(&info->spec), gives = ebb_spec_outputs(&info->spec);
  REQUIRE(inputs == takes && outputs == gives, EBB_ERR_INPUT,
          "%s: its encoder is for %zu inputs and %zu outputs, its network for %zu and %zu", path,
          inputs, outputs, takes, gives);
  return EBB_OK;
}

/* Reads everything except the weights. */
ebb_status ebbi_model_read_info(ebb_model_info *info, const ebbi_safetensors *file,
                                const char *path, const char *spec_text) {
  TRY(read_spec(&info->spec, file, path, spec_text));
  TRY(read_metadata(info, file, path));
  return check_sizes(info, path);
}
