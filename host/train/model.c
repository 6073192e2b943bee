/* The model file: a network's safetensors file whose metadata describe its use. (model_metadata.c
 * converts these; model_image.c writes files.)
 *
 * Files of other programs and earlier versions may lack any of the metadata.
 */
#include "base/error.h"
#include "model_metadata.h"
#include "nn/network.h"

#include <ebb/model.h>
#include <stdlib.h>

ebb_status ebb_model_describe(ebb_model_info *out, const char *path, const char *spec_text) {
  REQUIRE(out && path, EBB_ERR_ARGUMENT, "ebb_model_describe: an argument is NULL");
  ebbi_safetensors *file;
  *out = (ebb_model_info){0};
  TRY(ebbi_safetensors_read(&file, path));
  ebb_status status = ebbi_model_read_info(out, file, path, spec_text);
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
  ebb_status status = ebbi_model_read_info(&info, file, path, spec_text);
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
  *out = (ebb_model){0};
  TRY(ebbi_safetensors_read(&file, path));
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
