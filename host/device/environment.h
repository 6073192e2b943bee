/* What stands outside the program and decides which drivers it sees and whether they work: the
 * loader's ICD files, variables of the environment, PoCL's cache folder. Everything here is only
 * looked at, except PoCL's cache folder, which is made as PoCL would make it. */
#ifndef EBBI_ENVIRONMENT_H
#define EBBI_ENVIRONMENT_H

#include "cl.h"

/* ---- ICD files ---- */

/* A driver that the loader is told of. */
typedef struct ebbi_icd {
  const char *file;    /* the ICD file; NULL: a variable names the library itself */
  const char *library; /* NULL: the file cannot be read */
} ebbi_icd;

#define EBBI_ICD_FOLDER "/etc/OpenCL/vendors"

/* Where the loader looks for them: a folder of ICD files, one such file, or a library. */
const char *ebbi_icd_place(void);

/* Calls `visit` for each driver that is named there; returns their number. */
size_t ebbi_icd_visit(void (*visit)(const ebbi_icd *icd, void *user), void *user);

/* ---- PoCL ---- */

extern const char ebbi_pocl_platform[];

/* True if it is among the loader's drivers. */
bool ebbi_pocl_is_there(void);

/* True if PoCL cannot use its cache folder: then no kernel is built and no device shown. The
 * finding names the folder and the variable that it comes from; false: it is as it should be. */
bool ebbi_pocl_cache_fault(ebb_finding *finding);

/* True if the cache folder can be used, but not a folder in it, as another user leaves them: then
 * some programs do not build. The finding names it. */
bool ebbi_pocl_cache_closed(ebb_finding *finding);

/* What ebbi_pocl_cache_fault finds as an error, for a device of that platform. A folder that is not
 * there is not the one of a PoCL that shows a device: the variables have been changed since.
 * Errors: EBB_ERR_NO_DEVICE. */
ebb_status ebbi_pocl_cache_check(const char *platform);

/* ---- variables ---- */

/* Refuses what would make a driver end the process: to be called before the first OpenCL call.
 * Errors: EBB_ERR_NO_DEVICE. */
ebb_status ebbi_environment_check(void);

/* Reports the variables that are set, or ought to be, and matter to a driver that is there; one is
 * bad if it breaks the driver, or may be the reason why there is no device. */
void ebbi_environment_visit(const ebbi_platform_device *list, size_t count,
                            void (*report)(const ebb_finding *finding, void *user), void *user);

/* True if a variable, or PoCL's cache folder, may be the reason why a driver shows no device: the
 * finding names it. */
bool ebbi_environment_hides(ebb_finding *finding, const ebbi_platform_device *list, size_t count);

#endif
