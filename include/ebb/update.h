/* What a training's updates do beside the optimizer: groups of parameters, penalties, clipping. */
#ifndef EBB_UPDATE_H
#define EBB_UPDATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every field that is 0 has no effect. A gradient g is changed in this order before the optimizer
 * gets it:
 *
 *   g = g min(1, clip_norm / (norm of all trained gradients + 1e-6)), as PyTorch's clip_grad_norm_;
 *   g = min(max(g, -clip_value), clip_value);
 *   g = g + l2 p + l1 sign(p).
 *
 * l2 is added for every optimizer. weight_decay does the same, except that adamw, lamb, lion and
 * muon take it off the weight, as nadam and radam do with decoupled_decay. Source: (G2) to (G4) */
typedef struct ebb_update_options {
  const double *layer_rates; /* factors of the layers' learning rates, layer 1 first, as messages
                              * count them; 0: the layer is not trained. Copied; NULL: all 1 */
  size_t layers;             /* of layer_rates; the factor of further layers is 1 */
  uint64_t no_decay_bias;    /* 1: weight decay, l1 and l2 spare biases and the factors of norms */
  double clip_value;
  double clip_norm; /* at least 1e-12 */
  double l1, l2;
  double max_norm; /* after the update, largest norm of the weights into a unit of a dense layer */

  /* Averaged weights. They are kept beside the others, which the updates continue from. At the end
   * of an epoch the averaged weights are evaluated, and kept if they are the best; after a run the
   * network holds them, as it holds the best epoch's with keep_best. Not both.  Source: (G6), (G7)
   */
  double ema;        /* below 1: decay of a moving average over the steps */
  size_t swa;        /* from this epoch on, the mean over the ends of epochs; EBB_SWA_DEFAULT */
  size_t accumulate; /* a step takes this many batches one after the other and makes one update by
                      * the mean over their rows: a batch that is as many times as large, in less
                      * memory. By layers only. 0 is 1.  Source: (G1) */
  uint64_t ntk;     /* 1: the learning rate of a dense layer's weights is divided by the root of its
                     * inputs. With Adam this is the neural tangent parametrisation, in which the
                     * product is divided instead */
  double bias_rate; /* factor of the biases' learning rates; 0 is 1 */

  /* Of muon only. A training makes orthogonal steps for the weights of dense layers except the
   * last, and AdamW's for all other parameters; ebb_update, which knows no layers, makes AdamW's
   * for all.  Source: (O9) to (O11) */
  uint64_t muon_last;     /* 1: for the last dense layer's weights, too */
  uint64_t muon_original; /* 1: steps k = sqrt(max(1, O / I)) as Keller Jordan's, which want a rate
                           * of about 0.02; 0: 0.2 sqrt(max(I, O)), as large as AdamW's */

  /* Of lbfgs only.  Source: (O12) to (O17) */
  size_t history;    /* steps whose changes of weights and gradient it keeps; 0: 10 */
  size_t line_tries; /* most points of a step's line after the first; 0: 25 */
} ebb_update_options;

/* The last quarter of the options' epochs. */
#define EBB_SWA_DEFAULT SIZE_MAX

#ifdef __cplusplus
}
#endif
#endif
