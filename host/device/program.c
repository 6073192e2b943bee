/* Kernel programs: sources put together, built, and kept for as long as the device is open.
 *
 * The sources come from the library itself or, file by file, from the folder EBB_KERNEL_DIR while
 * developing. Their #include lines are resolved here, each file once, so that the driver sees one
 * text with #line marks and needs no include path.
 */
#include "base/file.h"
#include "cl.h"
#include "kernel_files.h"

#include <ebb/profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SOURCES_MAX = 4, FILES_MAX = 32, FILE_LIMIT = 1 << 20 };

static const struct {
  const char *name, *files[SOURCES_MAX];
} programs[EBBI_PROGRAM_COUNT] = {
#define PROGRAM_ROW(id, ...) {#id, {__VA_ARGS__}},
    EBBI_PROGRAM_LIST(PROGRAM_ROW)};

static const struct {
  const char *name;
  ebbi_program_id program;
} kernels[EBBI_KERNEL_COUNT] = {
#define KERNEL_ROW(name, program) {#name, EBBI_PROGRAM_##program},
    EBBI_KERNEL_LIST(KERNEL_ROW)};

const char *ebbi_kernel_name(ebbi_kernel_id id) {
  return kernels[id].name;
}

/* A program's text being put together. */
typedef struct source {
  FILE *stream; /* writes to text */
  char *text;
  size_t size;
  const char *included[FILES_MAX];
  size_t included_count;
} source;

static const ebbi_kernel_file *embedded_file(const char *name, size_t length) {
  for (const ebbi_kernel_file *file = ebbi_kernel_files; file->name; file++)
    if (strlen(file->name) == length && strncmp(file->name, name, length) == 0) return file;
  return NULL;
}

/* The text of a kernel file: from EBB_KERNEL_DIR if it is there, else the embedded one. */
static ebb_status load_file(char **text, const ebbi_kernel_file *file) {
  const char *folder = getenv("EBB_KERNEL_DIR");
  char path[4096];
  size_t size;
  if (folder && folder[0] != '\0') {
    REQUIRE(access(folder, R_OK | X_OK) == 0, EBB_ERR_ARGUMENT,
            "EBB_KERNEL_DIR=%s: no such folder, or it is closed to you", folder);
    snprintf(path, sizeof path, "%s/%s", folder, file->name);
    FILE *probe = fopen(path, "rb");
    if (probe) {
      fclose(probe);
      return ebbi_file_read(text, &size, path, FILE_LIMIT);
    }
  }
  *text = strdup(file->text);
  REQUIRE(*text, EBB_ERR_MEMORY, "kernel file %s: no memory", file->name);
  return EBB_OK;
}

/* The name between the quotes of an #include line, or NULL. */
static const char *included_name(const char *line, size_t *length) {
  static const char directive[] = "#include \"";
  if (strncmp(line, directive, sizeof directive - 1) != 0) return NULL;
  const char *name = line + sizeof directive - 1;
  *length = strcspn(name, "\"\n");
  return name;
}

static void append(source *to, const char *text, size_t length) {
  fwrite(text, 1, length, to->stream); /* fclose tells if it failed */
}

/* Tells the compiler where the next line stands. */
static void append_mark(source *to, size_t line, const char *name) {
  char mark[128];
  snprintf(mark, sizeof mark, "#line %zu \"%s\"\n", line, name);
  append(to, mark, strlen(mark));
}

static ebb_status append_file(source *to, const char *name, size_t name_length) {
  const ebbi_kernel_file *file = embedded_file(name, name_length);
  REQUIRE(file, EBB_ERR_DEVICE, "kernel file %.*s: there is none", (int)name_length, name);
  for (size_t i = 0; i < to->included_count; i++)
    if (to->included[i] == file->name) return EBB_OK;
  REQUIRE(to->included_count < FILES_MAX, EBB_ERR_DEVICE, "kernel file %s: too many files",
          file->name);
  to->included[to->included_count++] = file->name;
  char *text;
  TRY(load_file(&text, file));
  append_mark(to, 1, file->name);
  ebb_status status = EBB_OK;
  size_t line_number = 1, length;
  for (char *line = text; *line != '\0' && status == EBB_OK; line_number++) {
    size_t line_length = strcspn(line, "\n");
    const char *inner = included_name(line, &length);
    if (inner) {
      status = append_file(to, inner, length);
      append_mark(to, line_number + 1, file->name);
    } else {
      append(to, line, line_length);
      append(to, "\n", 1);
    }
    line += line_length + (line[line_length] == '\n');
  }
  free(text);
  return status;
}

/* The whole text of a program; the caller frees it. */
static ebb_status assemble(char **text, ebbi_program_id id) {
  source to = {0};
  to.stream = open_memstream(&to.text, &to.size);
  REQUIRE(to.stream, EBB_ERR_MEMORY, "program %s: no memory", programs[id].name);
  ebb_status status = EBB_OK;
  for (int i = 0; i < SOURCES_MAX && programs[id].files[i] && status == EBB_OK; i++)
    status = append_file(&to, programs[id].files[i], strlen(programs[id].files[i]));
  bool written = fclose(to.stream) == 0;
  if (status == EBB_OK && !written)
    status = ebbi_fail(EBB_ERR_MEMORY, "program %s: no memory", programs[id].name);
  if (status != EBB_OK) {
    free(to.text);
    to.text = NULL;
  }
  *text = to.text;
  return status;
}

