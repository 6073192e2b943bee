/* Seeds of hash tables over what files hold. */
#ifndef EBBI_SEED_H
#define EBBI_SEED_H

#include <stdint.h>

/* Another number at each call, which whoever wrote a file cannot know. */
uint64_t ebbi_seed(void);

#endif
