/* Checkpoints of two steps, and forgeries of their files: bytes, or text with a valid checksum.
 */
#ifndef EBB_CHECKPOINT_FORGE_H
#define EBB_CHECKPOINT_FORGE_H

#include "base/hash.h"
#include "checkpoint_rig.h"

static const plan usual = {.optimizer = EBB_OPT_ADAM, .shuffle = true};
static const char manifest_2[] = "step-000000000002.json", manifest_4[] = "step-000000000004.json";
static const char tensors_2[] = "step-000000000002.safetensors";
static const char tensors_4[] = "step-000000000004.safetensors";

/* Checkpoints of steps 2 and 4. */
static inline void save_two(ebb_device *device) {
  training t;
  training_start(&t, device, &usual, 11);
  for (int i = 0; i < 2; i++) {
    expect(ebb_trainer_step(t.r.trainer, 2), EBB_OK);
    expect(ebb_trainer_save(t.r.trainer, folder, 2, NULL), EBB_OK);
  }
  rig_free(&t.r);
}

static inline void read_file(char **bytes, size_t *size, const char *name) {
  char path[256];
  in_folder(path, name);
  expect(ebbi_checkpoint_read(bytes, size, path, SIZE_MAX), EBB_OK);
}

static inline void write_file(const char *name, const char *bytes, size_t size) {
  char path[256];
  in_folder(path, name);
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  assert_int_equal(fwrite(bytes, 1, size, stream), size);
  assert_int_equal(fclose(stream), 0);
}

/* The checkpoint of step 4 is skipped with a note that names it, and that of step 2 is used. */
static inline void expect_passed_over(const char *name) {
  char path[256];
  ebb_checkpoint_info info;
  in_folder(path, name);
  expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
  if (info.step != 2 || strstr(info.damaged, path) != info.damaged)
    fail_msg("step %u; \"%s\"", (unsigned)info.step, info.damaged);
  ebb_checkpoint_info_clear(&info);
}

/* Writes the manifest of step 4, which ends with `body`, with that body's checksum. */
static inline void sign(char *text, const char *body) {
  char hash[33];
  size_t size = strlen(text);
  ebbi_hash digest = ebbi_hash_of(body, (size_t)(text + size - 2 - body));
  ebbi_hash_text(hash, &digest);
  memcpy(text + strlen("{\"checksum\": \""), hash, 32);
  write_file(manifest_4, text, size);
}

/* Replaces `from` by `to`, of equal length, in the body of step 4's manifest. */
static inline void forge(const char *from, const char *to) {
  size_t size;
  char *text;
  read_file(&text, &size, manifest_4);
  char *body = strstr(text, "\n{") + 1, *at = strstr(body, from);
  assert_true(at && strlen(from) == strlen(to));
  memcpy(at, to, strlen(to));
  sign(text, body);
  free(text);
}

#endif
