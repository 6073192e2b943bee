/* Files written by PyTorch, and others without ebb's metadata: which tensors are layers and in
 * which order, what is refused, the notes, and the resulting numbers. */
#include "nn/file_layers.h"
#include "test_support.h"

#include <ebb/ebb.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CASES EBB_SOURCE_DIR "/../shared/cases/11-safetensors/"

static char path[] = "/tmp/ebb_torch_files_XXXXXX";

static int set_up(void **state) {
  int descriptor = mkstemp(path);
  return descriptor < 0 || close(descriptor) != 0 ? -1 : open_test_device(state);
}

static int tear_down(void **state) {
  remove(path);
  return close_test_device(state);
}

/* Writes tensors given as "name DTYPE [shape]; …", all zeros. */
static void write_tensors(const char *list) {
  char header[16384] = "{", name[128], dtype[16], shape[64];
  size_t end = 0, used = 1;
  for (const char *at = list; at; at = strchr(at, ';') ? strchr(at, ';') + 1 : NULL) {
    assert_int_equal(sscanf(at, " %127s %15s [%63[^]]", name, dtype, shape), 3);
    size_t begin = end, count = 1;
    for (const char *size = shape; size; size = strchr(size, ',') ? strchr(size, ',') + 1 : NULL)
      count *= strtoul(size, NULL, 10);
    end += count * (strstr(dtype, "64")   ? 8
                    : strstr(dtype, "32") ? 4
                    : strstr(dtype, "16") ? 2
                                          : 1);
    used +=
        (size_t)snprintf(header + used, sizeof header - used,
                         "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                         begin ? "," : "", name, dtype, shape, begin, end);
  }
  header[used++] = '}';
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  for (int i = 0; i < 8; i++) putc((int)(used >> 8 * i & 0xff), file);
  fwrite(header, 1, used, file);
  for (size_t i = 0; i < end; i++) putc(0, file);
  assert_int_equal(fclose(file), 0);
}

/* The file's layers have these weights, "a b c", and the notes contain a text ("": there are
 * none). */
static void expect_layers(const char *list, const char *weights, const char *note) {
  ebbi_safetensors *file;
  ebbi_file_layers layers;
  char found[1024] = "";
  write_tensors(list);
  assert_int_equal(ebbi_safetensors_read(&file, path), EBB_OK);
  if (ebbi_file_layers_find(&layers, file, path, NULL) != EBB_OK)
    fail_msg("%s: %s", list, ebb_error_message());
  for (size_t l = 0; l < layers.count; l++) {
    strcat(strcat(found, l ? " " : ""), layers.tensor[0][l]->name);
    if (!layers.tensor[1][l]) strcat(found, "!");
  }
  assert_string_equal(found, weights);
  if (*note ? !strstr(layers.notes, note) : layers.notes[0] != '\0')
    fail_msg("%s: notes \"%s\", not \"%s\"", list, layers.notes, note);
  ebbi_safetensors_free(file);
}

static void expect_error(ebb_status status, const char *part) {
  assert_int_equal(status, EBB_ERR_INPUT);
  const char *message = ebb_error_message();
  if (strncmp(message, path, strlen(path)) != 0 || !strstr(message, part))
    fail_msg("\"%s\" does not say \"%s\"", message, part);
  assert_null(strpbrk(message, "\n\r"));
}

static void refuse_layers(const char *list, const char *part) {
  ebbi_safetensors *file;
  ebbi_file_layers layers;
  write_tensors(list);
  assert_int_equal(ebbi_safetensors_read(&file, path), EBB_OK);
  expect_error(ebbi_file_layers_find(&layers, file, path, NULL), part);
  ebbi_safetensors_free(file);
}

/* Biases are omitted where they do not matter. */
static void numbers_in_names_give_the_order(void **state) {
  (void)state;
  expect_layers("fc1.weight F32 [8,3]; fc1.bias F32 [8]; fc2.weight F32 [2,8]; fc2.bias F32 [2]",
                "fc1.weight fc2.weight", "");
  expect_layers("module.4.bias F32 [2]; module.4.weight F32 [2,8]; module.0.bias F32 [8]; "
                "module.0.weight F32 [8,3]",
                "module.0.weight module.4.weight", "");
  expect_layers("fc10.weight F32 [4,4]; fc2.weight F32 [4,4]; fc1.weight F32 [4,4]",
                "fc1.weight! fc2.weight! fc10.weight!", "no bias in the file, taken as zeros: fc1");
  expect_layers("a.007.weight F32 [4,4]; a.8.weight F32 [4,4]; a.18446744073709551616.weight F32 "
                "[4,4]",
                "a.007.weight! a.8.weight! a.18446744073709551616.weight!", "no bias");
  expect_layers("net.layers.1.lin.weight F32 [4,4]; net.layers.0.lin.weight F32 [4,4]",
                "net.layers.0.lin.weight! net.layers.1.lin.weight!", "no bias");
  expect_layers("weight F32 [2,3]; bias F32 [2]", "weight", "");
}

static void shapes_give_the_order_where_names_do_not(void **state) {
  (void)state;
  expect_layers(
      "hidden.weight F32 [8,8]; input.weight F32 [8,3]; output.weight F32 [2,8]",
      "input.weight! hidden.weight! output.weight!",
      "from their shapes: input.weight [8, 3], hidden.weight [8, 8], output.weight [2, 8]");
  expect_layers("classifier.weight F32 [2,8]; features.2.weight F32 [8,8]; features.0.weight F32 "
                "[8,8]",
                "features.0.weight! features.2.weight! classifier.weight!", "from their shapes");
  refuse_layers(
      "a.weight F32 [4,4]; b.weight F32 [4,4]",
      "neither the numbers in the names nor the shapes determine the order of its layers: "
      "a.weight [4, 4], b.weight [4, 4]");
  refuse_layers("decoder.weight F32 [8,3]; encoder.weight F32 [3,8]", "determine the order");
  refuse_layers(
      "fc1.weight F32 [8,3]; fc2.weight F32 [2,9]",
      "cannot be ordered so that each layer takes the outputs of the one before it: fc1.weight [8, "
      "3], fc2.weight [2, 9]");
  refuse_layers("fc2.weight F32 [8,3]; fc1.weight F32 [2,8]",
                "cannot be ordered"); /* numbers take precedence */
}

/* 127 equal shapes, and more orders than can be tried when the last layer never fits. */
static void the_search_ends(void **state) {
  (void)state;
  char list[8192] = "first.weight F32 [5,4]";
  for (int i = 0; i < EBB_MAX_NODES - 2; i++)
    sprintf(list + strlen(list), "; %c%c.weight F32 [5,5]", 'a' + i / 26, 'a' + i % 26);
  strcat(list, "; last.weight F32 [7,6]");
  refuse_layers(list, "determine the order");
  strcat(list, "; more.weight F32 [5,5]");
  refuse_layers(list, "more than 128 layers");
}

static void other_tensors_are_named(void **state) {
  (void)state;
  expect_layers("0.weight F32 [2,3]; 0.bias F32 [2]; step I64 [1]", "0.weight",
                "ignored, being no parameter of the network: step [1] I64");
  expect_layers("0.weight F32 [2,3]; 0.bias F32 [2]; 1.weight F32 [2]; 1.bias F32 [2]; "
                "1.running_mean F32 [2]; 1.num_batches_tracked I64 [1]",
                "0.weight", "1.running_mean [2], 1.num_batches_tracked [1] I64; if the network");
  expect_layers("0.weight F32 [2,3]; 0.bias F32 [2]; mean F32 [1,3]; ids I64 [7,7]", "0.weight",
                "mean [1, 3], ids [7, 7] I64; if");
  char list[8192] = "0.weight F32 [2,3]; 0.bias F32 [2]";
  for (int i = 0; i < 99; i++) sprintf(list + strlen(list), "; buffer%d I64 [1]", i);
  expect_layers(list, "0.weight", " more");
}

static void other_networks_are_refused(void **state) {
  (void)state;
  refuse_layers("c.weight F32 [4,3,3,3]; c.bias F32 [4]; fc.weight F32 [2,4]",
                "\"c.weight\" has 4 dimensions, as the weight of a convolution; ebb runs dense");
  refuse_layers("lstm.weight_ih_l0 F32 [16,3]; lstm.weight_hh_l0 F32 [16,4]; fc.weight F32 [2,4]",
                "\"lstm.weight_ih_l0\" [16, 3] does not belong to a dense layer");
  refuse_layers("0.weight I8 [2,3]", "\"0.weight\" is of dtype I8: weights that are quantised");
  refuse_layers("x F32 [2]; y F32 [3]",
                "holds no dense layer: none of its tensors is called "
                "\"weight\" or \"NAME.weight\" and has 2 dimensions; it has "
                "x [2], y [3]");
  refuse_layers("0.weight F32 [2,3]; 0.bias F32 [3]", "\"0.bias\" is [3], must be [2]");
  refuse_layers("0.weight F32 [2,0]", "a layer has 1 to 1048576 inputs and outputs");
}

static size_t random_below(uint64_t *seed, size_t limit) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (size_t)(*seed >> 33) % limit;
}

