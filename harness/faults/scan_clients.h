/*
 * scan_clients - functions of faulty scan clients, for up_fault_rows
 */
#ifndef UP_FAULTS_SCAN_CLIENTS_H
#define UP_FAULTS_SCAN_CLIENTS_H

#include "scan_submit/client.h"

/** Reports success and no verdict, for clear-signed mail of a local user, in transport. */
struct up_client_reading up_client_loses_verdict(const struct up_client *self,
    const struct up_client_question *question, const struct up_scan_answer *answer);

/** Copies the boundary of a multipart into a block that holds what RFC 2046 allows. */
void up_client_overruns_boundary(GBytes *message, const struct up_policy *policy);

/** Searches for the end of an encoded word in a header, for ever if there is none. */
void up_client_loops_in_word(GBytes *message, const struct up_policy *policy);

/** Leaks the name of a charset that it does not know. */
void up_client_leaks_charset(GBytes *message, const struct up_policy *policy);

#endif
