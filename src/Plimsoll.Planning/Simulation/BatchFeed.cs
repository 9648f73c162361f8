using System;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Batch work without end for one replica: lines are handed in while fewer than the gate allows are under
/// way.
/// </summary>
sealed class BatchFeed(IArrivalSource lines, BatchGate gate, int maxTokens, int level)
{
    /// <summary>Lines of one replica, of its own draw; null where there is no batch work.</summary>
    public static BatchFeed? Of(SimulationOptions options, int replica, int maxTokens)
    {
        if (options.BatchWorkload is not { } workload)
            return null;
        var lines = workload.Open(
            Math.Max(1e-3, workload.RequestsPerSecond), long.MaxValue,
            options.Seed + 7919 * ((ulong)replica + 1), ArrivalProcess.AtOnce);
        return new BatchFeed(lines, new BatchGate(options.BatchGate), maxTokens, options.Levels.Count);
    }

    /// <summary>Lines handed in and not answered.</summary>
    public int Outstanding { get; private set; }

    /// <summary>No more lines: the run is drained.</summary>
    public bool IsClosed { get; set; }

    public long CompletedLines { get; private set; }

    public void Done()
    {
        Outstanding--;
        CompletedLines++;
    }

    /// <summary>Tells the gate what a gateway's telemetry would.</summary>
    public void Observe(long nowNs, int interactiveWaiting, double kvUse) =>
        gate.Observe(nowNs, interactiveWaiting, kvUse);

    /// <summary>The next line, when the gate lets one more through.</summary>
    public bool TryTake(long nowNs, out SimulatedRequest request, out RequestSpec spec)
    {
        request = default;
        spec = default!;
        while (!IsClosed && Outstanding < gate.Limit && lines.TryPeek(out _))
        {
            lines.Take(out var line);
            if (line.PromptTokens >= maxTokens)
                continue;
            Outstanding++;
            var output = Math.Clamp(line.OutputTokens, 1, maxTokens - line.PromptTokens);
            request = new SimulatedRequest
            {
                Index = -1,
                Session = -1,
                IsBatch = true,
                PromptTokens = line.PromptTokens,
                OutputTokens = output,
                TokensHere = output,
                ArrivalNs = nowNs,
            };
            spec = new RequestSpec
            {
                PromptTokens = line.PromptTokens,
                MaxOutputTokens = Math.Max(1, maxTokens - line.PromptTokens),
                Level = level,
            };
            return true;
        }
        return false;
    }
}
