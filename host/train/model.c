/* The model file: a network's safetensors file whose metadata say how to use it.
 *
 * Nothing in it depends on time, machine or device, so equal weights give equal bytes.
 */
#include "base/error.h"
#include "net/file_layers.h"
#include "net/network.h"

#include <ebb/model.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char key_loss[] = "ebb.loss", key_encoder[] = "ebb.encoder", key_split[] = "ebb.split";
static const char key_spec[] = "ebb.spec", key_data[] = "ebb.data";

/* {"last":false,"seed":"1","test":0.1,"valid":0.2}; the seed as text, since JSON has no 64-bit
 * numbers. A test part of 0 is left out. */
static char *split_to_json(const ebb_split *split) {
  char seed[24];
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)split->seed);
  json_t *object =
      json_pack("{s:b,s:s,s:f}", "last", split->last, "seed", seed, "valid", split->valid);
  if (split->test > 0) json_object_set_new(object, "test", json_real(split->test));
  char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  json_decref(object);
  return text;
}

static ebb_status split_from_json(ebb_split *split, const char *text, const char *path) {
  const char *seed = NULL;
  double valid = -1, test = 0;
  int last = 0;
  json_t *object = json_loads(text, 0, NULL);
  bool good = object && json_unpack(object, "{s:b,s:s,s:F,s?F}", "last", &last, "seed", &seed,
                                    "valid", &valid, "test", &test) == 0;
  if (good) {
    char *end;
    *split = (ebb_split){
        .valid = valid, .test = test, .last = last != 0, .seed = strtoull(seed, &end, 10)};
    good = *end == '\0' && valid >= 0 && test >= 0 && valid + test < 1;
  }
  json_decref(object);
  REQUIRE(good, EBB_ERR_INPUT, "%s: metadata %s is damaged: \"%.60s\"", path, key_split, text);
  return EBB_OK;
}

ebb_status ebb_model_save(const ebb_model *model, const char *path) {
  REQUIRE(model && model->network && path, EBB_ERR_ARGUMENT, "ebb_model_save: an argument is NULL");
  char *encoder = NULL, *split = split_to_json(&model->split);
  REQUIRE(split, EBB_ERR_MEMORY, "%s: no memory for its metadata", path);
  char data[17];
  ebb_metadata pairs[4] = {{key_loss, ebb_loss_name(model->loss)}, {key_split, split}};
  size_t count = 2;
  if (model->fingerprint) {
    snprintf(data, sizeof data, "%016llx", (unsigned long long)model->fingerprint);
    pairs[count++] = (ebb_metadata){key_data, data};
  }
  ebb_status status = EBB_OK;
  if (model->encoder) status = ebb_encoder_to_json(&encoder, model->encoder);
  if (encoder) pairs[count++] = (ebb_metadata){key_encoder, encoder};
  if (status == EBB_OK) status = ebb_network_save(model->network, path, pairs, count);
  free(encoder);
  free(split);
  return status;
}

static ebb_status fingerprint_from_text(uint64_t *out, const char *text, const char *path) {
  size_t digits = strspn(text, "0123456789abcdef");
  REQUIRE(digits == 16 && !text[digits], EBB_ERR_INPUT, "%s: metadata %s is damaged: \"%.60s\"",
          path, key_data, text);
  *out = strtoull(text, NULL, 16);
  return EBB_OK;
}

