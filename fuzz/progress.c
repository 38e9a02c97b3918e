#include "fuzz/progress.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct up_progress *up_progress_map(const char *path)
{
        void *map = MAP_FAILED;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0)
                return NULL;
        if (ftruncate(fd, sizeof(struct up_progress)) == 0)
                map = mmap(
                    NULL, sizeof(struct up_progress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        return map == MAP_FAILED ? NULL : map;
}
