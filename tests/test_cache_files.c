/* The files of the kernel cache, without a device: which are accepted, refused and removed.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "base/hash.h"
#include "cache_rig.h"
#include "device/kernel_cache.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const unsigned char binary[] = "what a driver made of a program";
enum { HEADER = 40, SUM = 16 };

static ebbi_hash key_of(const char *text) {
  return ebbi_hash_of(text, strlen(text));
}

static ebb_status store(const char *text) {
  ebbi_hash key = key_of(text);
  return ebbi_kernel_cache_store(&key, binary, sizeof binary);
}

static void assert_kept(const char *text) {
  ebbi_hash key = key_of(text);
  ebbi_kernel_entry entry;
  if (ebbi_kernel_cache_load(&entry, &key) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(entry.size, sizeof binary);
  assert_memory_equal(entry.binary, binary, sizeof binary);
  free(entry.bytes);
}

/* Loading must fail for this reason. */
static void assert_refused(const char *text, const char *reason) {
  ebbi_hash key = key_of(text);
  ebbi_kernel_entry entry;
  assert_int_not_equal(ebbi_kernel_cache_load(&entry, &key), EBB_OK);
  assert_null(entry.bytes);
  if (!strstr(ebb_error_message(), reason))
    fail_msg("\"%s\" does not say \"%s\"", ebb_error_message(), reason);
}

/* A refused entry is replaced. */
static void assert_mended(const char *text) {
  assert_int_equal(store(text), EBB_OK);
  assert_kept(text);
}

static void hashes(void **state) {
  (void)state;
  char text[33];
  ebbi_hash hash = ebbi_hash_of("", 0); /* xxHash's own test values of XXH3, 128 bits, seed 0 */
  ebbi_hash_text(text, &hash);
  assert_string_equal(text, "99aa06d3014798d86001c324468d497f");
  ebbi_hash a = key_of("a"), b = key_of("b");
  assert_memory_not_equal(a.bytes, b.bytes, sizeof a.bytes);
}

static void an_entry_comes_back(void **state) {
  (void)state;
  struct stat about;
  assert_refused("a", "no cache yet");
  assert_int_equal(rig_count(NULL), 0);
  assert_int_equal(store("a"), EBB_OK);
  assert_int_equal(store("b"), EBB_OK);
  assert_int_equal(store("b"), EBB_OK);
  assert_int_equal(rig_count(NULL), 2);
  assert_kept("a");
  assert_kept("b");
  assert_refused("c", "No such file");
  const char *const folders[] = {rig_own, rig_kernels};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(stat(folders[i], &about), 0);
    assert_int_equal(about.st_mode & 07777, 0700);
  }
}

static void a_missing_base_is_made(void **state) {
  (void)state;
  char deep[96];
  snprintf(deep, sizeof deep, "%s/a/b", rig_base);
  setenv("XDG_CACHE_HOME", deep, 1);
  assert_refused("a", "no cache yet");
  assert_int_not_equal(access(deep, F_OK), 0);
  assert_int_equal(store("a"), EBB_OK);
  assert_kept("a");
}

static void home_stands_in_for_a_relative_path(void **state) {
  (void)state;
  char path[160], *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
  setenv("HOME", rig_base, 1);
  setenv("XDG_CACHE_HOME", "cache", 1);
  assert_int_equal(store("a"), EBB_OK);
  snprintf(path, sizeof path, "%s/.cache/ebb/kernels", rig_base);
  assert_int_equal(access(path, F_OK), 0);
  unsetenv("HOME");
  assert_int_equal(store("a"), EBB_ERR_OUTPUT);
  ebb_cache_info info;
  assert_int_equal(ebb_cache_describe(&info), EBB_OK);
  assert_string_equal(info.folder, "");
  assert_non_null(strstr(info.problem, "HOME"));
  if (home) setenv("HOME", home, 1);
  free(home);
}

