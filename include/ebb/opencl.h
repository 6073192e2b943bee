/* OpenCL interoperability: the only public header that uses OpenCL's types. */
#ifndef EBB_OPENCL_H
#define EBB_OPENCL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>
#include <ebb/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens a device on the caller's context and in-order queue, which are retained until
 * ebb_device_free. All of ebb's work goes into this queue.
 * Errors: EBB_ERR_ARGUMENT (they do not belong together, or the queue is out of order). */
ebb_status ebb_device_open_opencl(ebb_device **out, cl_context context, cl_device_id device,
                                  cl_command_queue queue);

cl_context ebb_device_cl_context(const ebb_device *device);
cl_command_queue ebb_device_cl_queue(const ebb_device *device);

/* The memory object behind a tensor, valid as long as the tensor: row-major, with rows `stride`
 * apart. For the parameter slab: ebb_tensor_cl_mem(ebb_network_parameters(network)). */
cl_mem ebb_tensor_cl_mem(const ebb_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
