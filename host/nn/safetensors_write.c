/* Writes safetensors files (safetensors.c reads them).
 *
 * A file starts as a draft: the header is built and read back in memory, and the hash of the whole
 * file is computed, before a file is opened. Header and numbers are then streamed through an
 * ebbi_writer; the old file is replaced only after the new one was found equal to the draft.
 * Nothing depends on the run, and the caller determines the order, so equal weights give equal
 * bytes. The header is padded with blanks to a multiple of 8 bytes, which aligns the numbers for
 * readers that map the file. Tensors are not copied, so they need memory only once.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/size.h"
#include "base/writer.h"
#include "nn/safetensors_checksum.h"
#include "nn/safetensors_file.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the header ---- */

static ebb_status count_elements(size_t *count, const ebbi_safetensor_source *tensor,
                                 const char *where) {
  size_t bytes;
  REQUIRE(strcmp(tensor->name, EBBI_SAFETENSORS_METADATA) != 0, EBB_ERR_ARGUMENT,
          "%s: a tensor must not be named %s", where, tensor->name);
  REQUIRE(tensor->rank <= EBBI_SAFETENSOR_RANK, EBB_ERR_ARGUMENT,
          "%s: tensor \"%.80s\" has %zu dimensions; at most %d are supported", where, tensor->name,
          tensor->rank, EBBI_SAFETENSOR_RANK);
  *count = 1;
  for (size_t i = 0; i < tensor->rank; i++)
    REQUIRE(ebbi_size_mul(count, *count, tensor->shape[i]) && ebbi_size_mul(&bytes, *count, 4),
            EBB_ERR_ARGUMENT, "%s: tensor \"%.80s\" is too large for this machine", where,
            tensor->name);
  return EBB_OK;
}

static void add_metadata(ebbi_json *json, const ebb_metadata *pairs, size_t count) {
  ebbi_json_object(json, EBBI_SAFETENSORS_METADATA);
  for (size_t i = 0; i < count; i++) ebbi_json_text(json, pairs[i].key, pairs[i].value);
  ebbi_json_end(json);
}

static void add_tensor(ebbi_json *json, const ebbi_safetensor_source *tensor, size_t begin,
                       size_t end) {
  ebbi_json_object(json, tensor->name);
  ebbi_json_text(json, "dtype", "F32");
  ebbi_json_list(json, "shape");
  for (size_t i = 0; i < tensor->rank; i++) ebbi_json_whole(json, NULL, tensor->shape[i]);
  ebbi_json_end(json);
  ebbi_json_list(json, "data_offsets");
  ebbi_json_whole(json, NULL, begin);
  ebbi_json_whole(json, NULL, end);
  ebbi_json_end(json);
  ebbi_json_end(json);
}

/* Makes the header's text, and computes how many bytes of numbers follow. */
static ebb_status header_text(char **text, size_t *data, const char *where,
                              const ebb_metadata *pairs, size_t pair_count,
                              const ebbi_safetensor_source *tensors, size_t tensor_count) {
  ebbi_json json;
  ebb_status status = EBB_OK;
  *text = NULL;
  *data = 0;
  ebbi_json_begin(&json);
  add_metadata(&json, pairs, pair_count);
  for (size_t i = 0; i < tensor_count && status == EBB_OK; i++) {
    size_t count = 0, begin = *data;
    status = count_elements(&count, &tensors[i], where);
    if (status == EBB_OK && !(ebbi_size_add(data, begin, 4 * count) && *data <= INT64_MAX / 2))
      status = ebbi_fail(EBB_ERR_ARGUMENT, "%s: tensor \"%.80s\" makes the file too large", where,
                         tensors[i].name);
    add_tensor(&json, &tensors[i], begin, *data);
  }
  ebb_status finished = ebbi_json_finish(text, &json, JSON_COMPACT, where);
  if (status == EBB_OK) return finished;
  free(*text);
  return status;
}

