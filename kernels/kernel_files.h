/* The kernel sources, embedded in the library as bytes. A row of NULLs ends the table. */
#ifndef EBBI_KERNEL_FILES_H
#define EBBI_KERNEL_FILES_H

typedef struct ebbi_kernel_file {
  const char *name; /* "loss.cl" */
  const char *text; /* 0-terminated */
} ebbi_kernel_file;

extern const ebbi_kernel_file ebbi_kernel_files[];

#endif
