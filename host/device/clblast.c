/* CLBlast as a matmul engine, if the library is installed: one SGEMM on the device's queue. */
#include "cl.h"

#ifdef EBB_HAVE_CLBLAST
#include <clblast_c.h>

bool ebbi_clblast_built(void) {
  return true;
}

/* A call queues several kernels and returns only the last one's event, so a marker before them
 * gives their start. */
static ebb_status mark(cl_event *marker, ebb_device *device) {
  *marker = NULL;
  if (device->timing)
    TRY_CL(device, "CLBlastSgemm", clEnqueueMarkerWithWaitList, device->queue, 0, NULL, marker);
  return EBB_OK;
}

static ebb_status sgemm(ebb_device *device, const ebbi_gemm *g) {
  static const char name[] = "clblast_sgemm";
  cl_event before, event;
  TRY(mark(&before, device));
  ebbi_launch_note(device, name);
  device->clblast = true;
  if (!ebbi_call_begin(device, "CLBlastSgemm")) return ebbi_device_lost(device);
  CLBlastStatusCode code =
      CLBlastSgemm(CLBlastLayoutRowMajor, g->transpose_a ? CLBlastTransposeYes : CLBlastTransposeNo,
                   g->transpose_b ? CLBlastTransposeYes : CLBlastTransposeNo, g->rows, g->cols,
                   g->depth, 1.0f, g->a->memory, 0, g->a_stride, g->b->memory, 0, g->b_stride, 0.0f,
                   g->c->memory, 0, g->c_stride, &device->queue, ebbi_launch_event(device, &event));
  ebbi_call_end(device, CL_SUCCESS);
  if (before && !event) (void)CALL_CL(device, clReleaseEvent, before);
  REQUIRE(code == CLBlastSuccess, EBB_ERR_DEVICE, "CLBlastSgemm: error %d for %zux%zux%zu",
          (int)code, g->rows, g->cols, g->depth);
  ebbi_pulse_add(device, event);
  return ebbi_profiling_add(device, name, &g->work, before, event);
}

ebb_status ebbi_clblast_run(ebb_device *device, const ebbi_gemm *gemm) {
  const ebbi_entry entry = {.gemm = *gemm};
  if (device->planning) return EBB_OK;
  return device->recording ? ebbi_sequence_add(device->recording, &entry) : sgemm(device, gemm);
}

void ebbi_clblast_clear(const ebb_device *device) {
  if (device->clblast && !ebbi_device_is_lost(device)) (void)CLBlastClearCache();
}

#else

bool ebbi_clblast_built(void) {
  return false;
}

ebb_status ebbi_clblast_run(ebb_device *device, const ebbi_gemm *gemm) {
  (void)device;
  return ebbi_fail(EBB_ERR_UNSUPPORTED, "CLBlast: not in this build (%zux%zux%zu asked for)",
                   gemm->rows, gemm->cols, gemm->depth);
}

void ebbi_clblast_clear(const ebb_device *device) {
  (void)device;
}

#endif