static void every_flipped_bit_is_noticed(void **state) {
  (void)state;
  assert_int_equal(store("a"), EBB_OK);
  size_t size = rig_size(rig_file());
  assert_int_equal(size, HEADER + sizeof binary + SUM);
  for (size_t bit = 0; bit < 8 * size; bit++) {
    rig_flip(rig_file(), bit / 8, 1u << bit % 8);
    assert_refused("a", bit < 8 * 16 ? "format" : bit < 8 * 32 ? "damaged" : "");
    rig_flip(rig_file(), bit / 8, 1u << bit % 8);
  }
  assert_kept("a");
}

static void every_shorter_file_is_noticed(void **state) {
  (void)state;
  assert_int_equal(store("a"), EBB_OK);
  for (size_t size = rig_size(rig_file()); size-- > 0;) {
    assert_int_equal(truncate(rig_file(), (off_t)size), 0);
    assert_refused("a", size < HEADER + SUM ? "only" : "header says");
  }
  assert_mended("a");
  assert_int_equal(truncate(rig_file(), HEADER + sizeof binary + SUM + 1), 0);
  assert_refused("a", "header says");
  assert_mended("a");
}

/* Writes a file whose header has `value` at `at`, with a valid checksum. */
static void forge(size_t at, uint64_t value) {
  char bytes[HEADER + sizeof binary + SUM];
  const char *path = rig_file();
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
  fclose(file);
  memcpy(bytes + at, &value, sizeof value);
  ebbi_hash sum = ebbi_hash_of(bytes, sizeof bytes - SUM);
  memcpy(bytes + sizeof bytes - SUM, &sum, SUM);
  file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
  fclose(file);
}

static void sizes_and_formats_that_are_lies(void **state) {
  (void)state;
  static const uint64_t sizes[] = {0,          sizeof binary + 1, sizeof binary - 1,
                                   UINT64_MAX, 1ull << 63,        UINT64_MAX - HEADER - SUM};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(store("a"), EBB_OK);
    forge(32, sizes[i]);
    assert_refused("a", "header says");
  }
  assert_mended("a");
  forge(8, 2);
  assert_refused("a", "format");
  assert_mended("a");
  forge(0, 0);
  assert_refused("a", "format");
  assert_mended("a");
}

static void an_entry_of_another_key(void **state) {
  (void)state;
  char other[400];
  assert_int_equal(store("a"), EBB_OK);
  snprintf(other, sizeof other, "%s", rig_file());
  assert_int_equal(remove(other), 0);
  assert_int_equal(store("b"), EBB_OK);
  assert_int_equal(rename(rig_file(), other), 0);
  assert_refused("a", "another key");
  assert_mended("a");
}

