/* CLBlast as a matmul engine: one SGEMM on the device's queue, where the library is installed. */
#include "cl.h"

#ifdef EBB_HAVE_CLBLAST
#include <clblast_c.h>

bool ebbi_clblast_built(void) {
  return true;
}

static ebb_status sgemm(ebb_device *device, const ebbi_gemm *g) {
  device->counters.launches++;
  CLBlastStatusCode code =
      CLBlastSgemm(CLBlastLayoutRowMajor, g->transpose_a ? CLBlastTransposeYes : CLBlastTransposeNo,
                   g->transpose_b ? CLBlastTransposeYes : CLBlastTransposeNo, g->rows, g->cols,
                   g->depth, 1.0f, g->a->memory, 0, g->a_stride, g->b->memory, 0, g->b_stride, 0.0f,
                   g->c->memory, 0, g->c_stride, &device->queue, NULL);
  REQUIRE(code == CLBlastSuccess, EBB_ERR_DEVICE, "CLBlastSgemm: error %d for %zux%zux%zu",
          (int)code, g->rows, g->cols, g->depth);
  return EBB_OK;
}

ebb_status ebbi_clblast_run(ebb_device *device, const ebbi_gemm *gemm) {
  return device->recording ? ebbi_sequence_add_gemm(device->recording, gemm) : sgemm(device, gemm);
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

#endif
