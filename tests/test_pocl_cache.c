/* PoCL's cache folder without write permission: what users are told. */
#include "device/environment.h"
#include "test_support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What another user's programs leave in a cache, reported to a user other than root. */
static void closed_folders_in_pocls_cache_are_found(void **state) {
  (void)state;
  char folder[] = "/tmp/ebb_test_XXXXXX", inner[64];
  assert_non_null(mkdtemp(folder));
  snprintf(inner, sizeof inner, "%s/KC", folder);
  assert_true(chmod(folder, 0755) == 0 && mkdir(inner, 0755) == 0);
  for (int closed = 0; closed <= 1; closed++) {
    assert_int_equal(chmod(inner, closed ? 0555 : 0777), 0);
    pid_t child = fork();
    if (child == 0) {
      ebb_finding finding;
      bool unprivileged = geteuid() != 0 || setuid(65534) == 0;
      setenv("POCL_CACHE_DIR", folder, 1);
      bool found = ebbi_pocl_cache_closed(&finding);
      bool named = !found || (strstr(finding.what, inner) && strstr(finding.advice, "POCL_CACHE"));
      _exit(!unprivileged ? 9 : !named ? 8 : found);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(WEXITSTATUS(result), closed);
  }
  assert_true(rmdir(inner) == 0 && rmdir(folder) == 0);
}

/* If PoCL's cache makes it unavailable, a search among other devices says so. */
static void a_search_names_pocls_cache(void **state) {
  ebbi_platform_device other = {.info = *ebb_device_get_info(*state)};
  char reason[160], *before = getenv("POCL_CACHE_DIR");
  size_t index;
  if (!ebbi_pocl_is_there()) skip();
  before = before ? strdup(before) : NULL;
  strcpy(other.info.platform, "another");
  other.info.type = EBB_DEVICE_GPU_DISCRETE;
  setenv("POCL_CACHE_DIR", "/dev/null", 1);
  assert_int_equal(ebbi_devices_select(&index, reason, sizeof reason, &other, 1, "cpu"),
                   EBB_ERR_NO_DEVICE);
  assert_non_null(strstr(ebb_error_message(), "POCL_CACHE_DIR=/dev/null: PoCL cannot work"));
  unsetenv("POCL_CACHE_DIR");
  if (before) setenv("POCL_CACHE_DIR", before, 1);
  free(before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(closed_folders_in_pocls_cache_are_found),
      cmocka_unit_test(a_search_names_pocls_cache),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
