#include "target/progress.h"

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

unsigned up_progress_transitions(const struct up_progress *progress)
{
        unsigned count = 0;

        for (int i = 0; i < UP_FEEDBACK_WORDS; i++)
                count += (unsigned)__builtin_popcountll(progress->transitions[i]);
        return count;
}

void up_progress_add(struct up_progress *sum, const struct up_progress *part)
{
        sum->executions += part->executions;
        sum->verified += part->verified;
        sum->digest_only += part->digest_only;
        sum->findings += part->findings;
        sum->unscannable += part->unscannable;
        sum->mutants += part->mutants;
        sum->mutants_verified += part->mutants_verified;
        sum->new_edges += part->new_edges;
        sum->mutants_digest_only += part->mutants_digest_only;
        if (sum->first_finding == 0 ||
            (part->first_finding > 0 && part->first_finding_ms < sum->first_finding_ms)) {
                sum->first_finding = part->first_finding;
                sum->first_finding_ms = part->first_finding_ms;
        }
        for (int i = 0; i < UP_COUNTS; i++)
                sum->counts[i] += part->counts[i];
        for (int i = 0; i < UP_ORACLE_COUNT; i++)
                sum->judged[i] += part->judged[i];
        for (int i = 0; i < UP_FEEDBACK_WORDS; i++)
                sum->transitions[i] |= part->transitions[i];
}
