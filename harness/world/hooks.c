#include "world/hooks.h"

#include <stddef.h>

static const struct up_hooks *current;

void up_hooks_set(const struct up_hooks *hooks)
{
        current = hooks;
}

void up_hooks_before(enum up_hook hook, uint64_t bytes)
{
        if (current != NULL)
                current->before(hook, bytes);
}

void up_hooks_after(void)
{
        if (current != NULL)
                current->after();
}