/* Arbitrary names and shapes give a result, and its layers chain. */
static void expect_loaded(const char *list, const char *text, const char *part) {
  ebbi_safetensors *file;
  ebbi_file_layers layers;
  ebb_spec spec;
  write_tensors(list);
  assert_int_equal(ebbi_safetensors_read(&file, path), EBB_OK);
  ebb_status status = ebbi_file_spec(&spec, file, path, text);
  if (status == EBB_OK) status = ebbi_file_layers_find(&layers, file, path, &spec);
  if (part) expect_error(status, part);
  if (!part && status != EBB_OK) fail_msg("%s: %s", list, ebb_error_message());
  ebbi_safetensors_free(file);
}

/* A vector called weight is told by the spec, or else by what stands beside it. */
static void norms_are_told_apart(void **state) {
  (void)state;
  static const char layer[] = "0.weight F32 [2,3]; 0.bias F32 [2]; 1.weight F32 [2]; "
                              "1.bias F32 [2]; 3.weight F32 [5,2]; 3.bias F32 [5]";
  static const char root[] = "0.weight F32 [2,3]; 0.bias F32 [2]; 1.weight F32 [2]; "
                             "3.weight F32 [5,2]; 3.bias F32 [5]";
  expect_loaded(layer, "3-2-layernormrelu-5", NULL);
  expect_loaded(layer, "2identity-layernormrelu", NULL);
  expect_loaded(root, "3-2-rmsnormrelu-5", NULL);
  static const char batch[] =
      "0.weight F32 [2,3]; 0.bias F32 [2]; 1.weight F32 [2]; 1.bias F32 [2]; "
      "1.running_mean F32 [2]; 1.running_var F32 [2]; "
      "1.num_batches_tracked I64 [1]; 3.weight F32 [5,2]; 3.bias F32 [5]";
  expect_loaded(batch, "3-2-batchnormrelu-5", NULL);
  expect_loaded(batch, "3-2-layernormrelu-5",
                "with \"1.running_mean\", \"1.weight\" belongs to a layer of kind batchnorm");
  expect_loaded(layer, "3-2-batchnormrelu-5",
                "the running_var that goes with \"1.weight\" is missing");
  expect_loaded(batch, NULL, "\"1.weight\" [2] belongs to a layer of kind batchnorm");
  expect_loaded(layer, "3-2-rmsnormrelu-5",
                "with \"1.bias\", \"1.weight\" belongs to a layer of kind layernorm; the network's "
                "layer 2, rmsnormrelu, has no such parameter");
  expect_loaded(layer, "3-2relu-5",
                "\"1.weight\" [2] belongs to a layer of kind layernorm, which the network lacks");
  expect_loaded(layer, NULL,
                "\"1.weight\" [2] belongs to a layer of kind layernorm; give the network");
  expect_loaded(root, NULL, "\"1.weight\" [2] belongs to a layer of kind rmsnorm");
  expect_loaded(
      "0.weight F32 [2,3]; 0.bias F32 [2]; 1.weight F32 [3]; 1.bias F32 [3]; 3.weight F32 "
      "[5,2]",
      "3-2-layernorm-5", "cannot be ordered so that each layer takes the outputs");
  static const char bias[] = "0.weight F32 [2,3]; 0.bias F32 [2]; 2.weight F32 [5,2]";
  expect_loaded(bias, "3-2relu-5:nobias", NULL);
  expect_loaded(bias, "3-2relu:nobias-5", "network's layer 1, 2relu:nobias, has no such parameter");
  expect_loaded("ln.weight F32 [3]; ln.bias F32 [3]; out.weight F32 [2,3]", "3-layernorm-2", NULL);
}

