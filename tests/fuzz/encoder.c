/* An encoder's JSON, as a model file of anyone's may hold it, and then, behind a byte of 0, a text
 * table that is read as further rows for it.
 */
#include "fuzz.h"

#include <data/encoder.h>
#include <data/table.h>
#include <math.h>

enum { CELLS_MAX = 1 << 20 };

/* Written and read, an encoder stays what it is. */
static void check_text(const ebb_encoder *encoder) {
  char *text, *again;
  ebb_encoder *copy;
  if (ebb_encoder_to_json(&text, encoder) != EBB_OK) {
    FUZZ_CHECK(ebb_encoder_task(encoder) == EBB_TASK_AUTO, "not written");
    return;
  }
  FUZZ_CHECK(ebb_encoder_from_json(&copy, text) == EBB_OK, "%s", text);
  FUZZ_CHECK(ebb_encoder_to_json(&again, copy) == EBB_OK, "%s", text);
  FUZZ_CHECK(strcmp(text, again) == 0, "%s\n%s", text, again);
  ebb_encoder_free(copy);
  free(text);
  free(again);
}

static void check_columns(const ebb_encoder *encoder) {
  ebb_encoder_column_info info;
  size_t inputs = 0;
  char name[64];
  for (size_t c = 0; c < ebb_encoder_columns(encoder); c++) {
    FUZZ_CHECK(ebb_encoder_column(&info, encoder, c) == EBB_OK && info.name, "column %zu", c);
    inputs += info.inputs;
  }
  FUZZ_CHECK(inputs == ebb_encoder_inputs(encoder), "%zu inputs of %zu", inputs,
             ebb_encoder_inputs(encoder));
  for (size_t i = 0; i < inputs && i < 64; i++)
    ebbi_encoder_input_name(name, sizeof name, encoder, i);
}

static void check_outputs(const ebb_encoder *encoder) {
  size_t outputs = ebb_encoder_outputs(encoder);
  float *ones = fuzz_need(malloc(outputs * sizeof *ones));
  double *values = fuzz_need(malloc(outputs * sizeof *values));
  FUZZ_CHECK(outputs > 0, "no outputs");
  for (size_t k = 0; k < outputs; k++) {
    ones[k] = 1;
    (void)ebb_encoder_class(encoder, k);
    (void)ebb_encoder_target(encoder, k);
    FUZZ_CHECK(isfinite(ebb_encoder_target_mean(encoder, k)), "output %zu", k);
    FUZZ_CHECK(isfinite(ebb_encoder_target_deviation(encoder, k)), "output %zu", k);
  }
  ebb_encoder_decode(values, encoder, ones, 1);
  free(values);
  free(ones);
}

static void check_rows(ebb_encoder *encoder, char *bytes, size_t size) {
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .encoder = encoder};
  ebb_table *table;
  ebb_dataset encoded;
  char text[64];
  if (ebbi_table_parse(&table, "t", bytes, size, &options) != EBB_OK) {
    fuzz_expect_message();
    return;
  }
  FUZZ_CHECK(ebb_encoder_take_task(encoder, table) == EBB_OK, "task");
  (void)ebb_encoder_unknown(text, sizeof text, encoder, table);
  if (ebb_table_rows(table) * ebb_encoder_inputs(encoder) <= CELLS_MAX) {
    if (ebb_encoder_apply(&encoded, encoder, table, NULL, 0) == EBB_OK) {
      FUZZ_CHECK(ebb_dataset_check(&encoded) == EBB_OK, "rows");
      ebb_dataset_clear(&encoded);
    } else {
      fuzz_expect_message();
    }
  }
  ebb_table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  char *text = fuzz_take(&size, &input, '\0');
  ebb_encoder *encoder;
  ebb_status status = ebb_encoder_from_json(&encoder, text);
  free(text);
  if (status != EBB_OK) {
    fuzz_expect_message();
    return 0;
  }
  check_text(encoder);
  check_columns(encoder);
  check_outputs(encoder);
  char *rows = fuzz_rest(&size, &input);
  check_rows(encoder, rows, size);
  ebb_encoder_free(encoder);
  return 0;
}
