# callgrind-calls.awk - a file of callgrind as lines "NAME CALLS INSTRUCTIONS", the latter with what
# it calls, and "instructions NUMBER"
#
# Names are given once, as "(ID) NAME", and then as "(ID)". A recursive call is another function,
# NAME'2.
/^c?fn=/ {
    id = $0
    sub(/^c?fn=/, "", id)
    name = id
    sub(/\).*/, ")", id)
    if (name != id) {
        sub(/^\([0-9]+\) /, "", name)
        names[id] = name
    }
    if (/^cfn=/)
        callee = names[id]
}
/^calls=/ {
    sub(/^calls=/, "", $1)
    calls[callee] += $1
    getline
    cost[callee] += $2
}
/^summary: / { print "instructions", $2 }
END {
    for (name in calls)
        print name, calls[name], cost[name]
}
