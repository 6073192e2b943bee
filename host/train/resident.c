/* Data on the device: uploaded once, as uint8 where it came so, and gathered there batch by batch.
 */
#include "base/error.h"
#include "train.h"

ebb_status ebbi_resident_check(const char *where, const ebb_dataset *dataset,
                               const ebb_network *network, ebb_loss loss) {
  const ebb_spec *spec = &network->spec;
  bool classes = loss == EBB_LOSS_CROSS_ENTROPY;
  REQUIRE(dataset, EBB_ERR_ARGUMENT, "%s: the dataset is NULL", where);
  TRY(ebb_dataset_check(dataset));
  REQUIRE((unsigned)loss < EBB_LOSS_COUNT, EBB_ERR_ARGUMENT, "%s: there is no loss %d", where,
          (int)loss);
  REQUIRE(dataset->inputs == ebb_spec_inputs(spec), EBB_ERR_ARGUMENT,
          "%s: the data have %zu inputs, the network %zu", where, dataset->inputs,
          ebb_spec_inputs(spec));
  REQUIRE(dataset->outputs == ebb_spec_outputs(spec), EBB_ERR_ARGUMENT,
          "%s: the data have %zu %s, the network %zu outputs", where, dataset->outputs,
          classes ? "classes" : "target columns", ebb_spec_outputs(spec));
  REQUIRE(classes ? dataset->labels != NULL : dataset->values != NULL, EBB_ERR_ARGUMENT,
          "%s: loss %s needs %s, which the data do not have", where, ebb_loss_name(loss),
          classes ? "labels" : "target values");
  return EBB_OK;
}

void ebbi_resident_need(ebbi_need *need, const ebb_dataset *dataset) {
  size_t targets = dataset->labels ? 1 : dataset->outputs;
  ebbi_need_add(need, dataset->rows * dataset->inputs * (dataset->x_u8 ? 1 : sizeof(float)));
  ebbi_need_add(need, dataset->rows * targets * sizeof(float));
}

static ebb_status create(ebbi_resident *resident, ebb_device *device, const ebb_dataset *data) {
  bool bytes = data->x_u8 != NULL, classes = data->labels != NULL;
  resident->scale = bytes ? data->scale : 1;
  TRY(ebb_tensor_create_packed(&resident->x, device, bytes ? EBB_U8 : EBB_F32, data->rows,
                               data->inputs));
  TRY(ebb_tensor_upload(resident->x, bytes ? (const void *)data->x_u8 : data->x));
  TRY(ebb_tensor_create_packed(&resident->targets, device, classes ? EBB_I32 : EBB_F32, data->rows,
                               classes ? 1 : data->outputs));
  return ebb_tensor_upload(resident->targets, classes ? (const void *)data->labels : data->values);
}

ebb_status ebbi_resident_create(ebbi_resident *out, ebb_device *device,
                                const ebb_dataset *dataset) {
  *out = (ebbi_resident){0};
  ebb_status status = create(out, device, dataset);
  if (status != EBB_OK) ebbi_resident_free(out);
  return status;
}

ebb_status ebbi_resident_gather(ebbi_pass *pass, const ebbi_resident *data, bool shuffle,
                                uint64_t seed) {
  return ebb_gather(pass->x, pass->target, pass->state, data->x, data->targets, data->scale,
                    shuffle, seed);
}

ebbi_whole_source ebbi_resident_source(const ebb_trainer *trainer) {
  return (ebbi_whole_source){.data = trainer->data.x,
                             .targets = trainer->data.targets,
                             .loss = trainer->options.loss,
                             .scale = trainer->data.scale,
                             .shuffle = trainer->options.shuffle,
                             .seed = trainer->options.seed};
}

void ebbi_resident_free(ebbi_resident *resident) {
  ebb_tensor_free(resident->x);
  ebb_tensor_free(resident->targets);
  *resident = (ebbi_resident){0};
}
