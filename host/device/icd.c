/* The loader's ICD files, read as Debian's loader reads them.
 *
 * OCL_ICD_VENDORS names a folder, an ICD file or a library. Without it the folder is
 * OPENCL_VENDOR_PATH or the system's. The first line of an ICD file is the name of a library. The
 * libraries are not loaded for inspection: two drivers that both contain LLVM abort the process.
 */
#include "environment.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *set_value(const char *name) {
  const char *value = getenv(name);
  return value && value[0] != '\0' ? value : NULL;
}

static const char *vendor_folder(void) {
  const char *folder = set_value("OPENCL_VENDOR_PATH");
  return folder ? folder : EBBI_ICD_FOLDER;
}

const char *ebbi_icd_place(void) {
  const char *place = set_value("OCL_ICD_VENDORS");
  return place ? place : vendor_folder();
}

static bool is_icd_name(const char *name) {
  size_t length = strlen(name);
  return length > 4 && strcmp(name + length - 4, ".icd") == 0;
}

/* Reads the library's name. Returns false if the file cannot be read. */
static bool read_library(char library[1024], const char *path) {
  FILE *file = fopen(path, "r");
  bool readable = file && fgets(library, 1024, file);
  if (file) fclose(file);
  if (readable) library[strcspn(library, "\r\n")] = '\0';
  return readable;
}

static void visit_file(const char *folder, const char *name,
                       void (*visit)(const ebbi_icd *icd, void *user), void *user) {
  char path[4096], library[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  bool readable = read_library(library, path);
  visit(&(ebbi_icd){.file = path, .library = readable ? library : NULL}, user);
}

/* A place that is not a folder: an ICD file (a name without a slash lies in the vendors' folder) or
 * a library. */
static void visit_one(const char *place, void (*visit)(const ebbi_icd *icd, void *user),
                      void *user) {
  char library[1024];
  if (!is_icd_name(place))
    visit(&(ebbi_icd){.library = place}, user);
  else if (!strchr(place, '/') && !read_library(library, place))
    visit_file(vendor_folder(), place, visit, user);
  else
    visit(&(ebbi_icd){.file = place, .library = read_library(library, place) ? library : NULL},
          user);
}

size_t ebbi_icd_visit(void (*visit)(const ebbi_icd *icd, void *user), void *user) {
  const char *place = ebbi_icd_place();
  struct stat about;
  bool is_folder = stat(place, &about) == 0 && S_ISDIR(about.st_mode);
  if (!is_folder && set_value("OCL_ICD_VENDORS")) {
    visit_one(place, visit, user);
    return 1;
  }
  DIR *stream = opendir(place);
  size_t count = 0;
  for (struct dirent *entry; stream && (entry = readdir(stream));)
    if (is_icd_name(entry->d_name)) {
      visit_file(place, entry->d_name, visit, user);
      count++;
    }
  if (stream) closedir(stream);
  return count;
}
