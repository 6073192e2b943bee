/* Sizes of data that are allowed, whatever the format. */
#ifndef EBBI_LIMITS_H
#define EBBI_LIMITS_H

/* Bytes of a file, unpacked: a gzip file or an archive may claim to be a thousand times its size.
 */
#define EBBI_FILE_LIMIT ((size_t)4 << 30)

enum {
  EBBI_AUTO_CLASSES = 20,     /* a target of so many distinct integers is one of classes */
  EBBI_MAX_CLASSES = 65536,   /* of a target */
  EBBI_MAX_COLUMNS = 1 << 20, /* of a file, and of what it is encoded to */
  EBBI_MAX_ROWS = 0x7fffffff, /* row numbers fit in 31 bits: ebbi_permute's domain */
};

#endif
