/* The cache of built kernel programs on disk.
 *
 * A driver that does not keep what it compiles makes every start slow; for such devices built
 * programs are kept in $XDG_CACHE_HOME/ebb/kernels, or ~/.cache/ebb/kernels. A file is found by the
 * hash of everything that decides what is built, and carries a checksum. Whatever is wrong with
 * the cache, programs are then built from their source: it never fails a call or changes a result.
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

/* How a device that is opened now uses the cache: by the variable EBB_KERNEL_CACHE; without it off
 * where the driver is known to need none, rw elsewhere. *reason, if not NULL, says why.
 * Errors: EBB_ERR_ARGUMENT (the variable has another value). */
ebb_status ebb_cache_mode_for(ebb_cache_mode *mode, const char **reason,
                              const ebb_device_info *info);

/* The cache's folder and what it holds. Sizes in bytes. */
typedef struct ebb_cache_info {
  char folder[4096]; /* "" if there can be none */
  bool exists;
  char problem[512]; /* why it cannot be used; "" if it can */
  size_t files;
  uint64_t bytes;
  uint64_t limit; /* bytes beyond which the oldest files are removed */
} ebb_cache_info;

/* Looks without making or changing anything. Trouble with the folder is no failure but `problem`.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_MEMORY. */
ebb_status ebb_cache_describe(ebb_cache_info *info);

/* Removes the cache's own files and nothing else, and counts them. A program that is running goes
 * on undisturbed.
 * Errors: EBB_ERR_OUTPUT (the folder is refused, or a file of it cannot be removed). */
ebb_status ebb_cache_clear(size_t *files, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