/* Releases what is OpenCL's of a program. */
static void release(ebbi_program *program) {
  for (int i = 0; i < EBBI_KERNEL_COUNT; i++) {
    if (program->kernels[i]) clReleaseKernel(program->kernels[i]);
    program->kernels[i] = NULL;
  }
  if (program->program) clReleaseProgram(program->program);
  program->program = NULL;
}

/* The compiler's whole log in the message: it is what the reader needs. */
static ebb_status build_failed(const ebb_device *device, const ebbi_program *program,
                               cl_int error) {
  size_t size = 0;
  clGetProgramBuildInfo(program->program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
  char *log = calloc(1, size + 1);
  if (log)
    clGetProgramBuildInfo(program->program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
  ebb_status status =
      ebbi_fail(EBB_ERR_DEVICE, "program %s (%s) on \"%s\" does not build: %s (%d):\n%s",
                programs[program->id].name, program->options, device->info.name,
                ebbi_cl_error_name(error), error, log ? log : "");
  free(log);
  return status;
}

static ebb_status build_source(ebb_device *device, ebbi_program *program, const char *text) {
  cl_int error;
  program->program = clCreateProgramWithSource(device->context, 1, &text, NULL, &error);
  TRY_CL(error, programs[program->id].name, "clCreateProgramWithSource");
  error = clBuildProgram(program->program, 1, &device->id, program->options, NULL, NULL);
  if (error != CL_SUCCESS) return build_failed(device, program, error);
  device->counters.programs_built++;
  return EBB_OK;
}

/* Loads the program from the kernel cache; false, with nothing changed, if that gives none that has
 * all its kernels. */
static bool load(ebb_device *device, ebbi_program *program, const ebbi_hash *key) {
  if (!ebbi_program_load(&program->program, device, key, program->options)) return false;
  bool whole = true;
  for (int i = 0; i < EBBI_KERNEL_COUNT && whole; i++) {
    if (kernels[i].program != program->id) continue;
    cl_int error;
    program->kernels[i] = clCreateKernel(program->program, kernels[i].name, &error);
    whole = error == CL_SUCCESS;
    if (!whole) program->kernels[i] = NULL;
  }
  if (whole) device->counters.programs_cached++;
  if (!whole) release(program);
  return whole;
}

static ebb_status build(ebb_device *device, ebbi_program *program) {
  char *text = NULL;
  ebbi_hash key;
  TRY(assemble(&text, program->id));
  bool keyed =
      device->cache != EBB_CACHE_OFF && ebbi_program_key(&key, device, text, program->options);
  ebb_status status = EBB_OK;
  if (!keyed || !load(device, program, &key)) {
    status = build_source(device, program, text);
    if (status == EBB_OK && keyed && device->cache == EBB_CACHE_RW)
      ebbi_program_keep(program->program, device, &key);
  }
  free(text);
  return status;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The program `id` with the profile's options and these, from the device's list, else from the
 * kernel cache or newly built. */
static ebb_status find_program(ebbi_program **out, ebb_device *device, ebbi_program_id id,
                               const char *more) {
  char options[2048];
  int length = snprintf(options, sizeof options, "%s %s", device->options, more);
  REQUIRE(length < (int)sizeof options, EBB_ERR_ARGUMENT, "program %s: %d characters of options",
          programs[id].name, length);
  for (ebbi_program *p = device->programs; p; p = p->next)
    if (p->program && p->id == id && strcmp(p->options, options) == 0) {
      *out = p;
      return EBB_OK;
    }
  ebbi_program *program = calloc(1, sizeof *program);
  REQUIRE(program, EBB_ERR_MEMORY, "program %s: no memory", programs[id].name);
  program->id = id;
  program->next = device->programs;
  device->programs = program; /* freed with the device, built or not */
  program->options = strdup(options);
  REQUIRE(program->options, EBB_ERR_MEMORY, "program %s: no memory", programs[id].name);
  double start = seconds_now();
  ebb_status status = build(device, program);
  device->counters.build_seconds += seconds_now() - start;
  ebb_profile_phase(device, "compile", start);
  if (status != EBB_OK) release(program);
  *out = program;
  return status;
}

ebb_status ebbi_program_new_kernel(cl_kernel *kernel, ebb_device *device, ebbi_kernel_id id,
                                   const char *options) {
  ebbi_program *program;
  cl_int error;
  TRY(find_program(&program, device, kernels[id].program, options));
  *kernel = clCreateKernel(program->program, kernels[id].name, &error);
  REQUIRE(error != CL_INVALID_KERNEL_NAME, EBB_ERR_DEVICE,
          "%s: its program leaves it out for the compiler of \"%s\"", kernels[id].name,
          device->info.name);
  TRY_CL(error, kernels[id].name, "clCreateKernel");
  return EBB_OK;
}

ebb_status ebbi_program_kernel(cl_kernel *kernel, ebb_device *device, ebbi_kernel_id id,
                               const char *options) {
  ebbi_program *program;
  TRY(find_program(&program, device, kernels[id].program, options));
  if (!program->kernels[id])
    TRY(ebbi_program_new_kernel(&program->kernels[id], device, id, options));
  *kernel = program->kernels[id];
  return EBB_OK;
}

void ebbi_programs_free(ebb_device *device) {
  while (device->programs) {
    ebbi_program *program = device->programs;
    device->programs = program->next;
    release(program);
    free(program->options);
    free(program);
  }
}
