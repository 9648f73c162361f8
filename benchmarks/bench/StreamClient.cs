using System;
using System.Buffers;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text;
using System.Threading;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Figures;

/// <summary>
/// Our side of the comparison: the live loop, the endpoint, the meters, against the emitter.
/// </summary>
static class StreamClient
{
    /// <summary>What stands behind a verdict on the client: it may be late by a tenth of each.</summary>
    static readonly IReadOnlyList<Limit> Promise =
        [new(Metric.Ttft, 95, 500_000_000), new(Metric.Tpot, 95, 100_000_000)];

    /// <summary>Streams so many answers at once; stamps are the machine's monotonic clock.</summary>
    public static StreamRun Run(string url, int streams, int tokens, int intervalUs)
    {
        var clock = new RunClock();
        var epoch = Stopwatch.GetTimestamp() - clock.NowNs;
        using var endpoint = new Endpoint(new EndpointOptions { BaseUrl = new Uri(url), Model = "emitter" },
            clock);
        var level = new LevelOptions();
        var meter = new LevelMeter(level);
        using var check = new ClientCheck(clock);
        Load(endpoint, clock, streams: 40, tokens: 1500, intervalUs: 2000, meter.Add);
        var stamps = new Dictionary<string, long[]>();
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        Load(endpoint, clock, streams, tokens, intervalUs, record =>
        {
            meter.Add(record);
            check.Add(record);
            var arrivals = record.Arrivals;
            var times = new long[arrivals.Length];
            for (var i = 0; i < times.Length; i++)
                times[i] = epoch + arrivals[i].AtNs;
            stamps[$"{record.Index}"] = times;
        });
        var cpu = Process.GetCurrentProcess().TotalProcessorTime - before;
        return new StreamRun((long)cpu.TotalNanoseconds, stamps, check.Report(Promise, null, 0.1));
    }

    static void Load(
        Endpoint endpoint, RunClock clock, int streams, int tokens, int intervalUs,
            Action<RequestRecord> ended)
    {
        var load = new ClosedLoad(new LengthArrivals(new LengthOptions(1, tokens), streams, 1), streams, 0);
        var start = clock.NowNs;
        var runner = new LoadRunner(
            endpoint, new Dispatcher(new ShiftedLoad(load, start)), new Bodies(streams, intervalUs), clock,
                ended);
        runner.Run(long.MaxValue, CancellationToken.None);
    }

    sealed class Bodies(int streams, int intervalUs) : IBodySource
    {
        public RequestBody Build(in PlannedRequest request)
        {
            var phase = (long)intervalUs * request.Index / streams;
            var text = "{\"model\":\"emitter\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
                + $"\"continuous_usage_stats\":true}},\"user\":\"{request.Index}\","
                + $"\"interval_us\":{intervalUs},"
                + $"\"phase_us\":{phase},\"max_completion_tokens\":{request.OutputTokens},"
                + "\"messages\":[{\"role\":\"user\",\"content\":\" time\"}]}";
            var buffer = ArrayPool<byte>.Shared.Rent(text.Length);
            return new RequestBody(buffer, Encoding.ASCII.GetBytes(text, buffer), null);
        }
    }
}

/// <summary>What streaming cost and saw.</summary>
sealed record StreamRun(long CpuNs, Dictionary<string, long[]> Stamps,
    Plimsoll.Bench.Results.ClientReport Client);
