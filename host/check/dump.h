/* The file of a wrong number: a safetensors file, with what a replay needs in its metadata. */
#ifndef EBBI_DUMP_H
#define EBBI_DUMP_H

#include "check/live.h"
#include "nn/safetensors.h"

/* The version of the format: in the metadata, under "ebb.dump". */
#define EBBI_DUMP_VERSION "1"

/* X(member of ebbi_layer_tensors): as they are called in the file */
#define EBBI_DUMP_LAYER_LIST(X)                                                                    \
  X(x) X(w) X(b) X(z) X(a) X(dz) X(dw) X(db) X(z_below) X(dz_below) X(target) X(partials) X(logits)

/* A dump that has been read: the facts, all of them checked. */
typedef struct ebbi_dump {
  const char *path;
  ebbi_safetensors *file;
  ebbi_operation operation;
  ebbi_number number; /* the wrong one; its texts live as long as the file */
  ebb_spec spec;
  ebb_loss loss;
  size_t batch, live, width;
  uint64_t step;
  ebb_optimizer optimizer;
  float learning_rate;
  ebb_engine engine;
  ebb_precision precision;
  bool emulated;
} ebbi_dump;

/* Errors: EBB_ERR_INPUT (damaged, or no dump). Free it in any case. */
ebb_status ebbi_dump_read(ebbi_dump *out, const char *path);
void ebbi_dump_free(ebbi_dump *dump);

/* A tensor's numbers, into an array of the probe's. It must be there and of this shape. */
ebb_status ebbi_dump_floats(float **out, ebbi_probe *probe, const ebbi_dump *dump, const char *name,
                            size_t rows, size_t cols);

/* Its rows and columns; false: there is none of two dimensions. */
bool ebbi_dump_shape(size_t *rows, size_t *cols, const ebbi_dump *dump, const char *name);

/* The names of the optimizer's settings in a dump's metadata. */
extern const char *const ebbi_dump_settings[];

#endif