/* Fills the draft's head; ebb's own metadata follow the caller's. */
static ebb_status make_head(ebbi_safetensors_draft *draft, const char *where,
                            const ebb_metadata *pairs, size_t pair_count) {
  char *text;
  size_t data;
  TRY(header_text(&text, &data, where, pairs, pair_count, draft->tensors, draft->count));
  size_t length = strlen(text), padded = ebbi_round_up(length, 8);
  bool fits = padded <= EBBI_SAFETENSORS_HEADER_LIMIT;
  draft->head_size = EBBI_SAFETENSORS_PREFIX + padded;
  draft->size = (uint64_t)draft->head_size + data;
  draft->head = fits ? malloc(draft->head_size) : NULL;
  if (draft->head) {
    for (size_t i = 0; i < EBBI_SAFETENSORS_PREFIX; i++)
      draft->head[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    memset(draft->head + EBBI_SAFETENSORS_PREFIX, ' ', padded);
    memcpy(draft->head + EBBI_SAFETENSORS_PREFIX, text, length);
  }
  free(text);
  REQUIRE(fits, EBB_ERR_ARGUMENT, "%s: the metadata make a header of %zu bytes; at most %d", where,
          padded, EBBI_SAFETENSORS_HEADER_LIMIT);
  REQUIRE(draft->head, EBB_ERR_MEMORY, "%s: no memory for its header", where);
  return EBB_OK;
}

/* ---- the draft ---- */

/* Computes the checksum of tensors and pairs; the last pair is the checksum's own. */
static ebb_status state_checksum(char text[33], const ebbi_safetensors_draft *draft,
                                 const ebb_metadata *pairs, size_t pair_count, const char *where) {
  ebbi_content *contents = malloc((draft->count + 1) * sizeof *contents);
  ebb_metadata *sorted = malloc(pair_count * sizeof *sorted);
  ebb_status status = contents && sorted
                          ? EBB_OK
                          : ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for its checksum", where);
  for (size_t i = 0; i < draft->count && status == EBB_OK; i++) {
    const ebbi_safetensor_source *t = &draft->tensors[i];
    size_t count = 0;
    status = count_elements(&count, t, where);
    contents[i] = (ebbi_content){t->name, "F32", t->rank, t->shape, 4 * count, NULL, t->values};
  }
  if (status == EBB_OK) {
    memcpy(sorted, pairs, pair_count * sizeof *sorted);
    status = ebbi_safetensors_checksum(text, contents, draft->count, sorted, pair_count, where);
  }
  free(contents);
  free(sorted);
  return status;
}

static void each_tensor(const ebbi_safetensors_draft *draft,
                        void (*take)(void *to, const void *bytes, size_t size), void *to) {
  for (size_t i = 0; i < draft->count; i++) {
    const ebbi_safetensor_source *t = &draft->tensors[i];
    size_t count = 1;
    for (size_t d = 0; d < t->rank; d++) count *= t->shape[d];
    ebbi_floats_to_bytes(t->values, count, take, to);
  }
}

static void take_hash(void *to, const void *bytes, size_t size) {
  ebbi_hasher_add(to, bytes, size);
}

static ebb_status hash_draft(ebbi_safetensors_draft *draft, const char *where) {
  ebbi_hasher *hasher = ebbi_hasher_create();
  REQUIRE(hasher, EBB_ERR_MEMORY, "%s: no memory for its hash", where);
  ebbi_hasher_add(hasher, draft->head, draft->head_size);
  each_tensor(draft, take_hash, hasher);
  draft->hash = ebbi_hasher_value(hasher);
  ebbi_hasher_free(hasher);
  return EBB_OK;
}

/* A header that cannot be read back is not the caller's fault, but it must not be written. */
static ebb_status check_draft(const ebbi_safetensors_draft *draft, const char *where) {
  ebbi_safetensors *file;
  TRY(ebbi_safetensors_read_draft(&file, draft, where));
  bool whole = ebbi_safetensors_count(file) == draft->count;
  ebbi_safetensors_free(file);
  REQUIRE(whole, EBB_ERR_INPUT, "%s: its header lacks tensors", where);
  return EBB_OK;
}

/* `all` holds the caller's pairs and has room for two more. */
static ebb_status build(ebbi_safetensors_draft *draft, const char *where, ebb_metadata *all,
                        size_t pair_count, bool size_alone) {
  char text[33] = "00000000000000000000000000000000";
  all[pair_count++] = (ebb_metadata){EBBI_SAFETENSORS_FORMAT, "2"};
  all[pair_count++] = (ebb_metadata){EBBI_SAFETENSORS_CHECKSUM, text};
  if (size_alone) return make_head(draft, where, all, pair_count);
  TRY(state_checksum(text, draft, all, pair_count, where));
  TRY(make_head(draft, where, all, pair_count));
  TRY(check_draft(draft, where));
  return hash_draft(draft, where);
}

static ebb_status make(ebbi_safetensors_draft *draft, const char *where, const ebb_metadata *pairs,
                       size_t pair_count, bool size_alone) {
  ebb_metadata *all = malloc((pair_count + 2) * sizeof *all);
  REQUIRE(all, EBB_ERR_MEMORY, "%s: no memory for its metadata", where);
  if (pair_count > 0) memcpy(all, pairs, pair_count * sizeof *all);
  ebb_status status = build(draft, where, all, pair_count, size_alone);
  free(all);
  if (status != EBB_OK) ebbi_safetensors_draft_free(draft);
  return status;
}

ebb_status ebbi_safetensors_draft_make(ebbi_safetensors_draft *draft, const char *where,
                                       const ebb_metadata *pairs, size_t pair_count,
                                       const ebbi_safetensor_source *tensors, size_t tensor_count) {
  *draft = (ebbi_safetensors_draft){.tensors = tensors, .count = tensor_count};
  return make(draft, where, pairs, pair_count, false);
}

void ebbi_safetensors_draft_free(ebbi_safetensors_draft *draft) {
  free(draft->head);
  *draft = (ebbi_safetensors_draft){0};
}

ebb_status ebbi_safetensors_size(uint64_t *size, const char *where, const ebb_metadata *pairs,
                                 size_t pair_count, const ebbi_safetensor_source *tensors,
                                 size_t tensor_count) {
  ebbi_safetensors_draft draft = {.tensors = tensors, .count = tensor_count};
  TRY(make(&draft, where, pairs, pair_count, true));
  *size = draft.size;
  ebbi_safetensors_draft_free(&draft);
  return EBB_OK;
}

/* ---- the file ---- */

/* Write errors stay in the writer; ebbi_writer_commit reports them. */
static void take_stream(void *to, const void *bytes, size_t size) {
  fwrite(bytes, 1, size, to);
}

static ebb_status write_draft(ebbi_writer *writer, const ebbi_safetensors_draft *draft,
                              const char *path) {
  TRY(ebbi_writer_begin(writer, path));
  take_stream(writer->stream, draft->head, draft->head_size);
  each_tensor(draft, take_stream, writer->stream);
  ebbi_hash written = ebbi_writer_hash(writer);
  REQUIRE(writer->error || ebbi_hash_equal(&written, &draft->hash), EBB_ERR_OUTPUT,
          "%s: the data to be written have changed in memory; the file is left as "
          "it was: have this machine's memory tested",
          path);
  return ebbi_writer_commit(writer);
}

ebb_status ebbi_safetensors_draft_write(const ebbi_safetensors_draft *draft, const char *path) {
  ebbi_writer writer = {0};
  ebb_status status = write_draft(&writer, draft, path);
  ebbi_writer_free(&writer);
  return status;
}

ebb_status ebbi_safetensors_write(const char *path, const ebb_metadata *pairs, size_t pair_count,
                                  const ebbi_safetensor_source *tensors, size_t tensor_count) {
  ebbi_safetensors_draft draft;
  TRY(ebbi_safetensors_draft_make(&draft, path, pairs, pair_count, tensors, tensor_count));
  ebb_status status = ebbi_safetensors_draft_write(&draft, path);
  ebbi_safetensors_draft_free(&draft);
  return status;
}
