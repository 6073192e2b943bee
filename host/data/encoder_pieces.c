/* Numbers in pieces: a number column as several inputs, each of which grows from 0 to 1 over a part
 * of the column's range (piecewise linear encoding; Gorishniy et al., "On embeddings for numerical
 * features in tabular deep learning", NeurIPS 2022). The parts end at numbers of the training
 * rows, so that each has as many rows. A first layer can then follow any function of the number
 * that is linear between these ends. Beyond the training rows all inputs stay as they are at the
 * end, so a value that is far away cannot become large.
 */
#include "base/error.h"
#include "data/encoder.h"

#include <stdlib.h>

ebb_status ebbi_fit_pieces(ebbi_feature *feature, const double *sorted, size_t count, size_t most) {
  feature->ends = malloc((most + 1) * sizeof *feature->ends);
  REQUIRE(feature->ends, EBB_ERR_MEMORY, "encoder: no memory for %zu pieces", most);
  size_t ends = 0;
  for (size_t k = 0; k <= most; k++) {
    double end = sorted[k * (count - 1) / most];
    if (ends == 0 || end > feature->ends[ends - 1]) feature->ends[ends++] = end;
  }
  feature->pieces = ends - 1; /* below 2: the number as it is */
  if (feature->pieces < 2) feature->pieces = 0;
  return EBB_OK;
}

void ebbi_put_pieces(float *x, const ebbi_feature *feature, double value) {
  for (size_t p = 0; p < feature->pieces; p++) {
    double from = feature->ends[p], to = feature->ends[p + 1];
    x[p] = value <= from ? 0
           : value >= to ? 1
                         : (float)((value / 2 - from / 2) / (to / 2 - from / 2));
  }
}
