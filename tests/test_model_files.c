/* Model files against silent faults: bits that flip during transfer, in memory or on disk, weights
 * that are not finite, models that could not be loaded, and a hanging device. The linker redirects
 * reads of buffers to the test (--wrap), which flips bits.
 */
#define _GNU_SOURCE /* memmem */
#include "test_support.h"

#include <CL/cl.h>
#include <dirent.h>
#include <ebb/ebb.h>
#include <fcntl.h>
#include <math.h>
#include <nn/safetensors.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the device ---- */

static long reads;        /* of buffers so far */
static long flip_at = -1; /* the read, from 0, in which a bit flips; -1: none */

static void flip(void *bytes, size_t size) {
  if (reads++ == flip_at) ((unsigned char *)bytes)[size / 2] ^= 0x10;
}

cl_int __real_clEnqueueReadBuffer(cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *,
                                  cl_uint, const cl_event *, cl_event *);
cl_int __wrap_clEnqueueReadBuffer(cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *,
                                  cl_uint, const cl_event *, cl_event *);
cl_int __wrap_clEnqueueReadBuffer(cl_command_queue queue, cl_mem memory, cl_bool blocks, size_t at,
                                  size_t size, void *bytes, cl_uint count, const cl_event *list,
                                  cl_event *event) {
  (void)blocks;
  cl_int error =
      __real_clEnqueueReadBuffer(queue, memory, CL_TRUE, at, size, bytes, count, list, event);
  flip(bytes, size);
  return error;
}

cl_int __real_clEnqueueReadBufferRect(cl_command_queue, cl_mem, cl_bool, const size_t *,
                                      const size_t *, const size_t *, size_t, size_t, size_t,
                                      size_t, void *, cl_uint, const cl_event *, cl_event *);
cl_int __wrap_clEnqueueReadBufferRect(cl_command_queue, cl_mem, cl_bool, const size_t *,
                                      const size_t *, const size_t *, size_t, size_t, size_t,
                                      size_t, void *, cl_uint, const cl_event *, cl_event *);
cl_int __wrap_clEnqueueReadBufferRect(cl_command_queue queue, cl_mem memory, cl_bool blocks,
                                      const size_t *from, const size_t *to, const size_t *region,
                                      size_t from_row, size_t from_slice, size_t to_row,
                                      size_t to_slice, void *bytes, cl_uint count,
                                      const cl_event *list, cl_event *event) {
  (void)blocks;
  cl_int error =
      __real_clEnqueueReadBufferRect(queue, memory, CL_TRUE, from, to, region, from_row, from_slice,
                                     to_row, to_slice, bytes, count, list, event);
  flip(bytes, region[0]);
  return error;
}

/* ---- the rig ---- */

static char folder[64], path[96];
static unsigned char kept[65536];
static size_t kept_size;

static int set_up(void **state) {
  strcpy(folder, "/tmp/ebb_model_files_XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  return open_test_device(state);
}

static int tear_down(void **state) {
  remove(path);
  if (rmdir(folder) != 0) return -1; /* a temporary file was left behind */
  return close_test_device(state);
}

static void expect_message(const char *part) {
  if (strstr(ebb_error_message(), part) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", ebb_error_message(), part);
}

static ebb_encoder *make_encoder(void) {
  static const char text[] =
      "{\"task\":\"classification\",\"missing\":\"mean\",\"columns\":2,\"file_columns\":3,"
      "\"scale\":"
      "1.0,\"outputs\":2,\"bare\":false,\"named\":true,\"targets\":[{\"name\":\"y\",\"position\":2}"
      "],\"classes\":[\"n\",\"p\"],\"features\":[[1.5,0.5],{\"categories\":[\"a\",\"b\"],\"fill\":"
      "0}"
      "],\"positions\":[0,1],\"names\":[\"u\",\"v\"],\"left_out\":[],\"ids\":[]}";
  ebb_encoder *encoder;
  if (ebb_encoder_from_json(&encoder, text) != EBB_OK) fail_msg("%s", ebb_error_message());
  return encoder;
}

/* Three inputs, five units, two outputs. The caller clears it. */
static ebb_model make_model(ebb_device *device) {
  ebb_model model = {.encoder = make_encoder(),
                     .loss = ebb_loss_default(EBB_LOSS_CROSS_ENTROPY),
                     .split = {.valid = 0.25, .seed = 7},
                     .fingerprint = 0xfedcba9876543210u};
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, "3-5relu-2", 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&model.network, device, &spec, EBB_INIT_AUTO, 11), EBB_OK);
  return model;
}

