/* Programs: sources and options are read, not compiled. A binary is the source with its options.
 */
#include "checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void end_program(object *o) {
  program *p = (program *)o;
  free(p->source);
  free(p->options);
  free(p->log);
}

CL_API_ENTRY cl_program CL_API_CALL clCreateProgramWithSource(cl_context context, cl_uint count,
                                                              const char **texts,
                                                              const size_t *lengths,
                                                              cl_int *error) {
  cl_int status = is_live(__func__, context, CONTEXT) ? CL_SUCCESS : CL_INVALID_CONTEXT;
  if (!status && (count != 1 || !texts || !texts[0]))
    status = violation(CL_INVALID_VALUE, __func__, "%u texts; one is expected here", count);
  if (error) *error = status;
  if (status) return NULL;
  program *p = make_object(PROGRAM, sizeof *p, (object *)context, end_program);
  bool ends = !lengths || !lengths[0];
  p->source = ends ? strdup(texts[0]) : strndup(texts[0], lengths[0]);
  return (cl_program)p;
}

/* ---- binaries: a first line, the options, the source ---- */

static char *binary_of(const program *p, size_t *size) {
  char *text = NULL;
  FILE *stream = open_memstream(&text, size);
  if (!stream) abort();
  fprintf(stream, "checked for %s\n%s\n%s", the_profile()->key, p->options, p->source);
  if (fclose(stream) != 0) abort();
  return text;
}

/* The part of a binary after its first line; NULL: not for this device. */
static char *text_of_binary(const unsigned char *bytes, size_t size) {
  char first[64], *text = strndup((const char *)bytes, size);
  int length = snprintf(first, sizeof first, "checked for %s\n", the_profile()->key);
  if (!text) abort();
  bool ours = strncmp(text, first, (size_t)length) == 0 && strchr(text + length, '\n');
  char *rest = ours ? strdup(text + length) : NULL;
  free(text);
  return rest;
}

CL_API_ENTRY cl_program CL_API_CALL clCreateProgramWithBinary(cl_context context, cl_uint count,
                                                              const cl_device_id *list,
                                                              const size_t *sizes,
                                                              const unsigned char **binaries,
                                                              cl_int *states, cl_int *error) {
  cl_int status = is_live(__func__, context, CONTEXT) ? CL_SUCCESS : CL_INVALID_CONTEXT;
  if (!status && (count != 1 || !list || !is_live(__func__, list[0], DEVICE)))
    status = CL_INVALID_DEVICE;
  if (!status && (!sizes || !binaries || !sizes[0] || !binaries[0]))
    status = violation(CL_INVALID_VALUE, __func__, "a binary without bytes");
  char *text = status ? NULL : text_of_binary(binaries[0], sizes[0]);
  if (!status && !text) status = CL_INVALID_BINARY;
  if (states) states[0] = status;
  if (error) *error = status;
  if (status) return NULL;
  program *p = make_object(PROGRAM, sizeof *p, (object *)context, end_program);
  p->from_binary = true;
  p->options = strndup(text, strcspn(text, "\n"));
  p->source = strdup(strchr(text, '\n') + 1);
  free(text);
  return (cl_program)p;
}

CL_API_ENTRY cl_int CL_API_CALL clRetainProgram(cl_program handle) {
  return retain(__func__, handle, PROGRAM, CL_INVALID_PROGRAM);
}

CL_API_ENTRY cl_int CL_API_CALL clReleaseProgram(cl_program handle) {
  return release(__func__, handle, PROGRAM, CL_INVALID_PROGRAM);
}

/* ---- building ---- */

/* OpenCL 1.2, 5.6.4, and NVIDIA's cl_nv_compiler_options on devices of NVIDIA. */
static bool is_known_option(const char *word) {
  static const char *const known[] = {"-w",
                                      "-Werror",
                                      "-cl-std=CL1.1",
                                      "-cl-std=CL1.2",
                                      "-cl-single-precision-constant",
                                      "-cl-denorms-are-zero",
                                      "-cl-opt-disable",
                                      "-cl-mad-enable",
                                      "-cl-kernel-arg-info",
                                      "-cl-no-signed-zeros",
                                      "-cl-finite-math-only",
                                      "-cl-fast-relaxed-math",
                                      "-cl-unsafe-math-optimizations",
                                      "-cl-fp32-correctly-rounded-divide-sqrt"};
  for (size_t i = 0; i < COUNT(known); i++)
    if (strcmp(word, known[i]) == 0) return true;
  bool nvidia = strcmp(the_profile()->platform, "NVIDIA CUDA") == 0;
  return (strncmp(word, "-D", 2) == 0 && word[2]) || (nvidia && strncmp(word, "-cl-nv-", 7) == 0);
}

