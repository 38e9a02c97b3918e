/*
 * latency - how long healthy answers take, and how long after the time-out a late answer comes
 *
 * The mutator needs them, too: what happens in the midst of a scan or a transaction happens within
 * these times of its beginning.
 */
#ifndef UP_CASE_LATENCY_H
#define UP_CASE_LATENCY_H

#define UP_WORLD_SCAN_MS 200
#define UP_WORLD_SEND_MS 500
#define UP_WORLD_LATE_MS 1000

#endif
