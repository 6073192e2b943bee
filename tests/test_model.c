/* Model files: weights and metadata are restored exactly, and a file that does not fit is refused
 * without any change. */
#include "test_support.h"

#include <ebb/ebb.h>
#include <math.h>
#include <nn/safetensors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ebb_network *make_network(ebb_device *device, const char *text) {
  ebb_spec spec;
  ebb_network *network;
  assert_int_equal(ebb_spec_parse(&spec, text, 7, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 11), EBB_OK);
  return network;
}

static float *parameters_of(ebb_network *network, size_t *count) {
  ebb_tensor *slab = ebb_network_parameters(network);
  *count = ebb_tensor_cols(slab);
  float *values = malloc(*count * sizeof *values);
  assert_int_equal(ebb_tensor_download(values, slab), EBB_OK);
  return values;
}

static void make_path(char path[32]) {
  strcpy(path, "/tmp/ebb_test_model_XXXXXX");
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  close(descriptor);
}

static void models_keep_weights_and_metadata(void **state) {
  ebb_device *device = *state;
  char path[32];
  make_path(path);
  ebb_network *network = make_network(device, "16relu-300gelu-5");
  ebb_model model = {.network = network,
                     .loss = ebb_loss_default(EBB_LOSS_MSE),
                     .split = {.valid = 0.25, .test = 0.125, .last = true, .seed = UINT64_MAX},
                     .fingerprint = 0xfedcba9876543210u},
            loaded;
  assert_int_equal(ebb_model_save(&model, path), EBB_OK);
  assert_int_equal(ebb_model_load(&loaded, device, path, NULL), EBB_OK);
  assert_int_equal(loaded.loss.kind, EBB_LOSS_MSE);
  assert_true(loaded.split.valid == 0.25 && loaded.split.test == 0.125 && loaded.split.last &&
              loaded.split.seed == UINT64_MAX);
  assert_true(loaded.fingerprint == 0xfedcba9876543210u);
  size_t count, loaded_count;
  float *saved = parameters_of(network, &count),
        *read = parameters_of(loaded.network, &loaded_count);
  assert_int_equal(count, loaded_count);
  assert_memory_equal(saved, read, count * sizeof(float));
  ebb_model_clear(&loaded);
  assert_int_equal(ebb_model_load(&loaded, device, path, "7-16relu-300gelu-5"), EBB_OK);
  ebb_model_clear(&loaded);
  assert_int_equal(ebb_model_load(&loaded, device, path, "7-17relu-300gelu-5"), EBB_ERR_ARGUMENT);
  ebb_network *other = make_network(device, "16relu-299gelu-5");
  float *before = parameters_of(other, &loaded_count);
  assert_int_equal(ebb_network_load_weights(other, path), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "2.weight"));
  float *after = parameters_of(other, &loaded_count);
  assert_memory_equal(before, after, loaded_count * sizeof(float));
  free(saved);
  free(read);
  free(before);
  free(after);
  ebb_network_free(other);
  ebb_network_free(network);
  remove(path);
}

static void weights_that_are_no_numbers_are_refused(void **state) {
  ebb_device *device = *state;
  char path[32];
  make_path(path);
  ebb_network *network = make_network(device, "3tanh-2");
  float weights[21] = {0};
  weights[4] = NAN;
  const ebbi_safetensor_source tensors[] = {{"0.weight", 2, {3, 7}, weights},
                                            {"2.weight", 2, {2, 3}, weights + 7}};
  const ebb_metadata spec = {"ebb.spec", "7-3tanh-2"};
  assert_int_equal(ebbi_safetensors_write(path, &spec, 1, tensors, 2), EBB_OK);
  assert_int_equal(ebb_network_load_weights(network, path), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "0.weight"));
  assert_non_null(strstr(ebb_error_message(), "nan"));
  ebb_model_info info;
  assert_int_equal(ebb_model_describe(&info, path, NULL),
                   EBB_ERR_INPUT); /* it cannot be described either */
  assert_non_null(strstr(ebb_error_message(), "nan"));
  ebb_network_free(network);
  remove(path);
}

