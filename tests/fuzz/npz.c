/* NPZ, all the way: an archive as it stands, or one made of the input's members, since hardly any
 * change to an archive leaves its checksums right. A member is a line with its name, then its
 * bytes, up to four bytes of 0xff.
 */
#include "tables.h"

#include <data/formats.h>
#include <zlib.h>

enum { MEMBERS = 4, LOCAL = 30, CENTRAL = 46, END = 22 };

typedef struct member {
  char *name, *bytes;
  size_t length, size, offset;
} member;

static void put(char **at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++, value >>= 8) *(*at)++ = (char)(value & 0xff);
}

/* What the headers of a member share, from the version that is needed to unpack it. */
static void put_common(char **at, const member *m) {
  put(at, 20, 2);
  put(at, 0, 8); /* flags, stored, no date */
  put(at, crc32(0, (const Bytef *)m->bytes, (uInt)m->size), 4);
  put(at, m->size, 4);
  put(at, m->size, 4);
  put(at, m->length, 2);
  put(at, 0, 2);
}

static void put_text(char **at, const char *text, size_t length) {
  memcpy(*at, text, length);
  *at += length;
}

static char *archive_of(size_t *size, member *members, size_t count) {
  size_t room = END;
  for (size_t i = 0; i < count; i++)
    room += LOCAL + CENTRAL + 2 * members[i].length + members[i].size;
  char *bytes = fuzz_need(malloc(room + 1)), *at = bytes;
  for (size_t i = 0; i < count; i++) {
    members[i].offset = (size_t)(at - bytes);
    put(&at, 0x04034b50, 4);
    put_common(&at, &members[i]);
    put_text(&at, members[i].name, members[i].length);
    put_text(&at, members[i].bytes, members[i].size);
  }
  size_t directory = (size_t)(at - bytes);
  for (size_t i = 0; i < count; i++) {
    put(&at, 0x02014b50, 4);
    put(&at, 20, 2);
    put_common(&at, &members[i]);
    put(&at, 0, 10); /* comment, disk, attributes */
    put(&at, members[i].offset, 4);
    put_text(&at, members[i].name, members[i].length);
  }
  size_t length = (size_t)(at - bytes) - directory;
  put(&at, 0x06054b50, 4);
  put(&at, 0, 4);
  put(&at, count, 2);
  put(&at, count, 2);
  put(&at, length, 4);
  put(&at, directory, 4);
  put(&at, 0, 2);
  *size = (size_t)(at - bytes);
  bytes[*size] = '\0';
  return bytes;
}

/* Bytes up to the mark that ends a member. */
static char *take_member(size_t *size, fuzz_input *input) {
  static const char mark[] = "\xff\xff\xff\xff";
  fuzz_input part = *input;
  for (part.left = 0; part.left < input->left; part.left++)
    if (input->left - part.left >= 4 && memcmp(input->at + part.left, mark, 4) == 0) break;
  size_t taken = part.left + 4 < input->left ? part.left + 4 : input->left;
  input->at += taken;
  input->left -= taken;
  return fuzz_rest(size, &part);
}

static char *make_archive(size_t *size, fuzz_input *input) {
  member members[MEMBERS];
  size_t count = 0;
  for (; count < MEMBERS && input->left > 0; count++) {
    members[count].name = fuzz_take(&members[count].length, input, '\n');
    members[count].bytes = take_member(&members[count].size, input);
  }
  char *bytes = archive_of(size, members, count);
  while (count-- > 0) {
    free(members[count].name);
    free(members[count].bytes);
  }
  return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  table_choices choices = fuzz_table_choices(&input);
  bool made = fuzz_pick(&input, 2);
  char *bytes = made ? make_archive(&size, &input) : fuzz_rest(&size, &input);
  if (ebbi_is_zip(bytes, size)) {
    fuzz_table_bytes(bytes, size, &choices);
    return 0;
  }
  free(bytes);
  return -1;
}
