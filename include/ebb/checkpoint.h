/* Checkpoints: a training's whole state in a folder, from which it goes on after an interruption.
 *
 * A checkpoint is two files: `step-NNNNNNNNNNNN.safetensors` has the weights, the optimizer's
 * moments and the weights that a training falls back to; `step-NNNNNNNNNNNN.json`, the manifest,
 * has the counters, what the training was made with, which data it has, and checksums of all of
 * it. The manifest is written last, so a checkpoint is whole or is none, whenever the process ends.
 * Tensors that replace those of the same step are in `step-NNNNNNNNNNNN-again.safetensors`, so that
 * the older ones stay until the new manifest is in place; the manifest names its file.
 */
#ifndef EBB_CHECKPOINT_H
#define EBB_CHECKPOINT_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a checkpoint is of. */
typedef struct ebb_checkpoint_info {
  char *path;    /* of its manifest */
  char *spec;    /* of the network */
  char *extra;   /* the caller's text; NULL: none */
  char *damaged; /* newer ones that were passed over and why, a line each; "" */
  uint64_t step; /* steps done */
  size_t epoch;  /* epochs done */
} ebb_checkpoint_info;

/* Writes the trainer's whole state into `folder`, made if it is missing, and then removes from it
 * all but the newest `keep` checkpoints, 1 at least, and what interrupted saves have left. Other
 * files stay. `extra`: a UTF-8 text of the caller's, of 1 MiB at most, kept with it; may be NULL.
 * May be called from a report callback, or between runs; the training is not changed by it. Blocks:
 * for the queue, and until the files are on the disk.
 *
 * As every transfer, the weights are read twice and compared; the files are read back before an
 * older checkpoint is removed. A folder belongs to one training: beside a checkpoint of another
 * one, or of a later step, the save fails and changes nothing. Errors: EBB_ERR_ARGUMENT (keep is 0,
 * `extra` is not UTF-8 or too long, the folder has checkpoints of another training),
 * EBB_ERR_OUTPUT, EBB_ERR_NUMBERS (a weight is not finite), EBB_ERR_DEVICE (also where two reads
 * differ), EBB_ERR_UNSUPPORTED (the folder has a checkpoint of a later version of the format),
 * EBB_ERR_MEMORY. After any of them the older checkpoints are still there. */
ebb_status ebb_trainer_save(ebb_trainer *trainer, const char *folder, size_t keep,
                            const char *extra);

/* Takes over the newest good checkpoint of `folder`: the trainer, just made and not yet run, goes
 * on as if it had never been interrupted, to the last bit on the same device. Its first run is the
 * interrupted one going on: it ends at the options' epochs, counted from where that run began, or
 * at once if that had been out of patience. The network gets the checkpoint's weights.
 *
 * Network, data (to the last bit), precision, and options must be the same, except epochs,
 * patience, step form, data place and block bytes. Another step form rounds differently, another
 * data place does not. Damaged checkpoints are passed over; `info` (may be NULL) says so, and is
 * to be cleared after success. Blocks.
 * Errors: EBB_ERR_ARGUMENT (says in words what differs; the trainer has been run), EBB_ERR_INPUT
 * (there is none that is good; the message says what is wrong with each), EBB_ERR_UNSUPPORTED (a
 * later version of the format). After these the trainer is as it was; after EBB_ERR_DEVICE make a
 * new one. */
ebb_status ebb_trainer_resume(ebb_trainer *trainer, const char *folder, ebb_checkpoint_info *info);

/* Describes the newest good checkpoint of a folder, which is read as ebb_trainer_resume does, but
 * needs no device. Errors: EBB_ERR_INPUT, EBB_ERR_UNSUPPORTED, EBB_ERR_MEMORY. */
ebb_status ebb_checkpoint_describe(ebb_checkpoint_info *out, const char *folder);

/* Frees the texts and zeroes the description. NULL is accepted. */
void ebb_checkpoint_info_clear(ebb_checkpoint_info *info);

#ifdef __cplusplus
}
#endif
#endif
