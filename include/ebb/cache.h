/* The kernel cache: built programs on disk.
 *
 * With a driver that does not keep what it compiles, every start is slow. For such devices the
 * built programs are kept in $XDG_CACHE_HOME/ebb/kernels, or ~/.cache/ebb/kernels. A file is found
 * by the hash of everything that the build depends on, and carries a checksum. If anything is wrong
 * with the cache, programs are built from source: the cache never fails a call or changes a result.
 */
#ifndef EBB_CACHE_H
#define EBB_CACHE_H

#include <ebb/device.h>
#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, text, what is done) */
#define EBB_CACHE_MODE_LIST(X)                                                                     \
  X(OFF, "off", "every program is built from its source")                                          \
  X(RO, "ro", "programs are loaded, nothing is written")                                           \
  X(RW, "rw", "programs are loaded, and kept when built")

typedef enum ebb_cache_mode {
#define EBB_CACHE_MODE_ENUM(name, text, what) EBB_CACHE_##name,
  EBB_CACHE_MODE_LIST(EBB_CACHE_MODE_ENUM)
#undef EBB_CACHE_MODE_ENUM
      EBB_CACHE_MODE_COUNT
} ebb_cache_mode;

/* "off", "ro", "rw"; "?" outside the range. */
const char *ebb_cache_mode_name(ebb_cache_mode mode);

/* How a device opened now would use the cache. The variable EBB_KERNEL_CACHE decides; without it
 * the mode is off if the driver is known to need no cache, and rw otherwise. *reason, if not NULL,
 * says why.
 * Errors: EBB_ERR_ARGUMENT (the variable has another value). */
ebb_status ebb_cache_mode_for(ebb_cache_mode *mode, const char **reason,
                              const ebb_device_info *info);

/* The cache's folder and contents. Sizes in bytes. */
typedef struct ebb_cache_info {
  char folder[4096]; /* "" if there is no place for one */
  bool exists;
  char problem[512]; /* why the cache cannot be used; "" if it can */
  size_t files;
  uint64_t bytes;
  uint64_t limit; /* in bytes; above it the oldest files are removed */
} ebb_cache_info;

/* Examines the cache without creating or changing anything. A fault of the folder is reported in
 * `problem`, not as an error.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_MEMORY. */
ebb_status ebb_cache_describe(ebb_cache_info *info);

/* Removes the cache's own files and nothing else, and counts them. Running programs are not
 * affected.
 * Errors: EBB_ERR_OUTPUT (the folder is refused, or one of its files cannot be removed). */
ebb_status ebb_cache_clear(size_t *files, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