static void random_tensors_get_an_answer(void **state) {
  (void)state;
  static const char *const stems[] = {"", "a.", "b.", "0.", "1.", "2.", "10.", "fc1.", "fc2."};
  static const char *const parts[] = {"weight", "weight", "weight", "bias", "mean"};
  static const char *const shapes[] = {"2,2", "2,3", "3,2", "3,3", "2", "3", "2,2,2"};
  size_t good = 0;
  uint64_t seed = 7;
#define PICK(list) list[random_below(&seed, sizeof list / sizeof *list)]
  for (int run = 0; run < 300; run++) {
    char text[2048] = "";
    for (int i = 0; i < 1 + run % 7; i++) {
      const char *stem = PICK(stems), *part = PICK(parts), *shape = PICK(shapes);
      char name[64];
      snprintf(name, sizeof name, "%s%s F32", stem, part);
      if (strstr(text, name)) continue;
      sprintf(text + strlen(text), "%s%s [%s]", *text ? "; " : "", name, shape);
    }
    ebbi_safetensors *file;
    ebbi_file_layers layers;
    write_tensors(text);
    if (ebbi_safetensors_read(&file, path) != EBB_OK) fail_msg("%s", ebb_error_message());
    bool found = ebbi_file_layers_find(&layers, file, path, NULL) == EBB_OK;
    for (size_t l = 1; found && l < layers.count; l++)
      assert_int_equal(layers.tensor[0][l]->shape[1], layers.tensor[0][l - 1]->shape[0]);
    good += found && layers.count > 1;
    ebbi_safetensors_free(file);
  }
  assert_true(good > 5);
}

