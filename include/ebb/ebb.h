/* ebb: neural networks trained by backpropagation on any OpenCL device.
 *
 * simple.h is the short way: train, save, load and predict on arrays. The rest, in order of
 * dependence:
 *   status.h     status codes, the message of the last failure
 *   device.h     finding, choosing and opening a device; counters; the doctor
 *   cache.h      built kernel programs kept on disk
 *   profile.h    what the device's time goes into, by kernel; traces
 *   precision.h  float32, tf32 or bf16 products
 *   tensor.h     two-dimensional arrays on a device
 *   schedule.h   the learning rate as a function of the step
 *   ops.h        the operations: matmul, dense layers, loss, gather, update
 *   formula.h    activations of the user's, as formulas
 *   network.h    network specs, weights, safetensors files
 *   data.h       files, tables and their columns; encoding; splits; conversion (host only)
 *   trainer.h    epochs of recorded steps; evaluation
 *   find_rate.h  the learning-rate range test
 *   checkpoint.h a training's whole state, from which it goes on
 *   model.h      a network with its encoder in one file
 *   scores.h     accuracy, ROC AUC, R2 and their kin, of any predictions (host only)
 *   verify.h     every kernel and a network against a double-precision reference
 *   sentinel.h   a training's own steps against it: self-test, sentinel, replay
 *   tune.h       the fastest configuration or engine for a class of products, kept on disk
 *   opencl.h     interop, not included here: the only header that shows OpenCL's types
 *
 * The smallest program that trains and saves a model; `examples/` has it with error handling:
 *
 *   ebb_device *device;
 *   ebb_network *network;
 *   ebb_trainer *trainer;
 *   ebb_spec spec;
 *   ebb_dataset xor = {.rows = 4, .inputs = 2, .outputs = 2, .x = x, .labels = labels};
 *   ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
 *
 *   ebb_device_open(&device, NULL);
 *   ebb_spec_parse(&spec, "2-16tanh-2", 0, 0);
 *   ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 1);
 *   ebb_trainer_create(&trainer, network, &xor, NULL, &options);
 *   ebb_trainer_run(trainer, NULL, NULL);
 *   ebb_network_save(network, "xor.safetensors", NULL, 0);
 *   ebb_trainer_free(trainer);
 *   ebb_network_free(network);
 *   ebb_device_free(device);
 */
#ifndef EBB_EBB_H
#define EBB_EBB_H

#include <ebb/cache.h>
#include <ebb/checkpoint.h>
#include <ebb/data.h>
#include <ebb/device.h>
#include <ebb/find_rate.h>
#include <ebb/formula.h>
#include <ebb/model.h>
#include <ebb/network.h>
#include <ebb/ops.h>
#include <ebb/precision.h>
#include <ebb/profile.h>
#include <ebb/schedule.h>
#include <ebb/scores.h>
#include <ebb/sentinel.h>
#include <ebb/simple.h>
#include <ebb/status.h>
#include <ebb/tensor.h>
#include <ebb/trainer.h>
#include <ebb/tune.h>
#include <ebb/update.h>
#include <ebb/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
const char *ebb_version(void);

#ifdef __cplusplus
}
#endif
#endif