static cl_int check_options(const char *options) {
  char *copy = strdup(options), *rest;
  cl_int status = CL_SUCCESS;
  if (!copy) abort();
  for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
    if (!is_known_option(word))
      status = violation(CL_INVALID_BUILD_OPTIONS, "clBuildProgram", "unknown option \"%s\"", word);
  free(copy);
  return status;
}

static cl_int fail_build(program *p, const char *log) {
  free(p->log);
  p->log = strdup(log);
  return CL_BUILD_PROGRAM_FAILURE;
}

static cl_int build(program *p) {
  char *text, why[256];
  if (!p->from_binary && plays(FAULT_BUILD, p->options)) return fail_build(p, "a fault is played");
  if (!preprocess(&text, p->source, p->options)) {
    cl_int status = fail_build(p, text);
    free(text);
    return status;
  }
  int count = read_kernels(p->kernels, why, text);
  free(text);
  if (count < 0) {
    violation(0, "clBuildProgram", "the checker cannot read the program: %s (%s)", why, p->options);
    return fail_build(p, why);
  }
  p->count = (size_t)count;
  p->built = true;
  count_program(p->from_binary);
  write_program(p);
  return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clBuildProgram(cl_program handle, cl_uint count,
                                               const cl_device_id *list, const char *options,
                                               void(CL_CALLBACK *notify)(cl_program, void *),
                                               void *user) {
  if (!is_live(__func__, handle, PROGRAM)) return CL_INVALID_PROGRAM;
  program *p = (program *)handle;
  if (count > 1 || (count == 1 && !is_live(__func__, list[0], DEVICE))) return CL_INVALID_DEVICE;
  cl_int status = check_options(options ? options : "");
  if (status) return status;
  if (!p->from_binary) {
    free(p->options);
    p->options = strdup(options ? options : "");
  }
  p->built = false;
  status = build(p);
  if (notify) notify(handle, user);
  return status;
}

/* ---- queries ---- */

static cl_int answer_binary(const program *p, bool sizes, size_t size, void *value,
                            size_t *needed) {
  if (!p->built) return CL_INVALID_PROGRAM_EXECUTABLE;
  size_t bytes;
  char *binary = binary_of(p, &bytes);
  cl_int status = CL_SUCCESS;
  if (sizes)
    status = answer(size, value, needed, &bytes, sizeof bytes);
  else if (value && size < sizeof(char *))
    status = violation(CL_INVALID_VALUE, "clGetProgramInfo", "%zu bytes for a pointer", size);
  else if (value && *(char **)value)
    memcpy(*(char **)value, binary, bytes);
  free(binary);
  return status;
}

CL_API_ENTRY cl_int CL_API_CALL clGetProgramInfo(cl_program handle, cl_program_info what,
                                                 size_t size, void *value, size_t *needed) {
  if (!is_live(__func__, handle, PROGRAM)) return CL_INVALID_PROGRAM;
  const program *p = (const program *)handle;
  cl_uint one = 1;
  void *device = &the_device;
  switch (what) {
  case CL_PROGRAM_NUM_DEVICES:
    return answer(size, value, needed, &one, sizeof one);
  case CL_PROGRAM_DEVICES:
    return answer(size, value, needed, &device, sizeof device);
  case CL_PROGRAM_NUM_KERNELS:
    return answer(size, value, needed, &p->count, sizeof p->count);
  case CL_PROGRAM_BINARY_SIZES:
  case CL_PROGRAM_BINARIES:
    return answer_binary(p, what == CL_PROGRAM_BINARY_SIZES, size, value, needed);
  default:
    return CL_INVALID_VALUE;
  }
}

CL_API_ENTRY cl_int CL_API_CALL clGetProgramBuildInfo(cl_program handle, cl_device_id device,
                                                      cl_program_build_info what, size_t size,
                                                      void *value, size_t *needed) {
  if (!is_live(__func__, handle, PROGRAM)) return CL_INVALID_PROGRAM;
  if (!is_live(__func__, device, DEVICE)) return CL_INVALID_DEVICE;
  const program *p = (const program *)handle;
  cl_build_status state = p->built ? CL_BUILD_SUCCESS : p->log ? CL_BUILD_ERROR : CL_BUILD_NONE;
  switch (what) {
  case CL_PROGRAM_BUILD_LOG:
    return answer_text(size, value, needed, p->log ? p->log : "");
  case CL_PROGRAM_BUILD_STATUS:
    return answer(size, value, needed, &state, sizeof state);
  case CL_PROGRAM_BUILD_OPTIONS:
    return answer_text(size, value, needed, p->options ? p->options : "");
  default:
    return CL_INVALID_VALUE;
  }
}
