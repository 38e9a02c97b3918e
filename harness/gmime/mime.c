/*
 * mime - the order in which a message is examined
 */
#include "gmime/mime.h"

#include "gmime/accessors.h"
#include "gmime/decoders.h"
#include "gmime/objects.h"
#include "gmime/parse_ways.h"
#include "gmime/rewrite.h"

void up_mime_examine(GBytes *bytes, struct up_observations *observed)
{
        g_autoptr(GMimeMessage) message = NULL;

        up_observations_listen(observed);
        message = up_mime_parse(bytes, observed);
        if (message != NULL) {
                g_autoptr(GPtrArray) objects = up_mime_objects(message, observed);
                if (objects->len <= UP_MIME_MANY_OBJECTS)
                        up_mime_parse_ways(bytes, observed);
                up_mime_call_accessors(message, observed);
                up_mime_compare_decoders(message, observed);
                up_mime_rewrite(message, observed);
        }
        up_observations_count(observed, UP_COUNT_LOGS_JUDGED);
        g_clear_object(&message);
        up_observations_unlisten(observed);
}
