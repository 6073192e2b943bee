/* An OpenCL driver that runs no kernel and checks every call: what its files share.
 *
 * It plays one of the devices in profiles.c. Buffers are host memory and commands end when they are
 * queued. A fault of the caller is a violation: it is reported, and the call fails as a strict
 * driver's would. Variables of the environment:
 *   CHECKER_PROFILE   the device; h200 by default
 *   CHECKER_REPORT    a file to which reports are appended; standard error by default
 *   CHECKER_PROGRAMS  a folder to which each program is written with its options
 *   CHECKER_FAULT     a fault to play: faults.c
 */
#ifndef CHECKER_H
#define CHECKER_H

#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl_icd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- devices ---- */

typedef struct profile {
  const char *key, *name, *vendor, *platform, *version, *driver, *extensions;
  const char *macro; /* predefined by its compiler; NULL: none */
  cl_uint units, alignment_bits;
  size_t group, items[3]; /* most work-items of a group, in all and in a dimension */
  uint64_t groups[3];     /* most groups in a dimension */
  uint64_t local_bytes, global_bytes, allocation_bytes;
  bool unified;
} profile;

const profile *the_profile(void);
const profile *find_profile(const char *key);
void list_profiles(void (*visit)(const profile *row));

/* ---- objects ---- */

typedef enum kind {
  PLATFORM,
  DEVICE,
  CONTEXT,
  QUEUE,
  MEMORY,
  PROGRAM,
  KERNEL,
  EVENT,
  RECORDING, /* a command buffer */
  KIND_COUNT,
  RELEASED = KIND_COUNT
} kind;

/* Released objects stay in memory, marked, so that a later use of them is seen. */
typedef struct object {
  const cl_icd_dispatch *dispatch; /* the loader's, therefore first */
  uint64_t mark;
  kind kind;
  long references;
  struct object *next, *before;
  struct object *context; /* NULL of platform, device and context */
  void (*end)(struct object *object);
} object;

extern const cl_icd_dispatch the_dispatch;
extern object the_platform, the_device;

/* A new object of `size` bytes with one reference; `end` frees what it holds. */
void *make_object(kind which, size_t size, object *context, void (*end)(object *o));

/* Returns false, after a violation, unless the handle is a live object of this kind. */
bool is_live(const char *call, const void *handle, kind which);
cl_int retain(const char *call, void *handle, kind which, cl_int error);
cl_int release(const char *call, void *handle, kind which, cl_int error);

/* References that objects hold to each other. */
void hold(object *o);
void drop(object *o);

typedef struct memory {
  object object;
  struct memory *parent; /* of a sub-buffer */
  unsigned char *bytes;
  size_t size, origin;
  cl_mem_flags flags;
  unsigned maps;
} memory;

typedef struct queue {
  object object;
  cl_command_queue_properties properties;
} queue;

/* ---- programs ---- */

typedef enum space { BY_VALUE, GLOBAL, CONSTANT, LOCAL } space;

enum { ARGUMENTS_MAX = 64, NAME_MAX_ = 64, KERNELS_MAX = 16 };

/* A kernel as its source declares it. */
typedef struct signature {
  char name[NAME_MAX_];
  size_t group[3]; /* required; 0: not given */
  uint64_t local_bytes;
  bool closes_step; /* its body calls close_step */
  unsigned count;
  struct {
    space space;
    bool writes; /* not const */
    size_t size; /* of a value */
    char name[NAME_MAX_];
  } arguments[ARGUMENTS_MAX];
} signature;

typedef struct program {
  object object;
  char *source, *options, *log;
  bool from_binary, built;
  size_t count;
  signature kernels[KERNELS_MAX];
} program;

typedef struct kernel {
  object object;
  program *program;
  const signature *signature;
  struct {
    bool set;
    memory *memory;
    size_t local_bytes;
    unsigned char value[8]; /* the first bytes of a number */
  } arguments[ARGUMENTS_MAX];
} kernel;

/* Runs the preprocessor over a source with these options; the caller frees *text, which is the
 * compiler's message if the result is false. */
bool preprocess(char **text, const char *source, const char *options);

/* Reads the kernels of a preprocessed source. Returns how many, or -1 after writing why to
 * `why`. */
int read_kernels(signature kernels[KERNELS_MAX], char why[256], const char *text);

/* ---- commands ---- */

/* The size and item checks of a launch; CL_SUCCESS if nothing is wrong. */
cl_int check_launch(const char *call, const kernel *k, cl_uint dimensions, const size_t *offset,
                    const size_t *global, const size_t *local);

/* A buffer argument's memory, NULL if there is none; a number argument, `otherwise` if there is
 * none. */
unsigned char *bytes_of_argument(const kernel *k, const char *name);
cl_int number_of_argument(const kernel *k, const char *name, cl_int otherwise);

/* What a launch writes that the library reads back and checks: steps.c, products.c. */
void play_step(const kernel *k);
void play_product(const kernel *k);

/* Checks queue and wait list, and makes the command's event if one is wanted. */
cl_int check_queue(const char *call, cl_command_queue handle, cl_uint count,
                   const cl_event *events);
void make_event(cl_event *out, cl_command_queue handle, cl_command_type type);

/* ---- report ---- */

/* Adds a violation; the text says what is wrong, with numbers. Returns `error`. */
cl_int violation(cl_int error, const char *call, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
unsigned long violation_count(void);
void count_launch(const char *name);
void count_program(bool from_binary);
void write_program(const program *p);
void write_end(void);

/* Answers a query for information. */
cl_int answer(size_t size, void *value, size_t *needed, const void *from, size_t bytes);
cl_int answer_text(size_t size, void *value, size_t *needed, const char *text);

/* ---- faults that are played ---- */

typedef enum fault { FAULT_BUILD, FAULT_GROUP, FAULT_SPILL, FAULT_ZERO, FAULT_COUNT } fault;

/* Whether CHECKER_FAULT plays this fault for a program with these options. */
bool plays(fault which, const char *options);

#endif
