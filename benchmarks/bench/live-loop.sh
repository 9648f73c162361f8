#!/bin/sh
# The loop closed over real sockets: a server whose step times nobody is told is measured by `bench` at four loads,
# `calibrate` fits a profile to what bench wrote, `account` predicts the load line from the profile, and bench
# searches the line on the server itself. Prints both lines and the one predicted before the fit.
# Usage: live-loop.sh [SEARCH-BUDGET [SECONDS-PER-LOAD]], from the root, after `make build`; PLIMSOLL names another
# binary. Wants a quiet machine.
set -eu
budget=${1:-15min}
seconds=${2:-120}
plimsoll=${PLIMSOLL:-src/Plimsoll.Cli/bin/Release/net10.0/plimsoll}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
deployment="--model Llama-3.1-8B --gpu h100_sxm --tp 1"

# The hidden engine: slower than the model of the kernels foresees.
cat > "$work/hidden.csv" <<CSV
concurrency,prompt_tokens,output_tokens,ttft_ms,tpot_ms
1,512,128,40,8.6
32,512,128,150,11.5
128,512,128,400,19
CSV
$plimsoll calibrate "$work/hidden.csv" $deployment --output "$work/hidden.json" > /dev/null
$plimsoll serve $deployment --profile "$work/hidden.json" --port 18741 --state "$work/state" 2> "$work/serve.log" &
server=$!

bench() {
    $plimsoll bench --base-url http://127.0.0.1:18741 --ignore-eos --ready-check-timeout-sec 60 \
        --max-client-lateness 1 "$@"
}
bench --workload chat:arrivals=poisson --request-rate 3 --duration "${seconds}s" --save-detailed --result-filename "$work/a.json" > /dev/null
bench --workload chat:arrivals=poisson --request-rate 12 --duration "${seconds}s" --save-detailed --result-filename "$work/b.json" > /dev/null
bench --workload rag:arrivals=poisson --request-rate 1.5 --duration "${seconds}s" --save-detailed --result-filename "$work/c.json" > /dev/null
bench --workload rag:arrivals=poisson --request-rate 4 --duration "${seconds}s" --save-detailed --result-filename "$work/d.json" > /dev/null
$plimsoll calibrate "$work/a.json" "$work/b.json" "$work/c.json" "$work/d.json" $deployment --output "$work/fitted.json"

promise() {
    "$@" --workload chat:arrivals=poisson --promise "ttft p95 500ms" --promise "tpot p95 40ms" --json
}
line='import json, sys; print(json.load(sys.stdin)'
before=$(promise $plimsoll account $deployment | python3 -c "$line['classes'][0]['loadLine']['requestsPerSecond'])")
after=$(promise $plimsoll account $deployment --profile "$work/fitted.json" \
    | python3 -c "$line['classes'][0]['loadLine']['requestsPerSecond'])")
promise bench --find-load-line --search-budget "$budget" > "$work/line.json" ||
    echo "live-loop: the search found no line, or the client measured itself (a busy machine, a short budget)" >&2
python3 - "$work/line.json" "$before" "$after" <<PY
import json, sys
line = json.load(open(sys.argv[1]))["plimsoll"]["load_line"]
rate, before, after = line["requests_per_second"], float(sys.argv[2]), float(sys.argv[3])
if rate is None or line["low"] is None:
    sys.exit(f"no line measured; predicted {after:.2f}/s after calibration, {before:.2f}/s before")
print(f"measured {rate:.2f}/s ({line['low']:.2f} - {line['high']:.2f}, bound by {line['bound_by']}); predicted "
      f"{after:.2f}/s after calibration ({100 * (after / rate - 1):+.1f} %), {before:.2f}/s before "
      f"({100 * (before / rate - 1):+.1f} %)")
PY
