#!/usr/bin/env python3
"""What `nft -j list ruleset` printed, with every chain's and set's first few members only."""
import collections
import json
import sys

MOST = 4
listing = json.load(open(sys.argv[1]))
rules = collections.Counter()
kept = []
for item in listing["nftables"]:
    if "rule" in item:
        rules[item["rule"]["chain"]] += 1
        # the base set comes first and is in all of them
        if rules[item["rule"]["chain"]] not in (1, 2, 3, 10, 11, 12, 13):
            continue
    for kind in ("set", "map"):
        if "elem" in item.get(kind, {}):
            item[kind]["elem"] = item[kind]["elem"][:MOST]
    kept.append(item)
json.dump({"nftables": kept}, sys.stdout, separators=(",", ":"))
