using System;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>The result of a run that never got to its load: one failure, and why.</summary>
public static class FailedRun
{
    public static BenchResult Of(BenchOptions options, EndpointFailure failure)
    {
        var clock = new RunClock();
        var meters = options.Levels.Select(level => new LevelMeter(level)).ToList();
        meters[0].Add(new RequestRecord { Failure = failure.Kind, Status = failure.Status,
            Message = failure.Message });
        using var check = new ClientCheck(clock);
        return new BenchResult
        {
            StartedAt = DateTimeOffset.UtcNow,
            DurationS = 0,
            Interrupted = true,
            Address = options.Endpoint.Address.ToString(),
            Model = options.Endpoint.Model,
            TokenCounting = "unknown",
            PromptLengths = "unknown",
            Load = options.Load,
            Levels = [.. meters.Select(meter => meter.Report(options.Percentiles))],
            Client = check.Report([], null, options.MostLateness, heldBack: false),
            Metadata = options.Metadata,
        };
    }
}
