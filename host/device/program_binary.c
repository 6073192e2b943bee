/* Built programs in the kernel cache: the key, and the OpenCL calls for binaries.
 *
 * A failure here only means that the program is built from source, so these functions return true
 * or false. The key covers everything that determines the build: the whole source, the options, our
 * version, the platform's and device's own descriptions, and for a CPU the instruction sets
 * reported by the system, since machines that share a home folder may have different CPUs under one
 * name. Variables read only by the driver are not covered.
 */
#include "cl.h"
#include "kernel_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends a text with its final zero, so that two texts are not mistaken for one. */
static void put(FILE *to, const char *text) {
  fwrite(text, 1, strlen(text) + 1, to); /* fclose reports failures */
}

/* Appends a description by the device, or by its platform if one is given, in full length. */
static bool put_info(FILE *to, ebb_device *device, cl_platform_id platform, cl_uint what) {
  size_t size = 0;
  cl_int error = platform ? CALL_CL(device, clGetPlatformInfo, platform, what, 0, NULL, &size)
                          : CALL_CL(device, clGetDeviceInfo, device->id, what, 0, NULL, &size);
  char *text = error == CL_SUCCESS ? calloc(1, size + 1) : NULL;
  if (!text) return false;
  error = platform ? CALL_CL(device, clGetPlatformInfo, platform, what, size, text, NULL)
                   : CALL_CL(device, clGetDeviceInfo, device->id, what, size, text, NULL);
  if (error == CL_SUCCESS) put(to, text);
  free(text);
  return error == CL_SUCCESS;
}

static void put_instruction_sets(FILE *to) {
  FILE *from = fopen("/proc/cpuinfo", "r");
  char *line = NULL;
  size_t size = 0;
  bool found = false;
  while (from && !found && getline(&line, &size, from) > 0) {
    found = strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0;
    if (found) put(to, line);
  }
  free(line);
  if (from) fclose(from);
}

static bool put_all(FILE *to, ebb_device *device, const char *text, const char *options) {
  static const cl_uint of_platform[] = {CL_PLATFORM_NAME, CL_PLATFORM_VERSION};
  static const cl_uint of_device[] = {CL_DEVICE_NAME, CL_DEVICE_VENDOR, CL_DEVICE_VERSION,
                                      CL_DRIVER_VERSION, CL_DEVICE_EXTENSIONS};
  cl_platform_id platform = NULL;
  if (CALL_CL(device, clGetDeviceInfo, device->id, CL_DEVICE_PLATFORM, sizeof platform, &platform,
              NULL) != CL_SUCCESS)
    return false;
  put(to, EBB_VERSION);
  put(to, sizeof(void *) == 8 ? "64" : "32"); /* two drivers of one version may be installed */
  put(to, text);
  put(to, options);
  bool good = true;
  for (size_t i = 0; good && i < sizeof of_platform / sizeof *of_platform; i++)
    good = put_info(to, device, platform, of_platform[i]);
  for (size_t i = 0; good && i < sizeof of_device / sizeof *of_device; i++)
    good = put_info(to, device, NULL, of_device[i]);
  if (device->info.type == EBB_DEVICE_CPU) put_instruction_sets(to);
  return good;
}

bool ebbi_program_key(ebbi_hash *key, ebb_device *device, const char *text, const char *options) {
  char *all = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&all, &size);
  if (!stream) return false;
  bool good = put_all(stream, device, text, options);
  good = fclose(stream) == 0 && good;
  if (good) *key = ebbi_hash_of(all, size);
  free(all);
  return good;
}

static ebb_status create(cl_program *program, ebb_device *device, ebbi_kernel_entry *entry) {
  static const char where[] = "kernel cache";
  cl_int error = CL_SUCCESS;
  TRY_MAKE(*program, device, where, clCreateProgramWithBinary, device->context, 1, &device->id,
           &entry->size, &entry->binary, &error);
  return error == CL_SUCCESS ? EBB_OK : ebbi_cl_fail(device, where, "its binary", error);
}

bool ebbi_program_load(cl_program *program, ebb_device *device, const ebbi_hash *key,
                       const char *options) {
  ebbi_kernel_entry entry;
  *program = NULL;
  if (ebbi_kernel_cache_load(&entry, key) != EBB_OK) return false;
  ebb_status status = create(program, device, &entry);
  free(entry.bytes);
  if (status == EBB_OK &&
      CALL_CL(device, clBuildProgram, *program, 1, &device->id, options, NULL, NULL) == CL_SUCCESS)
    return true;
  if (*program) (void)CALL_CL(device, clReleaseProgram, *program);
  *program = NULL;
  return false;
}

/* Index of the device among the program's devices: a caller's context may have several. */
static bool find_device(size_t *index, size_t *count, cl_program program, ebb_device *device) {
  cl_uint devices = 0;
  if (CALL_CL(device, clGetProgramInfo, program, CL_PROGRAM_NUM_DEVICES, sizeof devices, &devices,
              NULL) != CL_SUCCESS ||
      devices == 0)
    return false;
  cl_device_id *list = calloc(devices, sizeof *list);
  bool good = list && CALL_CL(device, clGetProgramInfo, program, CL_PROGRAM_DEVICES,
                              devices * sizeof *list, list, NULL) == CL_SUCCESS;
  *count = devices;
  *index = 0;
  while (good && *index < devices && list[*index] != device->id) ++*index;
  free(list);
  return good && *index < devices;
}

/* The program's binary for one device; the caller frees it. NULL: there is none. */
static unsigned char *read_binary(size_t *size, ebb_device *device, cl_program program,
                                  size_t index, size_t count) {
  size_t *sizes = calloc(count, sizeof *sizes);
  unsigned char **places = calloc(count, sizeof *places); /* NULL: skip this device's binary */
  unsigned char *binary = NULL;
  *size = 0;
  if (sizes && places &&
      CALL_CL(device, clGetProgramInfo, program, CL_PROGRAM_BINARY_SIZES, count * sizeof *sizes,
              sizes, NULL) == CL_SUCCESS)
    *size = sizes[index];
  if (*size > 0)
    binary = places[index] = calloc(1, *size); /* stays zero, and thus invalid, if the driver writes
                                                * nothing */
  if (binary && CALL_CL(device, clGetProgramInfo, program, CL_PROGRAM_BINARIES,
                        count * sizeof *places, places, NULL) != CL_SUCCESS) {
    free(binary);
    binary = NULL;
  }
  free(sizes);
  free(places);
  return binary;
}

void ebbi_program_keep(cl_program program, ebb_device *device, const ebbi_hash *key) {
  size_t index, count, size;
  if (!find_device(&index, &count, program, device)) return;
  unsigned char *binary = read_binary(&size, device, program, index, count);
  if (binary)
    (void)ebbi_kernel_cache_store(key, binary, size); /* a failure means only that the
                                                       * program is built again */
  free(binary);
}