/* What ebb_model_describe returns for the file and a spec. */
static void expect_spec(const char *given, const char *expected) {
  ebb_model_info info;
  char text[64];
  if (ebb_model_describe(&info, path, given) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_spec_text(text, sizeof text, &info.spec), EBB_OK);
  assert_string_equal(text, expected);
  ebb_model_info_clear(&info);
}

static void the_spec_comes_from_the_shapes(void **state) {
  (void)state;
  ebb_model_info info;
  write_tensors("fc1.weight F32 [8,3]; fc1.bias F32 [8]; fc2.weight F32 [2,8]; fc2.bias F32 [2]");
  expect_error(ebb_model_describe(&info, path, NULL),
               "its layers are 3-8-2, but PyTorch does not save the activations between");
  assert_non_null(strstr(ebb_error_message(), "if they are relu --model 3-8relu-2"));
  expect_spec("3-8relu-2", "3-8relu-2");
  expect_spec("8tanh", "3-8tanh-2");
  expect_spec("3-8-2", "3-8-2");
  expect_error(ebb_model_describe(&info, path, "3-9relu-2"),
               "\"fc1.weight\" is [8, 3], must be [9, 3]");
  expect_error(ebb_model_describe(&info, path, "3-8relu-8relu-2"),
               "holds 2 layers, the network has 3: fc1.weight [8, 3], fc2.weight [2, 8]");
  assert_int_equal(ebb_model_describe(&info, path, "4-8relu"), EBB_ERR_ARGUMENT);
  write_tensors("0.weight F32 [2,3]; 0.bias F32 [2]");
  expect_spec(NULL, "3-2");
  write_tensors("decoder.weight F32 [8,3]; encoder.weight F32 [3,8]");
  expect_spec("8-3relu-8", "8-3relu-8"); /* the sizes decide what names and shapes leave open */
  expect_spec("3-8relu-3", "3-8relu-3");
  assert_int_equal(ebb_model_describe(&info, path, "3-8relu-3"), EBB_OK);
  assert_non_null(strstr(info.notes, "from their shapes: decoder.weight [8, 3], encoder"));
  ebb_model_info_clear(&info);
}

