/* Whole files, gzipped or not. What is no gzip file comes back as it is; what was gzipped here
 * comes back as it was, and not at all where it is beyond the limit.
 */
#include "fuzz.h"

#include <base/read.h>
#include <zlib.h>

enum { LIMIT = 1 << 20, WINDOW_GZIP = 15 + 16 };

static char *gzip_of(size_t *size, const char *bytes, size_t count, int level) {
  z_stream stream = {0};
  FUZZ_CHECK(deflateInit2(&stream, level, Z_DEFLATED, WINDOW_GZIP, 8, 0) == Z_OK, "zlib");
  size_t room = deflateBound(&stream, (uLong)count) + 32;
  char *packed = fuzz_need(malloc(room));
  stream.next_in = (Bytef *)(uintptr_t)bytes;
  stream.avail_in = (uInt)count;
  stream.next_out = (Bytef *)packed;
  stream.avail_out = (uInt)room;
  FUZZ_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib");
  *size = room - stream.avail_out;
  deflateEnd(&stream);
  return packed;
}

static void expect_content(const char *file, size_t file_size, const char *bytes, size_t size) {
  char *read;
  size_t count;
  const char *path = fuzz_file(file, file_size);
  FUZZ_CHECK(ebbi_file_read(&read, &count, path, LIMIT) == EBB_OK, "not read");
  FUZZ_CHECK(count == size && memcmp(read, bytes, size) == 0, "%zu bytes of %zu", count, size);
  free(read);
  if (size == 0) return;
  FUZZ_CHECK(ebbi_file_read(&read, &count, path, size - 1) != EBB_OK, "the limit is not kept");
  fuzz_expect_message();
}

static void expect_any(const char *bytes, size_t size) {
  char *read;
  size_t count;
  if (ebbi_file_read(&read, &count, fuzz_file(bytes, size), LIMIT) == EBB_OK) {
    FUZZ_CHECK(count <= LIMIT && read[count] == '\0', "%zu bytes", count);
    free(read);
  } else {
    fuzz_expect_message();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  unsigned packed = fuzz_pick(&input, 3);
  size_t file_size;
  char *bytes = fuzz_rest(&size, &input);
  if (packed) {
    char *file = gzip_of(&file_size, bytes, size, packed == 1 ? 1 : 9);
    expect_content(file, file_size, bytes, size);
    free(file);
  } else if (size < 1 || (unsigned char)bytes[0] != 0x1f) {
    expect_content(bytes, size, bytes, size);
  } else {
    expect_any(bytes, size);
  }
  free(bytes);
  return 0;
}
