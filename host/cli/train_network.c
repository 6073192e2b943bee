/* The network of a training: its layers from the options and the data, its initial weights from a
 * seed or a file.
 */
#include "train_network.h"

#include "inputs.h"
#include "output.h"

#include <stdlib.h>

/* The layers of the file of --init; in a resumed training those of its checkpoint, since the file
 * is not needed any more. */
static ebb_status spec_of_init(training *t) {
  ebb_model_info info = {0};
  ebb_checkpoint_info checkpoint = {0};
  ebb_status status = t->s->resume ? ebb_checkpoint_describe(&checkpoint, t->s->resume)
                                   : ebb_model_describe(&info, t->s->init, NULL);
  if (status == EBB_OK && t->s->resume)
    snprintf(t->spec_text, sizeof t->spec_text, "%s", checkpoint.spec);
  else if (status == EBB_OK)
    status = ebb_spec_text(t->spec_text, sizeof t->spec_text, &info.spec);
  ebb_checkpoint_info_clear(&checkpoint);
  ebb_model_info_clear(&info);
  return status;
}

int network_choose(training *t) {
  const settings *s = t->s;
  const char *text = s->model ? s->model : EBB_DEFAULT_NETWORK;
  bool from_init = !s->model && s->init;
  if (from_init) {
    ebb_status status = spec_of_init(t);
    if (status != EBB_OK) return fail_status(status);
    text = t->spec_text;
  }
  ebb_status status = ebb_model_spec(&t->spec, text, t->encoder, t->options.loss);
  if (status == EBB_OK && s->members > 0) {
    ebb_spec plain = t->spec;
    status = ebb_spec_members(&t->spec, &plain, s->members, t->options.loss.kind);
  }
  if (status == EBB_OK) status = ebb_spec_text(t->spec_text, sizeof t->spec_text, &t->spec);
  return fail_option(s, from_init ? "init" : "model", status);
}

/* Sets the weights of the last layer that has some to zeros, so that all outputs begin as the
 * biases: zeros. */
static int clear_last(ebb_network *network) {
  size_t last = ebb_network_spec(network)->count - 1;
  while (!ebb_network_weight(network, last)) last--;
  ebb_tensor *weight = ebb_network_weight(network, last);
  float *zeros = calloc(ebb_tensor_rows(weight) * ebb_tensor_cols(weight), sizeof *zeros);
  if (!zeros) return fail(EXIT_FAILED, "no memory for the last layer's weights");
  ebb_status status = ebb_tensor_upload(weight, zeros);
  free(zeros);
  return fail_status(status);
}

int network_create(training *t, bool load) {
  const settings *s = t->s;
  ebb_status status =
      ebb_network_create(&t->network, t->device, &t->spec, (ebb_init)s->initializer, s->seed);
  if (status == EBB_OK && load) status = ebb_network_load_weights(t->network, s->init);
  if (status != EBB_OK) return fail_status(status);
  if (load) note_weights(s, s->init, ebb_network_notes(t->network));
  return s->zero_last && !load ? clear_last(t->network) : EXIT_GOOD;
}

int network_build(training *t, bool load) {
  int code = network_create(t, load);
  if (code != EXIT_GOOD) return code;
  ebb_status status = ebb_trainer_create(&t->trainer, t->network, &t->train,
                                         t->valid_rows ? &t->valid : NULL, &t->options);
  bool asked = status == EBB_ERR_UNSUPPORTED && t->s->step == EBB_STEP_WHOLE;
  return asked ? fail_option(t->s, "step", status) : fail_status(status);
}
