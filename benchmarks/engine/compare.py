#!/usr/bin/env python3
"""Plimsoll's engine beside llama-server on one GGUF file: interactive requests over saturating batch work.

Usage: compare.py MODEL.gguf LLAMA_SERVER_FOLDER [--load poisson|square] [--runs 5] [--seconds 60] [--share 0.3]
                  [--policies slack,vllm-v1] [--alone] [--no-llama] [--serve-args "--lib FOLDER --backend cuda …"]
                  [--seed 1000] [--first 0] [--json FILE]
       compare.py --pool FILE …

Each run starts one server, alone, on one compute thread; runs of all servers are interleaved. A lone prompt says what
this machine can do, and load and promise follow from it: interactive prompts of 40 to 420 words (about 48 to 512
tokens) with 24 tokens of answer take `--share` of the thread, as a Poisson process or as a square wave of 60 s at
twice the rate and 60 s of silence; batch work (8 in flight, 128 words, 96 tokens) takes all the rest. Promised are a
first token within three times the longest prompt's own time and gaps of ten lone decodes; llama-server has nobody to
promise it to. Its flags are swept first, one short run each, and the setting with the lowest p95 of the first token
runs beside its defaults. Latency counts from the scheduled send. Printed: p50 and p95 time to first token of all
requests of all runs, p95 gap between tokens, the share of requests whose gaps (worst of each) kept the promise, batch
tokens/s, and CPU time of the server per token. The two servers carry different llama.cpp releases.

On a machine of many cores several copies run side by side, each on cores of its own (`taskset`), with its own `--seed`
and with another server `--first`; each writes its runs with `--json`, and `--pool` prints the table of them all.
"""
import argparse, http.client, json, os, random, signal, socket, statistics, subprocess, sys, tempfile, threading, time

WORDS = "the load line shows how heavily a ship may be loaded for the waters it will meet and what a token costs".split()
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHORTEST, LONGEST, ANSWER = 40, 420, 24
SWEEP = [f"-np {slots} -b {batch} -ub {batch} -kvu" for slots in (12, 16) for batch in (32, 128, 512)]


def prompt(rng, words):
    return " ".join(rng.choice(WORDS) for _ in range(words))


def body(rng, words, tokens, tier):
    return {"model": "m", "prompt": prompt(rng, words), "max_tokens": tokens, "temperature": 0, "stream": True,
            "ignore_eos": True, "stream_options": {"include_usage": True}, "service_tier": tier}


def stream(port, request, scheduled, results, headers=None):
    """Sends one completion, notes when each piece of text comes."""
    times, tokens = [], 0
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request(
            "POST", "/v1/completions", json.dumps(request), {"content-type": "application/json", **(headers or {})})
        response = connection.getresponse()
        for line in response:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            chunk = json.loads(line[6:])
            if chunk.get("choices") and (chunk["choices"][0].get("text") is not None):
                times.append(time.monotonic())
            if chunk.get("usage"):
                tokens = chunk["usage"]["completion_tokens"]
        connection.close()
    except OSError as error:
        results.append({"error": str(error)})
        return
    results.append({"scheduled": scheduled, "times": times, "tokens": tokens or len(times)})


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def lone(port):
    """Seconds of a token of a lone prompt, and of a lone decode."""
    rng, seen = random.Random(1), []
    for words, tokens in ((200, 1), (200, 1), (200, 1), (4, 33)):
        at = time.monotonic()
        stream(port, body(rng, words, tokens, "default"), at, seen)
    prompts = sorted(r["times"][0] - r["scheduled"] for r in seen[:3])
    gaps = [b - a for a, b in zip(seen[3]["times"], seen[3]["times"][1:])]
    return prompts[1] / 200, statistics.median(gaps)


def arrivals(rng, kind, rate, seconds, half):
    """Seconds after the start at which interactive requests are sent, the first after one second."""
    at, due = 1.0, []
    while at < seconds:
        due.append(at)
        at += rng.expovariate(2 * rate if kind == "square" else rate)
        if kind == "square" and at % (2 * half) >= half:
            at += 2 * half - at % (2 * half)
    return due


