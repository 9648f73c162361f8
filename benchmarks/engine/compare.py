#!/usr/bin/env python3
"""Plimsoll's engine beside llama-server on one GGUF file: interactive requests over saturating batch work.

Usage: compare.py MODEL.gguf LLAMA_SERVER_FOLDER [--runs 5] [--seconds 40] [--rate 0.5] [--policies vllm-v1,slack]

Each run starts one server, alone, on one compute thread; runs of all servers are interleaved. Load: interactive
prompts (chat completions, Poisson, 48 to 256 words, 24 tokens) and, from the start, closed-loop batch work
(8 in flight, 128 words, 96 tokens). Latency counts from the scheduled send. Printed: medians over the runs of p50
and p95 time to first token, p95 gap between tokens, batch tokens/s, and CPU time of the server per token. The
two servers carry different llama.cpp releases.
"""
import argparse, http.client, json, os, random, signal, socket, statistics, subprocess, sys, tempfile, threading, time

WORDS = "the load line shows how heavily a ship may be loaded for the waters it will meet and what a token costs".split()
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def prompt(rng, words):
    return " ".join(rng.choice(WORDS) for _ in range(words))


def stream(port, body, scheduled, results, extra=None):
    """Sends one completion, notes when each piece of text comes."""
    times, tokens = [], 0
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request("POST", "/v1/completions", json.dumps(body), {"content-type": "application/json", **(extra or {})})
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


def load(port, pid, seconds, rate, seed, with_batch):
    rng = random.Random(seed)
    end = time.monotonic() + seconds
    interactive, batch, threads = [], [], []

    def body(words, tokens, tier):
        return {"model": "m", "prompt": prompt(rng, words), "max_tokens": tokens, "temperature": 0, "stream": True,
                "ignore_eos": True, "stream_options": {"include_usage": True}, "service_tier": tier}

    def closed_loop():
        while time.monotonic() < end:
            stream(port, body(128, 96, "flex"), time.monotonic(), batch)

    if with_batch:
        for _ in range(8):
            thread = threading.Thread(target=closed_loop)
            thread.start()
            threads.append(thread)
    cpu, at = cpu_seconds(pid), time.monotonic() + 1
    while at < end:
        time.sleep(max(0, at - time.monotonic()))
        thread = threading.Thread(target=stream, args=(port, body(rng.randint(48, 256), 24, "default"), at, interactive))
        thread.start()
        threads.append(thread)
        at += rng.expovariate(rate)
    for thread in threads:
        thread.join()
    used = cpu_seconds(pid) - cpu
    good = [r for r in interactive if r.get("times")]
    gaps = [b - a for r in good for a, b in zip(r["times"], r["times"][1:])]
    tokens = sum(r["tokens"] for r in good + batch if "tokens" in r)
    done = [t for r in batch for t in r.get("times", []) if t < end]
    return {
        "requests": len(good), "errors": sum("error" in r for r in interactive + batch),
        "ttft50": percentile([r["times"][0] - r["scheduled"] for r in good], 0.5),
        "ttft95": percentile([r["times"][0] - r["scheduled"] for r in good], 0.95),
        "itl95": percentile(gaps, 0.95), "batch": len(done) / seconds, "cpu_ms": 1e3 * used / max(1, tokens),
    }


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(command, port, action):
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
            warm = []
            stream(port, {"model": "m", "prompt": "the load line", "max_tokens": 4, "stream": True}, 0, warm)
            return action(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("llama")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--rate", type=float, default=0.5)
    parser.add_argument("--policies", default="vllm-v1")
    parser.add_argument("--alone", action="store_true", help="no batch work beside the interactive requests")
    options = parser.parse_args()
    binary = os.path.join(ROOT, "src/Plimsoll.Cli/bin/Release/net10.0/plimsoll")
    llama = os.path.join(options.llama, "llama-server")
    with tempfile.TemporaryDirectory() as state:
        servers = {f"plimsoll {policy}": [
            binary, "serve", "--model", options.model, "--served-model-name", "m", "--policy", policy, "--port", "PORT",
            "--state", state, "--max-num-seqs", "16", "--kv-tokens", "16384"] for policy in options.policies.split(",")}
        common = [llama, "-m", options.model, "--port", "PORT", "-t", "1", "-tb", "1", "--alias", "m"]
        servers["llama-server defaults"] = common + ["-c", "16384"]
        servers["llama-server -np 16 -b 128"] = common + ["-c", "16384", "-np", "16", "-b", "128", "-ub", "128", "-kvu"]
        results = {name: [] for name in servers}
        for i in range(options.runs):
            for name, command in servers.items():
                port = free_port()
                result = run(command, port, lambda pid: load(port, pid, options.seconds, options.rate, 1000 + i, not options.alone))
                results[name].append(result)
                print(f"run {i + 1} {name}: {json.dumps(result)}", file=sys.stderr)
    print(f"{'server':32} {'requests':>8} {'TTFT p50':>9} {'p95':>8} {'ITL p95':>9} {'batch tok/s':>11} {'CPU ms/token':>12}")
    for name, runs in results.items():
        median = {key: statistics.median(r[key] for r in runs) for key in runs[0]}
        print(f"{name:32} {median['requests']:8.0f} {1e3 * median['ttft50']:7.0f} ms {1e3 * median['ttft95']:5.0f} ms "
              f"{1e3 * median['itl95']:6.0f} ms {median['batch']:11.1f} {median['cpu_ms']:12.2f}")


if __name__ == "__main__":
    main()
