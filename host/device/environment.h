/* The environment that decides which drivers the program sees and whether they work: the loader's
 * ICD files, environment variables, PoCL's cache folder. Nothing is changed here, except that
 * PoCL's cache folder is created as PoCL would create it. */
#ifndef EBBI_ENVIRONMENT_H
#define EBBI_ENVIRONMENT_H

#include "cl.h"

/* ---- ICD files ---- */

/* A driver known to the loader. */
typedef struct ebbi_icd {
  const char *file;    /* the ICD file; NULL: a variable names the library itself */
  const char *library; /* NULL: the file cannot be read */
} ebbi_icd;

#define EBBI_ICD_FOLDER "/etc/OpenCL/vendors"

/* Where the loader searches: a folder of ICD files, a single ICD file, or a library. */
const char *ebbi_icd_place(void);

/* Calls `visit` for each driver found there; returns their number. */
size_t ebbi_icd_visit(void (*visit)(const ebbi_icd *icd, void *user), void *user);

/* ---- PoCL ---- */

extern const char ebbi_pocl_platform[];

/* Returns true if PoCL is among the loader's drivers. */
bool ebbi_pocl_is_there(void);

/* Returns true if PoCL cannot use its cache folder; then no kernel can be built and no device is
 * shown. The finding names the folder and the variable that sets it. */
bool ebbi_pocl_cache_fault(ebb_finding *finding);

/* Returns true if the cache folder is usable but one of its subfolders is not, as another user may
 * leave them; then some programs cannot be built. The finding names it. */
bool ebbi_pocl_cache_closed(ebb_finding *finding);

/* Turns a fault found by ebbi_pocl_cache_fault into an error, for a device of PoCL's platform. A
 * missing folder cannot be the folder of a PoCL that shows a device: the variables must have
 * changed since, so it is ignored.
 * Errors: EBB_ERR_NO_DEVICE. */
ebb_status ebbi_pocl_cache_check(const char *platform);

/* ---- variables ---- */

/* Refuses values that would make a driver abort the process. Call it before the first OpenCL call.
 * Errors: EBB_ERR_NO_DEVICE. */
ebb_status ebbi_environment_check(void);

/* Reports variables that are set, or should be, and concern an installed driver. A variable is bad
 * if it breaks the driver or may be the reason why there is no device. */
void ebbi_environment_visit(const ebbi_platform_device *list, size_t count,
                            void (*report)(const ebb_finding *finding, void *user), void *user);

/* Returns true if a variable, or PoCL's cache folder, may hide a driver's devices. The finding
 * names it. */
bool ebbi_environment_hides(ebb_finding *finding, const ebbi_platform_device *list, size_t count);

#endif
