/*
 * latency - how long healthy answers take, and how long after the time-out a late answer comes
 */
#ifndef UP_WORLD_LATENCY_H
#define UP_WORLD_LATENCY_H

#define UP_WORLD_SCAN_MS 200
#define UP_WORLD_SEND_MS 500
#define UP_WORLD_LATE_MS 1000

#endif
