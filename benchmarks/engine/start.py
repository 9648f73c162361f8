#!/usr/bin/env python3
"""From the start of `plimsoll serve` to the first token, the cache of step times warm: wall and CPU time of five starts.

Usage: start.py MODEL.gguf [--runs 5]
"""
import http.client, json, os, signal, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(ROOT, "src/Plimsoll.Cli/bin/Release/net10.0/plimsoll")


def once(model, state):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begin = time.monotonic()
    server = subprocess.Popen(
        [BINARY, "serve", "--model", model, "--served-model-name", "m", "--port", str(port), "--state", state],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        body = json.dumps({"model": "m", "prompt": "a", "max_tokens": 1, "stream": True})
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("POST", "/v1/completions", body, {"content-type": "application/json"})
                connection.getresponse().readline()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() - begin > 120:
                    sys.exit("the server did not come up")
                time.sleep(0.01)
        wall = time.monotonic() - begin
        with open(f"/proc/{server.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return wall, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


runs = int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else 5
with tempfile.TemporaryDirectory() as state:
    once(sys.argv[1], state)
    times = [once(sys.argv[1], state) for _ in range(runs)]
walls, cpus = sorted(wall for wall, _ in times), sorted(cpu for _, cpu in times)
print(f"start to first token, {runs} starts: median {statistics.median(walls):.2f} s "
      f"({walls[0]:.2f} to {walls[-1]:.2f}), CPU time {statistics.median(cpus):.2f} s")
