/* Puts a network into an OpenCL program that has its own context and queue.
 *
 * ebb opens a device on them instead of making its own, so the network's parameters are a buffer of
 * this program's context: its kernels can read and change them with no copy through the host. Here
 * a plain read in the program's queue stands for such a kernel; as the queue is in order, it sees
 * all that ebb has queued before it.
 */
#include <ebb/ebb.h>
#include <ebb/opencl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct program {
  cl_device_id id;
  cl_context context;
  cl_command_queue queue;
} program;

static bool open_opencl(program *own) {
  cl_platform_id platform;
  cl_int error = clGetPlatformIDs(1, &platform, NULL);
  if (error == CL_SUCCESS) error = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &own->id, NULL);
  if (error == CL_SUCCESS) own->context = clCreateContext(NULL, 1, &own->id, NULL, NULL, &error);
  if (error == CL_SUCCESS) own->queue = clCreateCommandQueue(own->context, own->id, 0, &error);
  if (error != CL_SUCCESS) fprintf(stderr, "opencl_interop: OpenCL error %d\n", (int)error);
  return error == CL_SUCCESS;
}

static void close_opencl(program *own) {
  if (own->queue) clReleaseCommandQueue(own->queue);
  if (own->context) clReleaseContext(own->context);
}

/* Reads the parameter buffer by this program's queue and by ebb; the two must be the same. */
static bool read_parameters(const program *own, const ebb_tensor *slab, float *ours, float *ebbs) {
  size_t count = ebb_tensor_cols(slab), bytes = count * sizeof *ours;
  cl_int error = clEnqueueReadBuffer(own->queue, ebb_tensor_cl_mem(slab), CL_TRUE, 0, bytes, ours,
                                     0, NULL, NULL);
  bool same = error == CL_SUCCESS && ebb_tensor_download(ebbs, slab) == EBB_OK &&
              memcmp(ours, ebbs, bytes) == 0;
  printf("%zu parameters, the first %f: %s\n", count, ours[0],
         same ? "read as one buffer by both" : "not the same");
  return same;
}

static bool compare(const program *own, const ebb_network *network) {
  const ebb_tensor *slab = ebb_network_parameters(network);
  float *ours = calloc(ebb_tensor_cols(slab), sizeof *ours);
  float *ebbs = calloc(ebb_tensor_cols(slab), sizeof *ebbs);
  bool same = ours && ebbs && read_parameters(own, slab, ours, ebbs) && ours[0] != 0;
  free(ours);
  free(ebbs);
  return same;
}

int main(void) {
  program own = {0};
  ebb_device *device = NULL;
  ebb_network *network = NULL;
  ebb_spec spec;
  bool ok = open_opencl(&own);
  if (ok) {
    ok = ebb_device_open_opencl(&device, own.context, own.id, own.queue) == EBB_OK &&
         ebb_spec_parse(&spec, "64-32relu-10", 0, 0) == EBB_OK &&
         ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 1) == EBB_OK;
    if (!ok) fprintf(stderr, "opencl_interop: %s\n", ebb_error_message());
  }
  ok = ok && compare(&own, network);
  ebb_network_free(network);
  ebb_device_free(device);
  close_opencl(&own);
  return ok ? 0 : 1;
}
