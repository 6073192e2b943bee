/* One file of a cache folder, in memory: what the readers of cached files get (the link wraps the
 * functions of base/cache_folder.h), and what they write. */
#ifndef EBB_FUZZ_CACHE_H
#define EBB_FUZZ_CACHE_H

#include "fuzz.h"

/* What the next reader gets, a copy; `names` of a listing. */
void cache_hold(const char *bytes, size_t size);

/* What was written last; it lives until more is written. */
const char *cache_written(size_t *size);

/* Called with the test by which a listing tells its own files. */
extern void (*cache_listed)(bool (*is_ours)(const char *name));

#endif
