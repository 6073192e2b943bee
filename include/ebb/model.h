/* Models: a network together with what turns raw rows into its inputs, in one file.
 *
 * The file is safetensors; its metadata hold the spec, the loss, the encoder, the split and which
 * data it was trained on.
 */
#ifndef EBB_MODEL_H
#define EBB_MODEL_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ebb_model {
  ebb_network *network;
  ebb_encoder *encoder; /* NULL: rows are the inputs themselves */
  ebb_loss loss;
  ebb_split split; /* how the data were parted when it was trained; valid and test 0: not at all */
  uint64_t fingerprint; /* ebb_table_fingerprint of those data; 0: not known */
} ebb_model;

/* Writes the model; the file at `path` is replaced as a whole or not at all. The weights are read
 * from the device twice and must be equal and finite, the file is read back before it replaces the
 * old one, and holds a checksum that every load compares. Nothing in it depends on time or machine:
 * equal weights give equal bytes. Blocks.
 * Errors: EBB_ERR_OUTPUT (the message tells why: no space, the limit of the process, …), and those
 * of ebb_model_image_make; the old file still stands then. */
ebb_status ebb_model_save(const ebb_model *model, const char *path);

/* A model file in host memory: as large as the file, and without need of model or device. Making
 * an image and writing it are the two halves of ebb_model_save. */
typedef struct ebb_model_image ebb_model_image;

/* Reads the model into an image. Blocks.
 * Errors: EBB_ERR_DEVICE (two reads differ), EBB_ERR_NUMBERS (NaN or Inf, in the weights or the
 * encoder), EBB_ERR_ARGUMENT (encoder and network do not fit, texts that are not UTF-8),
 * EBB_ERR_MEMORY. */
ebb_status ebb_model_image_make(ebb_model_image **out, const ebb_model *model);

/* Any thread may write an image, any number of times, and also while a device hangs.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebb_model_image_write(const ebb_model_image *image, const char *path);
void ebb_model_image_free(ebb_model_image *image); /* NULL is accepted */

/* Tells whether ebb_model_save would work at `path`, for a model of this network and encoder (NULL:
 * none). Asks for the space, the rename's rights and the length of the name. Leaves nothing, and
 * takes no longer for a large model. Errors: EBB_ERR_OUTPUT, EBB_ERR_ARGUMENT, EBB_ERR_MEMORY. */
ebb_status ebb_model_try(const ebb_spec *spec, const ebb_encoder *encoder, const char *path);

/* Reads a model onto `device`. `spec_text` gives the network's spec, or just its hidden layers, if
 * the file has no metadata (as PyTorch writes it), and must agree with it otherwise; NULL: the file
 * must tell, as it does if it has one layer. ebb_network_notes tells what was guessed.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT. */
ebb_status ebb_model_load(ebb_model *out, ebb_device *device, const char *path,
                          const char *spec_text);

/* What a model file holds besides the numbers of its weights. */
typedef struct ebb_model_info {
  ebb_spec spec;
  ebb_encoder *encoder; /* these as in ebb_model */
  ebb_loss loss;
  ebb_split split;
  uint64_t fingerprint;
  char *notes; /* what ebb_network_notes would tell of the network */
} ebb_model_info;

/* Reads and checks a model file as ebb_model_load does, its weights too, but needs no device.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT. */
ebb_status ebb_model_describe(ebb_model_info *out, const char *path, const char *spec_text);

/* Frees encoder and notes and zeroes the description. NULL is accepted. */
void ebb_model_info_clear(ebb_model_info *info);

/* Frees network and encoder and zeroes the model. NULL is accepted. */
void ebb_model_clear(ebb_model *model);

#ifdef __cplusplus
}
#endif
#endif
