using System;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>The result of a run that never got to its load, and why.</summary>
public static class FailedRun
{
    public static BenchResult Of(BenchOptions options, EndpointFailure failure) => Of(
        options, new RequestRecord { Failure = failure.Kind, Status = failure.Status,
            Message = failure.Message })
        with { Refused = failure.Message };

    /// <summary>Somebody stopped it first.</summary>
    public static BenchResult Stopped(BenchOptions options) =>
        Of(options, new RequestRecord { Failure = FailureKind.Cancelled }) with { Interrupted = true };

    static BenchResult Of(BenchOptions options, RequestRecord only)
    {
        var clock = new RunClock();
        var meters = options.Levels.Select(level => new LevelMeter(level)).ToList();
        if (only.Failure != FailureKind.Cancelled)
            meters[0].Add(only);
        using var check = new ClientCheck(clock);
        return new BenchResult
        {
            StartedAt = DateTimeOffset.UtcNow,
            DurationS = 0,
            Interrupted = false,
            Address = options.Endpoint.Address.ToString(),
            Model = options.Endpoint.Model.Length > 0 ? options.Endpoint.Model : "unnamed model",
            TokenCounting = "unknown",
            PromptLengths = "unknown",
            Load = options.Load,
            Loop = options.Loop,
            Levels = [.. meters.Select(meter => meter.Report(options.Percentiles))],
            Client = check.Report([], null, options.MostLateness),
            Metadata = options.Metadata,
        };
    }
}
