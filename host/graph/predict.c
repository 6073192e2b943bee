/* Prediction: uploads rows and downloads outputs, in batches of bounded size. */
#include "base/error.h"
#include "pass.h"

#include <stdlib.h>
#include <string.h>

enum { PREDICT_ROWS = 1024 }; /* of a value */

/* Builds the programs before the first rows are uploaded, so that their number is known in advance.
 */
static ebb_status build_programs(ebbi_pass *pass) {
  ebbi_programs_plan(pass->network->device);
  return ebbi_programs_build(pass->network->device, ebbi_pass_forward(pass));
}

/* Runs a pass over `live` rows. With fewer rows than the batch, old rows remain behind them; their
 * outputs are not used. The batch has its own buffer and is uploaded with padding: tools that track
 * initialised memory recognise host writes only where they fill a buffer in one piece. */
static ebb_status predict_batch(ebbi_pass *pass, float *rows_in, float *rows_out, float *output,
                                const float *input, size_t live) {
  const ebb_spec *spec = &pass->network->spec;
  size_t inputs = ebb_spec_inputs(spec), outputs = ebb_spec_outputs(spec);
  size_t stride = pass->value[0]->stride, bytes = stride * sizeof *input;
  for (size_t row = 0; row < live; row++)
    memcpy(rows_in + row * stride, input + row * inputs, inputs * sizeof *input);
  TRY(ebbi_buffer_upload(pass->value[0]->buffer, rows_in, pass->value[0]->rows, bytes, bytes));
  TRY(ebbi_pass_forward(pass));
  TRY(ebb_tensor_download(rows_out, pass->value[spec->count]));
  memcpy(output, rows_out, live * outputs * sizeof *output);
  return EBB_OK;
}

/* The number of examples in a batch: no value has more than PREDICT_ROWS rows. */
static size_t batch_of(const ebb_spec *spec, size_t rows) {
  size_t most = 1;
  for (size_t v = 1; v <= spec->count; v++)
    if (ebbi_value_rows(spec, v, false) > most) most = ebbi_value_rows(spec, v, false);
  size_t batch = PREDICT_ROWS / most;
  return rows < batch ? rows : batch;
}

ebb_status ebb_network_predict(ebb_network *network, float *output, const float *input,
                               size_t rows) {
  REQUIRE(network && output && input && rows > 0, EBB_ERR_ARGUMENT,
          "ebb_network_predict: an argument is NULL or there are no rows");
  size_t inputs = ebb_spec_inputs(&network->spec), outputs = ebb_spec_outputs(&network->spec);
  size_t batch = batch_of(&network->spec, rows);
  ebbi_pass *pass = NULL;
  float *rows_in = calloc(batch * ebbi_stride(batch, inputs), sizeof *rows_in);
  float *rows_out = calloc(batch * outputs, sizeof *rows_out);
  ebb_status status =
      rows_in && rows_out
          ? ebbi_pass_create_prediction(&pass, ebbi_device_exec(network->device), network, batch)
          : ebbi_fail(EBB_ERR_MEMORY, "ebb_network_predict: no memory for %zu rows", batch);
  if (status == EBB_OK) status = build_programs(pass);
  for (size_t at = 0; at < rows && status == EBB_OK; at += batch)
    status = predict_batch(pass, rows_in, rows_out, output + at * outputs, input + at * inputs,
                           rows - at < batch ? rows - at : batch);
  ebbi_pass_free(pass);
  free(rows_in);
  free(rows_out);
  return status;
}