def load(port, pid, kind, seconds, rate, promise, seed, with_batch, half, in_flight):
    rng = random.Random(seed)
    begin = time.monotonic()
    end = begin + seconds
    interactive, batch, threads = [], [], []
    headers = {"x-slo-ttft-ms": f"{1e3 * promise[0]:.0f}", "x-slo-tpot-ms": f"{1e3 * promise[1]:.0f}"}

    def closed_loop(own):
        while time.monotonic() < end:
            stream(port, body(own, 128, 96, "flex"), time.monotonic(), batch)

    if with_batch:
        for i in range(in_flight):
            threads.append(threading.Thread(target=closed_loop, args=(random.Random(seed * 100 + i),)))
            threads[-1].start()
    cpu = cpu_seconds(pid)
    for due in arrivals(rng, kind, rate, seconds, half):
        request = body(rng, rng.randint(SHORTEST, LONGEST), ANSWER, "default")
        time.sleep(max(0, begin + due - time.monotonic()))
        threads.append(threading.Thread(target=stream, args=(port, request, begin + due, interactive, headers)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    used = cpu_seconds(pid) - cpu
    good = [r for r in interactive if r.get("times")]
    gaps = [[b - a for a, b in zip(r["times"], r["times"][1:])] for r in good]
    return {
        "errors": sum("error" in r for r in interactive + batch),
        "ttft": [r["times"][0] - r["scheduled"] for r in good],
        "gaps": [gap for of_one in gaps for gap in of_one],
        "kept": [max(of_one, default=0) <= promise[1] for of_one in gaps],
        "batch": sum(t < end for r in batch for t in r.get("times", [])) / seconds,
        "cpu": used, "tokens": sum(r["tokens"] for r in good + batch if "tokens" in r),
    }


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(command, action):
    port = free_port()
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen([c.replace("PORT", str(port)) for c in command], stdout=log, stderr=log)
        try:
            for _ in range(600):
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                    connection.request("GET", "/health")
                    if connection.getresponse().status == 200:
                        break
                except OSError:
                    pass
                if server.poll() is not None:
                    log.seek(0)
                    sys.exit(f"compare: {command[0]} ended:\n{log.read().decode()[-2000:]}")
                time.sleep(0.2)
            stream(port, {"model": "m", "prompt": "the load line", "max_tokens": 4, "stream": True}, 0, [])
            return action(port, server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def row(name, runs):
    ttft, gaps, kept = (sum((r[key] for r in runs), []) for key in ("ttft", "gaps", "kept"))
    cpu = sum(r["cpu"] for r in runs) / max(1, sum(r["tokens"] for r in runs))
    return (f"{name:38}{len(ttft):9}{1e3 * percentile(ttft, 0.5):7.0f} ms{1e3 * percentile(ttft, 0.95):7.0f} ms"
            f"{1e3 * percentile(gaps, 0.95):6.0f} ms{100 * sum(kept) / max(1, len(kept)):6.0f} %"
            f"{statistics.median(r['batch'] for r in runs):12.1f}{1e3 * cpu:11.1f} ms{sum(r['errors'] for r in runs):7}")


HEADER = f"{'server':38}{'requests':>9}{'TTFT p50':>10}{'p95':>10}{'ITL p95':>9}{'kept':>8}{'batch tok/s':>12}{'CPU/token':>14}{'errors':>7}"


def pool(files):
    """The table of runs that several copies have written, server by server."""
    results = {}
    for name in files:
        with open(name) as file:
            for line in file:
                one = json.loads(line)
                results.setdefault(one["server"], []).append(one)
    print(HEADER)
    for name, runs in results.items():
        print(row(name, runs))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("llama", nargs="?")
    parser.add_argument("--load", choices=["poisson", "square"], default="poisson")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--policies", default="slack,vllm-v1")
    parser.add_argument("--best", help="flags of llama-server that an earlier sweep found, instead of a sweep")
    parser.add_argument("--alone", action="store_true", help="no batch work beside the interactive requests")
    parser.add_argument("--no-llama", action="store_true", help="the policies of plimsoll serve alone")
    parser.add_argument("--plimsoll", default=os.path.join(ROOT, "src/Plimsoll.Cli/bin/Release/net10.0/plimsoll"))
    parser.add_argument("--serve-args", default="", help="further options of plimsoll serve")
    parser.add_argument("--sequences", type=int, default=16, help="most sequences at once of plimsoll serve")
    parser.add_argument("--kv", type=int, default=16384, help="tokens of KV of either server")
    parser.add_argument("--in-flight", type=int, default=8, help="batch requests at once")
    parser.add_argument("--half", type=float, default=60, help="seconds of a square wave's load, and of its silence")
    parser.add_argument("--seed", type=int, default=1000, help="of the first run; each next one has the next")
    parser.add_argument("--first", type=int, default=0, help="place of the server that begins each round")
    parser.add_argument("--json", help="file that each run is added to, one line of JSON")
    parser.add_argument("--pool", nargs="+", metavar="FILE", help="print the table of runs written with --json")
    options = parser.parse_args()
    if options.pool:
        pool(options.pool)
        return
    if options.model is None or (options.llama is None and not options.no_llama):
        parser.error("a model and the folder of llama-server were expected")
    llama = os.path.join(options.llama or "", "llama-server")
    common = [llama, "-m", options.model, "--port", "PORT", "-t", "1", "-tb", "1", "--alias", "m", "-c",
              str(options.kv)]
    state = tempfile.TemporaryDirectory()
    servers = {f"plimsoll {policy}": [
        options.plimsoll, "serve", "--model", options.model, "--served-model-name", "m", "--policy", policy, "--port",
        "PORT", "--state", state.name, "--max-num-seqs", str(options.sequences), "--kv-tokens", str(options.kv),
        *options.serve_args.split()] for policy in options.policies.split(",")}
    token, decode = run(
        next(iter(servers.values())) if options.no_llama else common, lambda port, _: lone(port))
    mean = token * (SHORTEST + LONGEST) / 2 + decode * ANSWER
    rate, promise = options.share / mean, (3 * token * LONGEST, 10 * decode)
    print(f"a prompt's word {1e3 * token:.1f} ms, a lone decode {1e3 * decode:.0f} ms; {rate:.2f} interactive requests/s "
          f"({options.load}), promised {promise[0]:.1f} s to the first token, gaps of {1e3 * promise[1]:.0f} ms", flush=True)

    def measure(command, seed, seconds, kind):
        return run(command, lambda port, pid: load(
            port, pid, kind, seconds, rate, promise, seed, not options.alone, options.half, options.in_flight))

    if not options.no_llama:
        best = options.best
        if best is None:
            print("sweep, one run of each:\n" + HEADER, flush=True)
            tried = {}
            for flags in SWEEP:
                tried[flags] = measure(common + flags.split(), 999, options.seconds, "poisson")
                print(row("llama-server " + flags, [tried[flags]]), flush=True)
            best = min(tried, key=lambda flags: percentile(tried[flags]["ttft"], 0.95))
        servers["llama-server, its defaults"] = common
        servers["llama-server " + best] = common + best.split()
    results = {name: [] for name in servers}
    turns = [*servers.items()]
    turns = turns[options.first % len(turns):] + turns[:options.first % len(turns)]
    for i in range(options.runs):
        for name, command in turns:
            results[name].append(measure(command, options.seed + i, options.seconds, options.load))
            print(row(f"run {i + 1} {name}", results[name][-1:]), file=sys.stderr, flush=True)
            if options.json:
                with open(options.json, "a") as file:
                    print(json.dumps({"server": name, "seed": options.seed + i, **results[name][-1]}), file=file)
    print(HEADER)
    for name, runs in results.items():
        print(row(name, runs))


if __name__ == "__main__":
    main()
