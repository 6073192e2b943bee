/* Flops and bytes of whole steps, counted as in ops/work.c. */
#include "ops/work.h"
#include "whole_step.h"

double ebbi_work_row_flops(const ebbi_whole_network *network) {
  double flops = 0;
  for (size_t l = 0; l < network->count; l++) {
    double weights = (double)network->layers[l].inputs * (double)network->layers[l].outputs;
    double outputs = (double)network->layers[l].outputs;
    flops += (l == 0 ? 4 : 6) * weights; /* (1), (9) and, except in the first layer, (8) */
    if (network->layers[l].bias != EBBI_WHOLE_NONE) flops += 2 * outputs; /* b and its gradient */
    if (l + 1 < network->count) flops += outputs;                         /* f' */
  }
  return flops;
}

ebbi_work ebbi_work_whole(const ebbi_whole_step *step, const ebbi_whole_source *source,
                          const ebb_optimizer *optimizer, size_t steps) {
  const ebbi_whole_layout *layout = &step->layout;
  size_t n = step->gradients->cols;
  bool bytes = source->data->dtype == EBB_U8;
  double rows = (double)layout->batch, x = rows * (double)step->inputs;
  double y = rows * (double)source->targets->cols;
  ebbi_work work = {.shape = {layout->batch, n, optimizer ? steps : 0}};
  work.flops = rows * step->row_flops + (bytes ? x : 0) +
               ebbi_work_loss(source->loss, layout->batch, step->outputs).flops;
  work.bytes = 4 * ((double)n + (double)layout->slices * (double)n + y) + (bytes ? 1 : 4) * x;
  if (!optimizer) return work;
  ebbi_work update = ebbi_work_update(optimizer, n, 1);
  work.flops = (double)steps * (work.flops + update.flops);
  work.bytes = (double)steps * (work.bytes + update.bytes);
  return work;
}
