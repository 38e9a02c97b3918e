/*
 * mime - the order in which a message is examined
 */
#include "gmime/mime.h"

#include "gmime/accessors.h"
#include "gmime/decoders.h"
#include "gmime/objects.h"
#include "gmime/parse_ways.h"
#include "gmime/rewrite.h"
#include "gmime/two_readers.h"

static bool has_many_objects(GMimeMessage *message, struct up_observations *observed)
{
        g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);

        return objects->len > UP_MIME_MANY_OBJECTS;
}

static void explore(GMimeMessage *message, GBytes *bytes, struct up_observations *observed)
{
        if (has_many_objects(message, observed))
                return;
        if (up_observations_draw(observed, "parse or edit", 2) == 0)
                up_mime_parse_ways(bytes, observed);
        else
                up_mime_edit_once(message, observed);
}

static void examine(GMimeMessage *message, GBytes *bytes, struct up_observations *observed)
{
        up_mime_compare_readers(message, bytes, observed);
        if (!has_many_objects(message, observed)) {
                g_autoptr(GMimeMessage) again = up_mime_parse(bytes, observed);
                up_mime_edit_once(again, observed);
                up_mime_parse_ways(bytes, observed);
        }
        up_mime_rewrite(message, observed);
}

void up_mime_examine(GBytes *bytes, struct up_observations *observed)
{
        g_autoptr(GMimeMessage) message = NULL;

        up_observations_listen(observed);
        message = up_mime_parse(bytes, observed);
        if (message != NULL) {
                up_mime_call_accessors(message, observed);
                up_mime_compare_decoders(message, observed);
                if (observed->depth == UP_DEPTH_EXPLORE)
                        explore(message, bytes, observed);
                else
                        examine(message, bytes, observed);
        }
        up_observations_count(observed, UP_COUNT_LOGS_JUDGED);
        g_clear_object(&message);
        up_observations_unlisten(observed);
}
