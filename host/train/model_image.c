/* Writes model files, from a model in use to bytes on a disk.
 *
 * An image is made where the device is and contains everything: writing it needs neither the device
 * nor the thread that uses it. The image is read back, as loading would, before a file is created,
 * so that a model that cannot be loaded is not saved either.
 */
#include "base/error.h"
#include "base/writer.h"
#include "model_metadata.h"
#include "nn/network_image.h"

#include <ebb/model.h>
#include <stdlib.h>
#include <string.h>

static const char where[] = "the model";

/* Checks that the model could be loaded, except for the numbers of its weights. */
static ebb_status check(const ebbi_network_image *image, const ebb_model *model) {
  ebbi_safetensors *file;
  ebb_model_info info = {0};
  TRY(ebbi_safetensors_read_draft(&file, ebbi_network_image_draft(image), where));
  ebb_status status = ebbi_model_read_info(&info, file, where, NULL);
  bool same = status != EBB_OK ||
              (ebb_loss_equal(info.loss, model->loss) && info.split.seed == model->split.seed &&
               info.fingerprint == model->fingerprint && !info.encoder == !model->encoder);
  ebb_model_info_clear(&info);
  ebbi_safetensors_free(file);
  REQUIRE(same, EBB_ERR_ARGUMENT, "%s: its metadata differ when they are read back", where);
  return status == EBB_ERR_INPUT ? EBB_ERR_ARGUMENT : status; /* there is no file yet */
}

ebb_status ebb_model_image_make(ebb_model_image **out, const ebb_model *model) {
  REQUIRE(out && model && model->network, EBB_ERR_ARGUMENT,
          "ebb_model_image_make: an argument is NULL");
  ebb_model_image *image = NULL;
  ebbi_model_metadata metadata = {0};
  ebb_status status = ebbi_model_metadata_make(&metadata, model->loss, &model->split,
                                               model->fingerprint, model->encoder);
  if (status == EBB_OK)
    status = ebbi_network_image_make(&image, model->network, where, metadata.pairs, metadata.count);
  if (status == EBB_OK) status = check(image, model);
  ebbi_model_metadata_free(&metadata);
  if (status != EBB_OK) {
    ebbi_network_image_free(image);
    image = NULL;
  }
  *out = image;
  return status;
}

ebb_status ebb_model_image_write(const ebb_model_image *image, const char *path) {
  REQUIRE(image && path, EBB_ERR_ARGUMENT, "ebb_model_image_write: an argument is NULL");
  return ebbi_safetensors_draft_write(ebbi_network_image_draft(image), path);
}

void ebb_model_image_free(ebb_model_image *image) {
  ebbi_network_image_free(image);
}

ebb_status ebb_model_save(const ebb_model *model, const char *path) {
  REQUIRE(model && model->network && path, EBB_ERR_ARGUMENT, "ebb_model_save: an argument is NULL");
  ebb_model_image *image;
  TRY(ebb_model_image_make(&image, model));
  ebb_status status = ebb_model_image_write(image, path);
  ebb_model_image_free(image);
  return status;
}

/* Other metadata have their greatest length here, except for the spare bytes. */
ebb_status ebb_model_try(const ebb_spec *spec, const ebb_encoder *encoder, const char *path) {
  REQUIRE(spec && path, EBB_ERR_ARGUMENT, "ebb_model_try: an argument is NULL");
  const ebb_split split = {.valid = 1.0 / 3, .test = 1.0 / 3, .seed = UINT64_MAX};
  enum { SPARE = 256 };
  ebbi_model_metadata metadata = {0};
  uint64_t size = 0;
  ebb_status status = ebbi_model_metadata_make(&metadata, ebb_loss_default(EBB_LOSS_MSE), &split,
                                               UINT64_MAX, encoder);
  if (status == EBB_OK)
    status = ebbi_network_file_size(&size, spec, where, metadata.pairs, metadata.count);
  ebbi_model_metadata_free(&metadata);
  return status == EBB_OK ? ebbi_file_try(path, size + SPARE) : status;
}