static size_t read_file(unsigned char bytes[65536], const char *from) {
  FILE *stream = fopen(from, "rb");
  assert_non_null(stream);
  size_t size = fread(bytes, 1, 65536, stream);
  fclose(stream);
  return size;
}

/* Saves the model and remembers the file's bytes. */
static void save(const ebb_model *model) {
  if (ebb_model_save(model, path) != EBB_OK) fail_msg("%s", ebb_error_message());
  kept_size = read_file(kept, path);
}

/* The file is unchanged, and nothing lies beside it. */
static void expect_kept(void) {
  static unsigned char bytes[65536];
  assert_int_equal(read_file(bytes, path), kept_size);
  assert_memory_equal(bytes, kept, kept_size);
  size_t count = 0;
  DIR *stream = opendir(folder);
  assert_non_null(stream);
  while (readdir(stream)) count++;
  closedir(stream);
  assert_int_equal(count, 3); /* with . and .. */
}

/* ---- transfer from the device ---- */

static void flipped_downloads_make_no_model(void **state) {
  ebb_model model = make_model(*state);
  save(&model);
  reads = 0;
  save(&model);
  long count = reads;
  assert_true(count >= 8); /* four tensors, twice */
  for (flip_at = 0; flip_at < count; flip_at++) {
    reads = 0;
    assert_int_equal(ebb_model_save(&model, path), EBB_ERR_DEVICE);
    expect_message("download: byte ");
    expect_message("when it is read again");
    expect_kept();
  }
  flip_at = -1;
  save(&model);
  ebb_model_clear(&model);
}

static void weights_that_are_no_numbers_are_not_saved(void **state) {
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  ebb_model model = make_model(*state);
  save(&model);
  for (size_t i = 0; i < 3; i++) {
    float weights[15] = {0}, bias[5] = {0};
    weights[2 * 5 + 3] = bad[i];
    assert_int_equal(ebb_tensor_upload(ebb_network_weight(model.network, 0), weights), EBB_OK);
    assert_int_equal(ebb_model_save(&model, path), EBB_ERR_NUMBERS);
    expect_message("layer 1 weight [2, 3] is ");
    assert_int_equal(ebb_network_save(model.network, path, NULL, 0), EBB_ERR_NUMBERS);
    weights[2 * 5 + 3] = 0;
    bias[1] = bad[i];
    assert_int_equal(ebb_tensor_upload(ebb_network_weight(model.network, 0), weights), EBB_OK);
    assert_int_equal(ebb_tensor_upload(ebb_network_bias(model.network, 1), bias), EBB_OK);
    assert_int_equal(ebb_model_save(&model, path), EBB_ERR_NUMBERS);
    expect_message("layer 2 bias [1] is ");
    bias[1] = 0;
    assert_int_equal(ebb_tensor_upload(ebb_network_bias(model.network, 1), bias), EBB_OK);
    expect_kept();
  }
  ebb_model_clear(&model);
}

/* ---- on the disk ---- */

typedef struct loaders {
  ebb_device *device;
  ebb_network *network;
} loaders;

/* How many of the loaders accept the file. */
static int count_takers(const loaders *by, bool all) {
  ebb_model_info info;
  ebb_tensor_file *file;
  ebb_model model;
  int takers = 0;
  if (ebb_model_describe(&info, path, NULL) == EBB_OK) takers++, ebb_model_info_clear(&info);
  if (ebb_tensor_file_read(&file, path) == EBB_OK) takers++, ebb_tensor_file_free(file);
  if (!all) return takers;
  if (ebb_network_load_weights(by->network, path) == EBB_OK) takers++;
  if (ebb_model_load(&model, by->device, path, NULL) == EBB_OK) takers++, ebb_model_clear(&model);
  return takers;
}

