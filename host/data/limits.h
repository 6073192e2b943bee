/* Sizes of data that are allowed, whatever the format. */
#ifndef EBBI_LIMITS_H
#define EBBI_LIMITS_H

/* Bytes of a file, unpacked: places in it are kept in 32 bits. */
#define EBBI_FILE_LIMIT ((size_t)4 << 30)

/* Bytes that a compressed file may unpack to whatever its size, and how many of each of its own
 * beyond them. */
#define EBBI_UNPACKED_FREELY  ((size_t)256 << 20)
#define EBBI_UNPACKED_AT_MOST 100

enum {
  EBBI_AUTO_CLASSES = 20,      /* a target of so many distinct integers is one of classes */
  EBBI_MAX_CLASSES = 65536,    /* of a target */
  EBBI_MAX_COLUMNS = 1 << 20,  /* of a file, and of what it is encoded to */
  EBBI_MAX_ROWS = 0x7fffffff,  /* row numbers fit in 31 bits: ebbi_permute's domain */
  EBBI_SPARSE_VALUES = 1 << 29 /* of a file that leaves zeros out, these included */
};

#endif
