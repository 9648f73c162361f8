"""The baseline of the figures: a plain asyncio/aiohttp client of streamed chat completions.

It does what the field's clients do and no more: one task per request, lines of the stream as they come, a
stamp and json.loads for each. Usage: baseline.py URL STREAMS TOKENS INTERVAL_US ; prints one JSON object with
the stamps of each stream and the CPU time of the streaming.
"""

import asyncio
import json
import resource
import sys
import time

import aiohttp


async def stream(session, url, index, tokens, interval_us, phase_us):
    body = {
        "model": "emitter",
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        "user": str(index),
        "interval_us": interval_us,
        "phase_us": phase_us,
        "max_completion_tokens": tokens,
        "messages": [{"role": "user", "content": " time"}],
    }
    stamps = []
    count = 0
    async with session.post(url, json=body) as response:
        async for line in response.content:
            now = time.monotonic_ns()
            line = line.strip()
            if not line.startswith(b"data: "):
                continue
            data = line[6:]
            if data == b"[DONE]":
                break
            chunk = json.loads(data)
            if chunk.get("usage"):
                count = chunk["usage"]["completion_tokens"]
            if chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                stamps.append(now)
    return index, stamps, count


def cpu_ns():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return int(1e9 * (usage.ru_utime + usage.ru_stime))


async def main(url, streams, tokens, interval_us):
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        # Both clients warm up alike: 60,000 tokens that are not measured.
        await asyncio.gather(*(stream(session, url, -1 - i, 1500, 2000, 0) for i in range(40)))
        before = cpu_ns()
        results = await asyncio.gather(*(
            stream(session, url, i, tokens, interval_us, interval_us * i // streams) for i in range(streams)
        ))
        spent = cpu_ns() - before
    print(json.dumps({"cpu_ns": spent, "stamps": {str(i): stamps for i, stamps, _ in results}}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
