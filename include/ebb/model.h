/* Models: a network together with the encoder that turns raw rows into its inputs, in one file.
 *
 * The file is safetensors. Its metadata hold the spec, the loss, the encoder, the split and the
 * fingerprint of the training data.
 */
#ifndef EBB_MODEL_H
#define EBB_MODEL_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ebb_model {
  ebb_network *network;
  ebb_encoder *encoder; /* NULL: a row's columns are the inputs */
  ebb_loss loss;
  ebb_split split;      /* the split used in training; valid and test 0: no split */
  uint64_t fingerprint; /* ebb_table_fingerprint of the training data; 0: unknown */
} ebb_model;

/* How many outputs a network for this encoder needs: one for each class, but one for two classes by
 * a binary loss; ebb_loss_outputs for each target. */
size_t ebb_model_outputs(const ebb_encoder *encoder, ebb_loss loss);

/* Parses a network's text for the inputs of an encoder and the outputs of a loss. The embeddings of
 * the encoder come before its layers, unless the text has embeddings itself. Errors:
 * EBB_ERR_ARGUMENT, as ebb_spec_parse. */
ebb_status ebb_model_spec(ebb_spec *spec, const char *text, const ebb_encoder *encoder,
                          ebb_loss loss);

/* Logits of the classes, for ebb_scores_classes: the network's outputs, or 0
 * and the output of a binary loss. Both may be the same array.
 * Shapes: logits [rows, classes]; outputs [rows, outputs of the network]. */
void ebb_class_logits(float *logits, const ebb_encoder *encoder, ebb_loss loss,
                      const float *outputs, size_t rows);

/* Their probabilities.  Shapes: probabilities [rows, classes]. */
void ebb_class_probabilities(double *probabilities, const ebb_encoder *encoder, ebb_loss loss,
                             const float *outputs, size_t rows);

/* Makes predictions of a network's outputs for a regression, one a target, in the target's own
 * units: undoes the standardisation of the target, and applies the loss's link. Of quantiles it is
 * the one nearest to the median, of gaussian the mean.
 * Shapes: values [rows, targets]; outputs [rows, outputs of the network]. */
void ebb_predictions(double *values, const ebb_encoder *encoder, ebb_loss loss,
                     const float *outputs, size_t rows);

/* The same for each output: quantiles, in rising order also where outputs cross; of gaussian mean
 * and standard deviation.
 * Shapes: values and outputs [rows, targets, ebb_loss_outputs]. */
void ebb_output_predictions(double *values, const ebb_encoder *encoder, ebb_loss loss,
                            const float *outputs, size_t rows);

/* All that a network says about each target, as `ebb predict` writes it: what
 * ebb_output_predictions gives; for bce 0 or 1, and the probability of 1. The names of these
 * columns: "prediction"; "q0.1" of several quantiles, "deviation" of gaussian, "p" of bce; with
 * several targets followed by the target's, "p_A". Shapes: values [rows, ebb_predicted_columns]. */
enum { EBB_PREDICTED_NAME = 320 };
size_t ebb_predicted_columns(const ebb_encoder *encoder, ebb_loss loss);
const char *ebb_predicted_name(char text[EBB_PREDICTED_NAME], const ebb_encoder *encoder,
                               ebb_loss loss, size_t index);
void ebb_predicted_values(double *values, const ebb_encoder *encoder, ebb_loss loss,
                          const float *outputs, size_t rows);

/* Writes the model. The file at `path` is replaced as a whole or not at all. The weights are read
 * from the device twice and must be equal and finite; the file is read back before it replaces the
 * old one; and it holds a checksum that every load compares. Its contents do not depend on time or
 * machine: equal weights give equal bytes. Blocks.
 * Errors: EBB_ERR_OUTPUT (the message says why: no space, the process's file size limit, …), and
 * those of ebb_model_image_make. After an error the old file is intact. */
ebb_status ebb_model_save(const ebb_model *model, const char *path);

/* A model file in host memory. It has the size of the file and needs neither model nor device.
 * Making an image and writing it are the two halves of ebb_model_save. */
typedef struct ebb_model_image ebb_model_image;

/* Reads the model into an image. Blocks.
 * Errors: EBB_ERR_DEVICE (two reads differ), EBB_ERR_NUMBERS (NaN or Inf, in the weights or the
 * encoder), EBB_ERR_ARGUMENT (encoder and network do not fit, texts that are not UTF-8),
 * EBB_ERR_MEMORY. */
ebb_status ebb_model_image_make(ebb_model_image **out, const ebb_model *model);

/* Writes an image. Any thread may write it, any number of times, even while a device hangs.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebb_model_image_write(const ebb_model_image *image, const char *path);
void ebb_model_image_free(ebb_model_image *image); /* accepts NULL */

/* Checks whether ebb_model_save would work at `path` for a model of this network and encoder (NULL:
 * none): space, the right to rename and the length of the name. Leaves nothing behind; its duration
 * does not depend on the model's size.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_ARGUMENT, EBB_ERR_MEMORY. */
ebb_status ebb_model_try(const ebb_spec *spec, const ebb_encoder *encoder, const char *path);

/* Reads a model onto `device`. If the file has no metadata (as PyTorch writes it), `spec_text`
 * gives the network's spec or just its hidden layers; otherwise it must agree with the metadata.
 * With NULL the file must define the spec, which a file with a single layer does. ebb_network_notes
 * lists what was guessed.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT. */
ebb_status ebb_model_load(ebb_model *out, ebb_device *device, const char *path,
                          const char *spec_text);

/* The contents of a model file, except the weights' values. */
typedef struct ebb_model_info {
  ebb_spec spec;
  ebb_encoder *encoder; /* as in ebb_model */
  ebb_loss loss;
  ebb_split split;
  uint64_t fingerprint;
  char *notes; /* what ebb_network_notes would return */
} ebb_model_info;

/* Reads and checks a model file as ebb_model_load does, including its weights. Needs no device.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT. */
ebb_status ebb_model_describe(ebb_model_info *out, const char *path, const char *spec_text);

/* Frees encoder and notes and zeroes the description. Accepts NULL. */
void ebb_model_info_clear(ebb_model_info *info);

/* Frees network and encoder and zeroes the model. Accepts NULL. */
void ebb_model_clear(ebb_model *model);

#ifdef __cplusplus
}
#endif
#endif
