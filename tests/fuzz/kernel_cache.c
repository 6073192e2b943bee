/* Entries of the kernel cache: a file as it stands, one whose checksum has been made right, or a
 * binary that is kept and read back; and names of files, by which the cache knows its own.
 */
#include "cache.h"

#include <device/kernel_cache.h>

enum { RAW, SUMMED, KEPT, NAME, WAYS };

static const ebbi_hash key = {{1, 2, 3}};

/* What is accepted is what would be kept for the binary that it holds. */
static void check_held(const char *held, size_t held_size) {
  ebbi_kernel_entry entry;
  size_t size;
  if (ebbi_kernel_cache_load(&entry, &key) != EBB_OK) {
    fuzz_expect_message();
    FUZZ_CHECK(!entry.bytes, "an entry beside a failure");
    return;
  }
  if (entry.size > 0) {
    FUZZ_CHECK(ebbi_kernel_cache_store(&key, entry.binary, entry.size) == EBB_OK, "not kept");
    const char *kept = cache_written(&size);
    FUZZ_CHECK(size == held_size && memcmp(kept, held, size) == 0, "another file is kept");
  }
  free(entry.bytes);
}

/* The last 16 bytes become the checksum of those before. */
static void check_summed(char *bytes, size_t size) {
  if (size >= sizeof(ebbi_hash)) {
    ebbi_hash sum = ebbi_hash_of(bytes, size - sizeof sum);
    memcpy(bytes + size - sizeof sum, &sum, sizeof sum);
  }
  cache_hold(bytes, size);
  check_held(bytes, size);
}

static void check_kept(const char *binary, size_t size) {
  ebbi_kernel_entry entry;
  size_t kept_size;
  if (size == 0) return;
  FUZZ_CHECK(ebbi_kernel_cache_store(&key, (const unsigned char *)binary, size) == EBB_OK, "kept");
  const char *kept = cache_written(&kept_size);
  cache_hold(kept, kept_size);
  FUZZ_CHECK(ebbi_kernel_cache_load(&entry, &key) == EBB_OK, "not read");
  FUZZ_CHECK(entry.size == size && memcmp(entry.binary, binary, size) == 0, "another binary");
  free(entry.bytes);
}

static const char *listed_name;

static void ask_name(bool (*is_ours)(const char *name)) {
  if (is_ours(listed_name)) FUZZ_CHECK(strstr(listed_name, ".kernel"), "%s", listed_name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  unsigned way = fuzz_pick(&input, WAYS);
  char *bytes = fuzz_rest(&size, &input);
  ebb_cache_info info;
  cache_listed = NULL;
  if (way == RAW) {
    cache_hold(bytes, size);
    check_held(bytes, size);
  } else if (way == SUMMED) {
    check_summed(bytes, size);
  } else if (way == KEPT) {
    check_kept(bytes, size);
  } else {
    listed_name = bytes;
    cache_listed = ask_name;
    FUZZ_CHECK(ebb_cache_describe(&info) == EBB_OK, "names");
  }
  free(bytes);
  return 0;
}
