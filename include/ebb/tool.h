/* What the tool and the benchmarks need of the library beyond its public interface. Not installed
 * and not part of ebb.h: it may change with any version.
 */
#ifndef EBB_TOOL_H
#define EBB_TOOL_H

#include <ebb/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For error messages: the entry of `names` nearest to `word` by edit distance, or NULL if none is
 * near enough. */
const char *ebb_suggest(const char *word, const char *const *names, size_t count);

struct ebb_tensor;

/* Yardsticks: two kernels that measure the device's limits, one its fused multiply-adds, the other
 * its memory bandwidth.
 *
 * y = x after `steps` times x <- scale x + shift, each a fused multiply-add: 2 count steps
 * operations.  Shapes: y, x [1, count].  Source: kernels/probe.cl
 */
ebb_status ebb_probe_fma(struct ebb_tensor *y, const struct ebb_tensor *x, size_t steps,
                         float scale, float shift);

/* a = b + scale c: moves 12 count bytes to and from memory.
 * Shapes: a, b, c [1, count].  Source: kernels/probe.cl */
ebb_status ebb_probe_triad(struct ebb_tensor *a, const struct ebb_tensor *b,
                           const struct ebb_tensor *c, float scale);

#ifdef __cplusplus
}
#endif
#endif
