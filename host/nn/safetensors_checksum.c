/* The checksum of safetensors files.
 *
 * It covers the content instead of the file's bytes. A program that reads a file and writes it in
 * another order or spelling leaves it valid; a change of a number or text does not. Any flipped bit
 * is found, too. One in the checksum's key leaves the format entry, which demands a checksum; one
 * in the format's key changes the checksum.
 */
#include "nn/safetensors_checksum.h"

#include "base/error.h"
#include "nn/safetensors_file.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The remedy in messages about a missing or wrong checksum. */
#define REMEDY                                                                                     \
  "use another copy of the file, or create it again; if the change is intended, "                  \
  "remove " EBBI_SAFETENSORS_FORMAT " and " EBBI_SAFETENSORS_CHECKSUM " from its metadata"

static const char format[] = EBBI_SAFETENSORS_FORMAT, checksum[] = EBBI_SAFETENSORS_CHECKSUM;

static void take_hash(void *to, const void *bytes, size_t size) {
  ebbi_hasher_add(to, bytes, size);
}

static void add_number(ebbi_hasher *hasher, uint64_t number) {
  unsigned char bytes[8];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(number >> 8 * i);
  ebbi_hasher_add(hasher, bytes, sizeof bytes);
}

static void add_text(ebbi_hasher *hasher, const char *text) {
  add_number(hasher, strlen(text));
  ebbi_hasher_add(hasher, text, strlen(text));
}

static void add_tensor(ebbi_hasher *hasher, const ebbi_content *tensor) {
  add_text(hasher, tensor->name);
  add_text(hasher, tensor->dtype);
  add_number(hasher, tensor->rank);
  for (size_t i = 0; i < tensor->rank; i++) add_number(hasher, tensor->shape[i]);
  add_number(hasher, tensor->size);
  if (tensor->bytes)
    ebbi_hasher_add(hasher, tensor->bytes, tensor->size);
  else
    ebbi_floats_to_bytes(tensor->values, tensor->size / 4, take_hash, hasher);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const ebbi_content *)a)->name, ((const ebbi_content *)b)->name);
}

static int compare_keys(const void *a, const void *b) {
  return strcmp(((const ebb_metadata *)a)->key, ((const ebb_metadata *)b)->key);
}

ebb_status ebbi_safetensors_checksum(char text[33], ebbi_content *tensors, size_t count,
                                     ebb_metadata *pairs, size_t pair_count, const char *where) {
  ebbi_hasher *hasher = ebbi_hasher_create();
  REQUIRE(hasher, EBB_ERR_MEMORY, "%s: no memory for its checksum", where);
  size_t others = 0;
  for (size_t i = 0; i < pair_count; i++) others += strcmp(pairs[i].key, checksum) != 0;
  if (count > 0) qsort(tensors, count, sizeof *tensors, compare_names);
  if (pair_count > 0) qsort(pairs, pair_count, sizeof *pairs, compare_keys);
  add_number(hasher, count);
  for (size_t i = 0; i < count; i++) add_tensor(hasher, &tensors[i]);
  add_number(hasher, others);
  for (size_t i = 0; i < pair_count; i++) {
    if (strcmp(pairs[i].key, checksum) == 0) continue;
    add_text(hasher, pairs[i].key);
    add_text(hasher, pairs[i].value);
  }
  ebbi_hash hash = ebbi_hasher_value(hasher);
  ebbi_hash_text(text, &hash);
  ebbi_hasher_free(hasher);
  return EBB_OK;
}

/* Computes the checksum that the file should have. */
static ebb_status compute(char text[33], const ebbi_safetensors *file) {
  ebbi_content *tensors = malloc((file->count + 1) * sizeof *tensors);
  ebb_metadata *pairs = malloc((file->pair_count + 1) * sizeof *pairs);
  ebb_status status = EBB_OK;
  for (size_t i = 0; tensors && i < file->count; i++) {
    const ebbi_safetensor *t = &file->tensors[i];
    tensors[i] = (ebbi_content){t->name, t->dtype, t->rank, t->shape, t->size, t->bytes, NULL};
  }
  if (pairs && file->pair_count > 0) memcpy(pairs, file->pairs, file->pair_count * sizeof *pairs);
  if (tensors && pairs)
    status =
        ebbi_safetensors_checksum(text, tensors, file->count, pairs, file->pair_count, file->path);
  else
    status = ebbi_fail(EBB_ERR_MEMORY, "%s: no memory for its checksum", file->path);
  free(tensors);
  free(pairs);
  return status;
}

ebb_status ebbi_safetensors_check(const ebbi_safetensors *file) {
  const char *version = ebbi_safetensors_metadata(file, format);
  const char *stated = ebbi_safetensors_metadata(file, checksum);
  char found[33];
  if (!version && !stated) return EBB_OK;
  REQUIRE(
      stated, EBB_ERR_INPUT,
      "%s: damaged, or changed by another program: it has %s in its metadata, and no %s; " REMEDY,
      file->path, format, checksum);
  TRY(compute(found, file));
  REQUIRE(strcmp(found, stated) == 0, EBB_ERR_INPUT,
          "%s: damaged, or changed by another program: its content does not match the checksum "
          "%s in its metadata; " REMEDY " (stated %.40s, found %s)",
          file->path, checksum, stated, found);
  REQUIRE(version && strcmp(version, "2") == 0, EBB_ERR_INPUT,
          "%s: its metadata %s is \"%.20s\", and this version of ebb reads format 2", file->path,
          format, version ? version : "");
  return EBB_OK;
}

void ebbi_floats_to_bytes(const float *values, size_t count,
                          void (*take)(void *to, const void *bytes, size_t size), void *to) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (count > 0) take(to, values, 4 * count);
#else
  enum { CHUNK = 1024 };
  unsigned char bytes[4 * CHUNK];
  for (size_t done = 0; done < count;) {
    size_t chunk = count - done < CHUNK ? count - done : CHUNK;
    for (size_t i = 0; i < 4 * chunk; i++) {
      uint32_t bits;
      memcpy(&bits, &values[done + i / 4], sizeof bits);
      bytes[i] = (unsigned char)(bits >> 8 * (i % 4));
    }
    take(to, bytes, 4 * chunk);
    done += chunk;
  }
#endif
}
