using System;
using System.Globalization;
using System.Linq;
using System.Threading;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Figures;

/// <summary>How late sends go out.</summary>
static class ClientFigures
{
    public static void Lateness(string url)
    {
        Console.WriteLine(Sleeper());
        using var run = new BenchRun(new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = new Uri(url), Model = "emitter" },
            Levels = [new LevelOptions
            {
                Lengths = new LengthOptions(64, 2), RequestsPerSecond = 500, Requests = 10_000,
                Burstiness = double.PositiveInfinity,
            }],
            Load = "500 requests/s",
            WarmupNs = 3_000_000_000,
        });
        var result = run.Run(CancellationToken.None);
        var client = result.Client;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"500 requests/s{(client.RealTime ? " at real-time priority" : "")}: dispatched late p50 "
            + $"{client.DispatchLateP50Ms:0.000} ms, p99 {client.DispatchLateP99Ms:0.000} ms; written to the "
            + $"socket late p50 {client.WrittenLateP50Ms:0.000} ms, p99 {client.WrittenLateP99Ms:0.000} ms; "
            + $"{result.Completed} served, {result.Failed} failed; load average {LoadAverage()}"));
    }

    /// <summary>What the machine itself allows: a thread that only sleeps to the same moments.</summary>
    static string Sleeper()
    {
        const int Moments = 10_000;
        var clock = new RunClock();
        using var never = new AutoResetEvent(false);
        var late = new long[Moments];
        var start = clock.NowNs + 10_000_000;
        for (var i = 0; i < Moments; i++)
        {
            var due = start + (2_000_000L * i);
            while (!clock.WaitUntil(due, never))
            {
                // Woken early.
            }
            late[i] = clock.NowNs - due;
        }
        Array.Sort(late);
        return string.Create(CultureInfo.InvariantCulture,
            $"a bare sleeper, 500 times a second: late p50 {late[Moments / 2] / 1e6:0.000} ms, p99 "
                + $"{late[Moments * 99 / 100] / 1e6:0.000} ms");
    }

    static string LoadAverage() => System.IO.File.Exists("/proc/loadavg")
        ? System.IO.File.ReadAllText("/proc/loadavg").Split(' ').First() : "unknown";
}