static void files_that_are_not_ours(void **state) {
  (void)state;
  char path[400], elsewhere[128];
  snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", rig_base);
  assert_int_equal(store("a"), EBB_OK);
  snprintf(path, sizeof path, "%s", rig_file());
  assert_int_equal(rename(path, elsewhere), 0); /* the link's target is a valid entry */
  assert_int_equal(symlink(elsewhere, path), 0);
  assert_refused("a", "");
  assert_mended("a");
  assert_int_equal(rig_size(elsewhere), HEADER + sizeof binary + SUM);

  assert_int_equal(chmod(path, 0620), 0);
  assert_refused("a", "others may write");
  assert_int_equal(chmod(path, 0602), 0);
  assert_refused("a", "others may write");
  assert_mended("a");

  assert_int_equal(remove(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  alarm(20); /* opening a pipe would wait for a writer */
  assert_refused("a", "not a regular file");
  alarm(0);
  assert_mended("a");

  assert_int_equal(remove(path), 0);
  assert_int_equal(mkdir(path, 0700), 0);
  assert_refused("a", "not a regular file");
  assert_int_equal(store("a"), EBB_ERR_OUTPUT);
  assert_int_equal(rig_count(NULL), 1); /* no temporary file either */
  assert_int_equal(rmdir(path), 0);

  assert_int_equal(store("a"), EBB_OK);
  assert_int_equal(truncate(path, (off_t)1 << 40), 0);
  assert_refused("a", "larger than the limit");
  assert_mended("a");
}

static void folders_that_are_not_ours(void **state) {
  (void)state;
  char elsewhere[128];
  snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", rig_base);
  const char *const folders[] = {rig_own, rig_kernels};
  assert_int_equal(store("a"), EBB_OK);
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(chmod(folders[i], 0720), 0);
    assert_refused("a", "others may write");
    assert_int_equal(store("b"), EBB_ERR_OUTPUT);
    assert_int_equal(chmod(folders[i], 0702), 0);
    assert_refused("a", "others may write");
    assert_int_equal(chmod(folders[i], 0755), 0); /* others may read it */
    assert_kept("a");

    assert_int_equal(rename(folders[i], elsewhere), 0);
    assert_int_equal(symlink(elsewhere, folders[i]), 0);
    assert_refused("a", "is a link");
    assert_int_equal(store("b"), EBB_ERR_OUTPUT);
    size_t files;
    uint64_t bytes;
    assert_int_equal(ebb_cache_clear(&files, &bytes), EBB_ERR_OUTPUT);
    assert_int_equal(remove(folders[i]), 0);
    FILE *file = fopen(folders[i], "w");
    assert_non_null(file);
    fclose(file);
    assert_refused("a", "not a folder");
    assert_int_equal(store("b"), EBB_ERR_OUTPUT);
    assert_int_equal(remove(folders[i]), 0);
    assert_int_equal(rename(elsewhere, folders[i]), 0);
    assert_kept("a");
  }
  assert_int_equal(rig_count(NULL), 1);
}

static void what_belongs_to_others(void **state) {
  (void)state;
  const uid_t stranger = 54321;
  if (geteuid() != 0) skip();
  assert_int_equal(store("a"), EBB_OK);
  char path[400];
  snprintf(path, sizeof path, "%s", rig_file());
  const char *const folders[] = {rig_own, rig_kernels};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(chown(folders[i], stranger, (gid_t)-1), 0);
    assert_refused("a", "belongs to user 54321");
    assert_int_equal(store("b"), EBB_ERR_OUTPUT);
    assert_int_equal(chown(folders[i], geteuid(), (gid_t)-1), 0);
  }
  assert_int_equal(chown(path, stranger, (gid_t)-1), 0);
  assert_refused("a", "belongs to user 54321");
  ebb_cache_info info;
  assert_int_equal(ebb_cache_describe(&info), EBB_OK);
  assert_int_equal(info.files, 0);
  assert_mended("a");
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(about.st_uid, geteuid());
}

static void folders_that_cannot_be_written(void **state) {
  (void)state;
  assert_int_equal(store("a"), EBB_OK);
  if (geteuid() != 0) {
    assert_int_equal(chmod(rig_kernels, 0500), 0);
    assert_int_equal(store("b"), EBB_ERR_OUTPUT);
    assert_kept("a");
    assert_int_equal(chmod(rig_kernels, 0700), 0);
  }
  setenv("XDG_CACHE_HOME", "/proc/self", 1); /* no folder can be created there */
  assert_int_equal(store("b"), EBB_ERR_OUTPUT);
  assert_refused("b", "no cache yet");
  setenv("XDG_CACHE_HOME", rig_file(), 1);
  assert_int_equal(store("b"), EBB_ERR_OUTPUT);
}