/* [[1, -2, 0.5]] in other types, with the bias 0.25: the result is the same. */
static void weights_of_other_types_are_converted(void **state) {
  static const struct {
    const char *dtype, *bytes;
    size_t size;
  } types[] = {
      {"F64", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\xe0\x3f\0\0\0\0\0\0\xd0\x3f", 8},
      {"F16", "\0\x3c\0\xc0\0\x38\0\x34", 2},
      {"BF16", "\x80\x3f\0\xc0\0\x3f\x80\x3e", 2}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char list[64];
    size_t size = types[i].size;
    snprintf(list, sizeof list, "w.weight %s [1,3]; w.bias %s [1]", types[i].dtype, types[i].dtype);
    write_tensors(list);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -(long)(4 * size), SEEK_END), 0);
    assert_int_equal(fwrite(types[i].bytes, size, 4, file), 4);
    assert_int_equal(fclose(file), 0);
    ebb_model model;
    const float row[] = {3, 5, 7};
    float output;
    if (ebb_model_load(&model, *state, path, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
    assert_int_equal(ebb_network_predict(model.network, &output, row, 1), EBB_OK);
    assert_true(output == -3.25f);
    ebb_model_clear(&model);
  }
}

/* Loads a file of the cases and compares the outputs for some rows. */
static void expect_outputs(ebb_device *device, const char *name, const char *spec,
                           const float *rows, size_t count, const float *expected,
                           const char *note) {
  char file[512];
  ebb_model model;
  float outputs[16];
  snprintf(file, sizeof file, CASES "%s.safetensors", name);
  if (access(file, R_OK) != 0) {
    print_message("skipped: %s is not there\n", file);
    skip();
  }
  if (ebb_model_load(&model, device, file, spec) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_network_predict(model.network, outputs, rows, count), EBB_OK);
  size_t width = ebb_spec_outputs(ebb_network_spec(model.network));
  for (size_t i = 0; i < count * width; i++)
    if (!(fabsf(outputs[i] - expected[i]) <= 2e-6f * (1 + fabsf(expected[i]))))
      fail_msg("%s: output %zu is %.9g, not %.9g", name, i, (double)outputs[i],
               (double)expected[i]);
  const char *notes = ebb_network_notes(model.network);
  if (*note ? !strstr(notes, note) : *notes != '\0') fail_msg("%s: notes \"%s\"", name, notes);
  ebb_model_clear(&model);
}

/* Expected: relu(x W1' + b1) W2' + b2 of the files' own tensors, in double precision. */
static void real_files_give_their_networks_outputs(void **state) {
  static const float rows[] = {0.1f, 0.2f, 0.3f, -1, 0.5f, 2, 1.5f, -0.2f, 0};
  static const float units[] = {1, 0, 0, 0, 0.9f, 0.1f, 0.1f, 0, 1};
  static const float full[] = {0.5044727f,  -0.3591969f, -0.0351212f,
                               -0.4330009f, 0.6917371f,  -0.2155628f};
  static const float nobias[] = {0.8601579f,  -0.2636691f, 0.0822248f,
                                 -0.3266595f, 1.7371013f,  -0.2119495f};
  static const float regress[] = {150, 50, 60};
  static const float argmax[] = {4, 0, 0, 0, 3.6f, 0.4f, 0.4f, 0, 4};
  ebb_device *device = *state;
  expect_outputs(device, "quickstart", "3-8relu-2", rows, 3, full, "");
  expect_outputs(device, "dataparallel", "3-8relu-2", rows, 3, full, "");
  expect_outputs(device, "fc", "8relu", rows, 3, full, "");
  expect_outputs(device, "nobias", "3-8relu-2", rows, 3, nobias, "taken as zeros: 0.weight [8, 3]");
  expect_outputs(device, "extra", "3-8relu-2", rows, 3, full,
                 "no parameter of the network: step I64");
  expect_outputs(device, "regress1", NULL, units, 3, regress, "");
  expect_outputs(device, "argmax3", "3-3", units, 3, argmax, "");
}

/* A network from such a file is saved like any other, and new weights end its notes. */
static void what_is_saved_is_an_ordinary_file(void **state) {
  ebb_model model, again;
  char text[64];
  write_tensors("net.out.weight F32 [2,8]; net.in.weight F32 [8,3]");
  assert_int_equal(ebb_model_load(&model, *state, path, "8gelu"), EBB_OK);
  assert_non_null(strstr(ebb_network_notes(model.network), "no bias"));
  assert_int_equal(ebb_model_save(&model, path), EBB_OK);
  assert_int_equal(ebb_model_load(&again, *state, path, NULL), EBB_OK);
  assert_string_equal(ebb_network_notes(again.network), "");
  assert_int_equal(ebb_spec_text(text, sizeof text, ebb_network_spec(again.network)), EBB_OK);
  assert_string_equal(text, "3-8gelu-2");
  assert_int_equal(ebb_network_load_weights(model.network, path), EBB_OK);
  assert_string_equal(ebb_network_notes(model.network), "");
  ebb_model_clear(&model);
  ebb_model_clear(&again);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_in_names_give_the_order),
      cmocka_unit_test(shapes_give_the_order_where_names_do_not),
      cmocka_unit_test(the_search_ends),
      cmocka_unit_test(other_tensors_are_named),
      cmocka_unit_test(other_networks_are_refused),
      cmocka_unit_test(norms_are_told_apart),
      cmocka_unit_test(random_tensors_get_an_answer),
      cmocka_unit_test(the_spec_comes_from_the_shapes),
      cmocka_unit_test(weights_of_other_types_are_converted),
      cmocka_unit_test(real_files_give_their_networks_outputs),
      cmocka_unit_test(what_is_saved_is_an_ordinary_file),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