/* No bit may flip, not even in the header's trailing blanks. */
static void no_flipped_bit_is_loaded(void **state) {
  ebb_model model = make_model(*state);
  const loaders by = {*state, model.network};
  save(&model);
  assert_int_equal(count_takers(&by, true), 4);
  int file = open(path, O_WRONLY);
  assert_true(file >= 0);
  for (size_t bit = 0; bit < 8 * kept_size; bit++) {
    unsigned char byte = kept[bit / 8] ^ (unsigned char)(1u << bit % 8);
    assert_int_equal(pwrite(file, &byte, 1, (off_t)(bit / 8)), 1);
    int takers = count_takers(&by, bit % 8 == bit / 8 % 8);
    if (takers) fail_msg("bit %zu of byte %zu: %d take it", bit % 8, bit / 8, takers);
    assert_int_equal(pwrite(file, &kept[bit / 8], 1, (off_t)(bit / 8)), 1);
  }
  close(file);
  assert_int_equal(count_takers(&by, true), 4);
  ebb_model_clear(&model);
}

static void change(const char *from, const char *to) {
  unsigned char *at = memmem(kept, kept_size, from, strlen(from));
  assert_non_null(at);
  memcpy(at, to, strlen(from));
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  assert_int_equal(fwrite(kept, 1, kept_size, stream), kept_size);
  fclose(stream);
}

static void what_is_wrong_is_told(void **state) {
  ebb_model model = make_model(*state);
  ebb_model_info info;
  save(&model);
  change("\"ebb.loss\":\"cross_entropy", "\"ebb.loss\":\"cross_entropz");
  assert_int_equal(ebb_model_describe(&info, path, NULL), EBB_ERR_INPUT);
  expect_message("model.safetensors: damaged, or changed by another program: its content does not");
  expect_message("remove ebb.format and ebb.checksum from its metadata");
  save(&model);
  change("ebb.checksum", "xxx.checksum");
  assert_int_equal(ebb_model_describe(&info, path, NULL), EBB_ERR_INPUT);
  expect_message(
      "damaged, or changed by another program: it has ebb.format in its metadata, and no ebb");
  expect_message("remove ebb.format and ebb.checksum from its metadata");
  change("ebb.format", "xxx.format"); /* as a program that knows neither key would leave it */
  assert_int_equal(ebb_model_describe(&info, path, NULL), EBB_OK);
  ebb_model_info_clear(&info);
  ebb_model_clear(&model);
}

/* Another program reads and rewrites a file, with tensors and metadata in another order and
 * spelling. That is no damage. */
static void another_order_is_no_damage(void **state) {
  ebb_model model = make_model(*state);
  ebbi_safetensors *file;
  char header[4096] = "{", *end = header + 1;
  save(&model);
  assert_int_equal(ebbi_safetensors_read(&file, path), EBB_OK);
  size_t begin = 0;
  for (size_t i = ebbi_safetensors_count(file); i-- > 0;) {
    const ebbi_safetensor *t = ebbi_safetensors_at(file, i);
    end += sprintf(end, "\"%s\" : {\"shape\":[%zu", t->name, t->shape[0]);
    if (t->rank == 2) end += sprintf(end, ", %zu", t->shape[1]);
    end += sprintf(end, "], \"data_offsets\":[%zu, %zu], \"dtype\":\"F32\"},\n", begin,
                   begin + t->size);
    begin += t->size;
  }
  end += sprintf(end, "\"__metadata__\":{");
  for (size_t i = ebb_tensor_file_pairs(file); i-- > 0;) {
    ebb_metadata pair = ebb_tensor_file_pair(file, i);
    end += sprintf(end, "\"%s\":\"", pair.key);
    for (const char *c = pair.value; *c; c++) end += sprintf(end, *c == '"' ? "\\u0022" : "%c", *c);
    end += sprintf(end, "\"%s", i > 0 ? "," : "}}");
  }
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  for (int i = 0; i < 8; i++) putc((int)((size_t)(end - header) >> 8 * i & 0xff), stream);
  fputs(header, stream);
  for (size_t i = ebbi_safetensors_count(file); i-- > 0;) {
    const ebbi_safetensor *t = ebbi_safetensors_at(file, i);
    assert_int_equal(fwrite(t->bytes, 1, t->size, stream), t->size);
  }
  fclose(stream);
  ebbi_safetensors_free(file);
  const loaders by = {*state, model.network};
  assert_int_equal(count_takers(&by, true), 4);
  save(&model);
  ebb_model_clear(&model);
}