/* The spec: of the metadata, of the caller, or of both if they agree. */
static ebb_status read_spec(ebb_spec *spec, const ebbi_safetensors *file, const char *path,
                            const char *spec_text) {
  const char *stored = ebbi_safetensors_metadata(file, key_spec);
  if (!stored) return ebbi_file_spec(spec, file, path, spec_text);
  REQUIRE(ebb_spec_parse(spec, stored, 0, 0) == EBB_OK, EBB_ERR_INPUT,
          "%s: metadata %s is damaged: \"%.60s\"", path, key_spec, stored);
  if (!spec_text) return EBB_OK;
  ebb_spec wanted;
  char text[EBB_MAX_LAYERS * 24];
  TRY(ebb_spec_parse(&wanted, spec_text, ebb_spec_inputs(spec), ebb_spec_outputs(spec)));
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
  info->loss = EBB_LOSS_COUNT;
  for (int i = 0; i < EBB_LOSS_COUNT; i++)
    if (!loss || strcmp(loss, ebb_loss_name((ebb_loss)i)) == 0) {
      info->loss = (ebb_loss)i;
      break;
    }
  REQUIRE(info->loss != EBB_LOSS_COUNT, EBB_ERR_INPUT, "%s: metadata %s is unknown: \"%.60s\"",
          path, key_loss, loss);
  if (split) TRY(split_from_json(&info->split, split, path));
  if (data) TRY(fingerprint_from_text(&info->fingerprint, data, path));
  return encoder ? ebb_encoder_from_json(&info->encoder, encoder) : EBB_OK;
}

/* An encoder must give as many inputs as the network takes. */
static ebb_status check_sizes(const ebb_model_info *info, const char *path) {
  if (!info->encoder) return EBB_OK;
  size_t inputs = ebb_encoder_inputs(info->encoder), outputs = ebb_encoder_outputs(info->encoder);
  size_t takes = ebb_spec_inputs(&info->spec), gives = ebb_spec_outputs(&info->spec);
  REQUIRE(inputs == takes && outputs == gives, EBB_ERR_INPUT,
          "%s: its encoder is for %zu inputs and %zu outputs, its network for %zu and %zu", path,
          inputs, outputs, takes, gives);
  return EBB_OK;
}

/* All but the weights. */
static ebb_status read_info(ebb_model_info *info, const ebbi_safetensors *file, const char *path,
                            const char *spec_text) {
  TRY(read_spec(&info->spec, file, path, spec_text));
  TRY(read_metadata(info, file, path));
  return check_sizes(info, path);
}

ebb_status ebb_model_describe(ebb_model_info *out, const char *path, const char *spec_text) {
  REQUIRE(out && path, EBB_ERR_ARGUMENT, "ebb_model_describe: an argument is NULL");
  ebbi_safetensors *file;
  TRY(ebbi_safetensors_read(&file, path));
  *out = (ebb_model_info){0};
  ebb_status status = read_info(out, file, path, spec_text);
  if (status == EBB_OK) status = ebbi_network_check_weights(&out->notes, &out->spec, file, path);
  ebbi_safetensors_free(file);
  if (status != EBB_OK) ebb_model_info_clear(out);
  return status;
}

void ebb_model_info_clear(ebb_model_info *info) {
  if (!info) return;
  ebb_encoder_free(info->encoder);
  free(info->notes);
  *info = (ebb_model_info){0};
}

static ebb_status load(ebb_model *model, ebb_device *device, const ebbi_safetensors *file,
                       const char *path, const char *spec_text) {
  ebb_model_info info = {0};
  ebb_status status = read_info(&info, file, path, spec_text);
  *model = (ebb_model){.encoder = info.encoder,
                       .loss = info.loss,
                       .split = info.split,
                       .fingerprint = info.fingerprint};
  TRY(status);
  TRY(ebb_network_create(&model->network, device, &info.spec, EBB_INIT_ZERO, 0));
  return ebbi_network_take_weights(model->network, file, path);
}

ebb_status ebb_model_load(ebb_model *out, ebb_device *device, const char *path,
                          const char *spec_text) {
  REQUIRE(out && device && path, EBB_ERR_ARGUMENT, "ebb_model_load: an argument is NULL");
  ebbi_safetensors *file;
  TRY(ebbi_safetensors_read(&file, path));
  *out = (ebb_model){0};
  ebb_status status = load(out, device, file, path, spec_text);
  ebbi_safetensors_free(file);
  if (status != EBB_OK) ebb_model_clear(out);
  return status;
}

void ebb_model_clear(ebb_model *model) {
  if (!model) return;
  ebb_network_free(model->network);
  ebb_encoder_free(model->encoder);
  *model = (ebb_model){0};
}