/* SIGXFSZ must not end the child. */
static void a_limit_on_file_sizes(void **state) {
  (void)state;
  int result;
  assert_int_equal(store("a"), EBB_OK);
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit = {.rlim_cur = HEADER + sizeof binary, .rlim_max = RLIM_INFINITY};
    bool good = setrlimit(RLIMIT_FSIZE, &limit) == 0 && store("b") == EBB_ERR_OUTPUT;
    _exit(good ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
  assert_int_equal(rig_count(NULL), 1);
}

static void sizes_that_are_not_kept(void **state) {
  (void)state;
  ebbi_hash key = key_of("a");
  unsigned char *large = calloc(1, 65u << 20);
  assert_non_null(large);
  assert_int_equal(ebbi_kernel_cache_store(&key, binary, 0), EBB_ERR_OUTPUT);
  assert_int_equal(ebbi_kernel_cache_store(&key, large, 65u << 20), EBB_ERR_OUTPUT);
  assert_int_equal(rig_count(NULL), 0);
  free(large);
}

static const char older[] = "00000000000000000000000000000001.kernel";
static const char newer[] = "00000000000000000000000000000000.kernel";
static const char rest[] = "00000000000000000000000000000002.kernel.17.0.tmp";

static void the_oldest_files_make_room(void **state) {
  (void)state;
  assert_int_equal(store("a"), EBB_OK);
  rig_sparse(newer, 130 << 20, 2000);
  rig_sparse(rest, 130 << 20, 1500);
  rig_sparse(older, 1 << 20, 1000);
  rig_sparse("notes.kernel", 300 << 20, 500); /* not a cache file */
  assert_int_equal(store("b"), EBB_OK);
  assert_int_not_equal(access(rig_path(older), F_OK), 0);
  assert_int_not_equal(access(rig_path(rest), F_OK), 0);
  assert_int_equal(access(rig_path(newer), F_OK), 0);
  assert_int_equal(access(rig_path("notes.kernel"), F_OK), 0);
  assert_kept("a");
  assert_kept("b");
}

static void clearing_takes_our_files_only(void **state) {
  (void)state;
  static const char *const strange[] = {"notes",
                                        "0123.kernel",
                                        ".hidden",
                                        "a.tmp",
                                        "00000000000000000000000000000003.kernel.bak",
                                        "00000000000000000000000000000003.kernel.17.0.tmpx",
                                        "00000000000000000000000000000003_kernel"};
  size_t files = 7;
  uint64_t bytes = 7;
  ebb_cache_info info;
  assert_int_equal(ebb_cache_clear(&files, &bytes), EBB_OK);
  assert_true(files == 0 && bytes == 0);
  assert_int_equal(ebb_cache_describe(&info), EBB_OK);
  assert_true(!info.exists && info.files == 0 && info.problem[0] == '\0');
  assert_int_equal(access(rig_own, F_OK), -1);
  assert_int_equal(store("a"), EBB_OK);
  for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) rig_sparse(strange[i], 5, 1);
  rig_sparse(rest, 1000, 1);
  assert_int_equal(symlink("notes", rig_path(older)), 0);
  assert_int_equal(mkdir(rig_path(newer), 0700), 0);
  assert_int_equal(ebb_cache_describe(&info), EBB_OK);
  assert_string_equal(info.folder, rig_kernels);
  assert_true(info.exists && info.files == 2);
  assert_int_equal(info.bytes, 1000 + HEADER + sizeof binary + SUM);
  assert_int_equal(ebb_cache_clear(&files, &bytes), EBB_OK);
  assert_int_equal(files, 2);
  assert_int_equal(bytes, info.bytes);
  for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
    assert_int_equal(rig_size(rig_path(strange[i])), 5);
  assert_int_equal(rig_size(rig_path(older)), strlen("notes")); /* the link itself */
  assert_int_equal(access(rig_path(newer), F_OK), 0);
  assert_refused("a", "No such file");
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hashes),
      CACHE_TEST(an_entry_comes_back),
      CACHE_TEST(a_missing_base_is_made),
      CACHE_TEST(home_stands_in_for_a_relative_path),
      CACHE_TEST(every_flipped_bit_is_noticed),
      CACHE_TEST(every_shorter_file_is_noticed),
      CACHE_TEST(sizes_and_formats_that_are_lies),
      CACHE_TEST(an_entry_of_another_key),
      CACHE_TEST(files_that_are_not_ours),
      CACHE_TEST(folders_that_are_not_ours),
      CACHE_TEST(what_belongs_to_others),
      CACHE_TEST(folders_that_cannot_be_written),
      CACHE_TEST(a_limit_on_file_sizes),
      CACHE_TEST(sizes_that_are_not_kept),
      CACHE_TEST(the_oldest_files_make_room),
      CACHE_TEST(clearing_takes_our_files_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