/* ---- images ---- */

static void *write_image(void *image) {
  return (void *)(size_t)ebb_model_image_write(image, path);
}

/* What the watchdog's thread does. */
static void images_need_no_device(void **state) {
  (void)state;
  ebb_device *device;
  ebb_model_image *image;
  pthread_t thread;
  void *status;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  ebb_model model = make_model(device);
  save(&model);
  assert_int_equal(ebb_model_image_make(&image, &model), EBB_OK);
  ebb_model_clear(&model);
  ebb_device_free(device);
  remove(path);
  assert_int_equal(pthread_create(&thread, NULL, write_image, image), 0);
  assert_int_equal(pthread_join(thread, &status), 0);
  assert_null(status);
  expect_kept();
  assert_int_equal(ebb_model_image_write(image, folder), EBB_ERR_OUTPUT);
  assert_int_equal(ebb_model_image_write(image, path),
                   EBB_OK); /* an image can be written repeatedly */
  expect_kept();
  ebb_model_image_free(image);
  ebb_model_image_free(NULL);
}

static void models_that_would_not_load_are_not_saved(void **state) {
  ebb_model model = make_model(*state);
  save(&model);
  ebb_network *fitting = model.network;
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, "4-5relu-2", 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&model.network, *state, &spec, EBB_INIT_AUTO, 1), EBB_OK);
  assert_int_equal(ebb_model_save(&model, path), EBB_ERR_ARGUMENT);
  expect_message("the model: its encoder is for 3 inputs and 2 outputs, its network for 4 and 2");
  expect_kept();
  ebb_network_free(fitting);
  ebb_model_clear(&model);
}

/* ---- trying ---- */

static void trying_tells_what_saving_would(void **state) {
  ebb_model model = make_model(*state);
  const ebb_spec *spec = ebb_network_spec(model.network);
  char name[400];
  save(&model);
  assert_int_equal(ebb_model_try(spec, model.encoder, path), EBB_OK);
  assert_int_equal(ebb_model_try(spec, NULL, path), EBB_OK);
  expect_kept();
  snprintf(name, sizeof name, "%s/none/model", folder);
  assert_int_equal(ebb_model_try(spec, model.encoder, name), EBB_ERR_OUTPUT);
  assert_int_equal(ebb_model_try(spec, model.encoder, folder), EBB_ERR_OUTPUT);
  int length = snprintf(name, sizeof name, "%s/", folder);
  memset(name + length, 'n', 256);
  name[length + 256] = '\0';
  assert_int_equal(ebb_model_try(spec, model.encoder, name), EBB_ERR_OUTPUT);
  expect_message("its name is too long");
  name[length + 255] = '\0';
  assert_int_equal(ebb_model_try(spec, model.encoder, name), EBB_OK);
  assert_int_equal(ebb_model_save(&model, name), EBB_OK);
  assert_int_equal(remove(name), 0);
  ebb_spec huge; /* four petabytes */
  assert_int_equal(ebb_spec_begin(&huge, EBB_MAX_UNITS), EBB_OK);
  for (int l = 0; l < 64; l++)
    assert_int_equal(ebb_spec_add(&huge, EBB_MAX_UNITS, EBB_ACT_IDENTITY), EBB_OK);
  assert_int_equal(ebb_model_try(&huge, NULL, path), EBB_ERR_OUTPUT);
  expect_message("bytes cannot be written: ");
  expect_kept();
  ebb_model_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flipped_downloads_make_no_model),
      cmocka_unit_test(weights_that_are_no_numbers_are_not_saved),
      cmocka_unit_test(no_flipped_bit_is_loaded),
      cmocka_unit_test(what_is_wrong_is_told),
      cmocka_unit_test(another_order_is_no_damage),
      cmocka_unit_test(images_need_no_device),
      cmocka_unit_test(models_that_would_not_load_are_not_saved),
      cmocka_unit_test(trying_tells_what_saving_would),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
