/* The devices that the checker can play: the limits that their drivers report. Numbers come from
 * published output of clinfo and from the vendors' documents, named at each row. "Assumed" are
 * numbers for which none was found, and grid limits that no document gives: those of 32-bit
 * numbers.
 */
#include "checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIB(n) ((uint64_t)(n) << 30)
#define KIB(n) ((uint64_t)(n) << 10)
#define ANY    {0xffffffffu, 0xffffffffu, 0xffffffffu}

static const char atomics[] = "cl_khr_global_int32_base_atomics "
                              "cl_khr_global_int32_extended_atomics "
                              "cl_khr_local_int32_base_atomics cl_khr_byte_addressable_store";

static const profile profiles[] = {
    /* clinfo of P100 and T4: github.com/leela-zero/leela-zero/issues/1554 (alignment, local
     * memory), github.com/10gic/vanitygen-plusplus/issues/100 (groups). Groups of a grid: CUDA C++
     * Programming Guide, "Technical Specifications per Compute Capability", 9.0. Units and memory:
     * data sheet of the H200. */
    {.key = "h200",
     .name = "NVIDIA H200",
     .vendor = "NVIDIA Corporation",
     .platform = "NVIDIA CUDA",
     .version = "OpenCL 3.0 CUDA",
     .driver = "570.00",
     .extensions = atomics,
     .macro = "__NV_CL_C_VERSION=120",
     .units = 132,
     .alignment_bits = 4096,
     .group = 1024,
     .items = {1024, 1024, 64},
     .groups = {0x7fffffff, 65535, 65535},
     .local_bytes = KIB(48),
     .global_bytes = GIB(140),
     .allocation_bytes = GIB(35)},
    /* RX 7900 XTX. Units: github.com/RainbowMiner/RainbowMiner/issues/2758. Groups of 256 under
     * OpenCL where the hardware takes 1024: github.com/ROCm/ROCR-Runtime/issues/180. Alignment:
     * github.com/void-linux/void-packages/pull/21153. Local memory: 64 KiB a group, AMD's RDNA3 ISA
     * document, "Local Data Share". */
    {.key = "rdna3",
     .name = "gfx1100",
     .vendor = "Advanced Micro Devices, Inc.",
     .platform = "AMD Accelerated Parallel Processing",
     .version = "OpenCL 2.0 ",
     .driver = "3602.0 (HSA1.1,LC)",
     .extensions = atomics,
     .units = 48,
     .alignment_bits = 1024,
     .group = 256,
     .items = {1024, 1024, 1024},
     .groups = ANY,
     .local_bytes = KIB(64),
     .global_bytes = GIB(24),
     .allocation_bytes = GIB(20)},
    /* Arc A770: github.com/intel/compute-runtime/issues/618 (alignment, memory),
     * github.com/CNugteren/CLBlast/issues/521 (local memory). Assumed: groups of 1024 items, 512
     * units. */
    {.key = "arc",
     .name = "Intel(R) Arc(TM) A770 Graphics",
     .vendor = "Intel(R) Corporation",
     .platform = "Intel(R) OpenCL Graphics",
     .version = "OpenCL 3.0 NEO ",
     .driver = "23.35.27191.42",
     .extensions = atomics,
     .units = 512,
     .alignment_bits = 1024,
     .group = 1024,
     .items = {1024, 1024, 1024},
     .groups = ANY,
     .local_bytes = KIB(64),
     .global_bytes = GIB(15),
     .allocation_bytes = GIB(4)},
    /* Mali-G52: github.com/ARM-software/ComputeLibrary/issues/999 (384 items, which is no power of
     * two). Alignment and local memory: github.com/MichaIng/DietPi/issues/4101. */
    {.key = "mali",
     .name = "Mali-G52",
     .vendor = "ARM",
     .platform = "ARM Platform",
     .version = "OpenCL 2.0 v1",
     .driver = "2.0",
     .extensions = atomics,
     .units = 2,
     .alignment_bits = 1024,
     .group = 384,
     .items = {384, 384, 384},
     .groups = ANY,
     .local_bytes = KIB(32),
     .global_bytes = GIB(3),
     .allocation_bytes = GIB(1),
     .unified = true},
    /* Adreno: github.com/BOINC/boinc/issues/3613 (local memory),
     * github.com/Oblomov/clinfo/issues/92 (memory). Assumed: groups of 1024 items, alignment to 128
     * bytes, 2 units. */
    {.key = "adreno",
     .name = "QUALCOMM Adreno(TM)",
     .vendor = "QUALCOMM",
     .platform = "QUALCOMM Snapdragon(TM)",
     .version = "OpenCL 2.0 Adreno(TM) 640",
     .driver = "OpenCL 2.0 QUALCOMM build",
     .extensions = atomics,
     .units = 2,
     .alignment_bits = 1024,
     .group = 1024,
     .items = {1024, 1024, 1024},
     .groups = ANY,
     .local_bytes = KIB(32),
     .global_bytes = 5814714368u,
     .allocation_bytes = GIB(1),
     .unified = true},
    /* M1: github.com/hashcat/hashcat/issues/2976 (units), issues/2728 (memory), pull/3759 (local
     * memory); github.com/diku-dk/futhark/issues/1708 (groups). Assumed: 256 items, alignment to
     * 4096 bytes. */
    {.key = "apple",
     .name = "Apple M1",
     .vendor = "Apple",
     .platform = "Apple",
     .version = "OpenCL 1.2 ",
     .driver = "1.2 1.0",
     .extensions = atomics,
     .units = 8,
     .alignment_bits = 32768,
     .group = 256,
     .items = {256, 256, 256},
     .groups = ANY,
     .local_bytes = KIB(32),
     .global_bytes = (uint64_t)10922 << 20,
     .allocation_bytes = GIB(1),
     .unified = true},
};

const profile *find_profile(const char *key) {
  for (size_t i = 0; i < COUNT(profiles); i++)
    if (strcmp(profiles[i].key, key) == 0) return &profiles[i];
  return NULL;
}

void list_profiles(void (*visit)(const profile *row)) {
  for (size_t i = 0; i < COUNT(profiles); i++) visit(&profiles[i]);
}

const profile *the_profile(void) {
  static const profile *chosen;
  const char *key = getenv("CHECKER_PROFILE");
  if (!chosen) chosen = find_profile(key && key[0] ? key : "h200");
  if (!chosen) {
    fprintf(stderr, "CHECKER_PROFILE=%s: there is no such device\n", key);
    exit(2);
  }
  return chosen;
}