/* cli/train.sh checks that this opens no device. */
static void a_description_is_what_loading_gives(void **state) {
  ebb_device *device = *state;
  char path[32], text[64];
  make_path(path);
  ebb_network *network = make_network(device, "16relu-5");
  ebb_model model = {.network = network,
                     .loss = ebb_loss_default(EBB_LOSS_MSE),
                     .split = {.valid = 0.25, .last = true, .seed = 7}};
  assert_int_equal(ebb_model_save(&model, path), EBB_OK);
  ebb_model_info info;
  assert_int_equal(ebb_model_describe(&info, path, NULL), EBB_OK);
  assert_int_equal(ebb_spec_text(text, sizeof text, &info.spec), EBB_OK);
  assert_string_equal(text, "7-16relu-5");
  assert_int_equal(info.loss.kind, EBB_LOSS_MSE);
  assert_true(info.split.valid == 0.25 && info.split.test == 0 && info.split.last &&
              info.split.seed == 7);
  assert_true(info.fingerprint == 0); /* unknown, so absent from the file */
  assert_null(info.encoder);
  ebb_model_info_clear(&info);
  ebb_model_info_clear(NULL);
  assert_int_equal(ebb_model_describe(&info, path, "7-17relu-5"), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "holds the network 7-16relu-5"));
  assert_int_equal(truncate(path, 200), 0);
  assert_int_equal(ebb_model_describe(&info, path, NULL), EBB_ERR_INPUT);
  ebb_network_free(network);
  remove(path);
}

/* Model files from before test parts and fingerprints existed, and damaged ones. */
static void metadata_of_data_and_split(void **state) {
  ebb_device *device = *state;
  static const struct {
    const char *split, *data; /* NULL: absent */
    const char *message;      /* NULL: valid */
  } cases[] = {
      {NULL, NULL, NULL},
      {"{\"last\":false,\"seed\":\"1\",\"valid\":0.2}", NULL, NULL},
      {"{\"last\":false,\"seed\":\"1\",\"test\":0.7,\"valid\":0.2}", "0000000000000001", NULL},
      {"{\"last\":false,\"seed\":\"1\",\"test\":0.8,\"valid\":0.2}", NULL, "ebb.split is damaged"},
      {"{\"last\":false,\"seed\":\"1\",\"test\":-0.1,\"valid\":0.2}", NULL, "ebb.split is damaged"},
      {NULL, "0000000000000001f", "ebb.data is damaged"},
      {NULL, "1", "ebb.data is damaged"},
      {NULL, "", "ebb.data is damaged"},
      {"{\"last\":false,\"seed\":\"1\",\"valid\":0.2,\"valid\":0.3}", NULL, "ebb.split is damaged"},
      {"{\"last\":false,\"last\":false,\"seed\":\"1\",\"valid\":0.2}", NULL,
       "ebb.split is damaged"},
      {"{\"last\":0,\"seed\":\"1\",\"valid\":0.2}", NULL, "ebb.split is damaged"},
      {"{\"last\":false,\"seed\":\"\",\"valid\":0.2}", NULL, "ebb.split is damaged"},
      {"{\"last\":false,\"seed\":\"-1\",\"valid\":0.2}", NULL, "ebb.split is damaged"},
      {"{\"last\":false,\"seed\":\"18446744073709551616\",\"valid\":0.2}", NULL,
       "ebb.split is damaged"},
      {"{\"last\":false,\"seed\":\"1\",\"valid\":\"0.2\"}", NULL, "ebb.split is damaged"},
      {"{\"last\":false,\"seed\":\"1\"}", NULL, "ebb.split is damaged"},
      {"[]", NULL, "ebb.split is damaged"},
  };
  char path[32];
  make_path(path);
  ebb_network *network = make_network(device, "3tanh-2");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_metadata pairs[2];
    size_t count = 0;
    if (cases[i].split) pairs[count++] = (ebb_metadata){"ebb.split", cases[i].split};
    if (cases[i].data) pairs[count++] = (ebb_metadata){"ebb.data", cases[i].data};
    assert_int_equal(ebb_network_save(network, path, pairs, count), EBB_OK);
    ebb_model_info info;
    ebb_status wanted = cases[i].message ? EBB_ERR_INPUT : EBB_OK;
    assert_int_equal(ebb_model_describe(&info, path, NULL), wanted);
    if (cases[i].message) {
      assert_non_null(strstr(ebb_error_message(), cases[i].message));
      continue;
    }
    assert_true(info.fingerprint == (cases[i].data ? 1 : 0));
    assert_true(info.split.test == (cases[i].data ? 0.7 : 0));
    ebb_model_info_clear(&info);
  }
  ebb_network_free(network);
  remove(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models_keep_weights_and_metadata),
      cmocka_unit_test(weights_that_are_no_numbers_are_refused),
      cmocka_unit_test(a_description_is_what_loading_gives),
      cmocka_unit_test(metadata_of_data_and_split),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
