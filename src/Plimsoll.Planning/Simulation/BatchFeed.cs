using System;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Batch work for one replica, a backlog without end or lines that come at a rate: lines are handed in while
/// fewer than the gate allows are under way.
/// </summary>
sealed class BatchFeed(IArrivalSource lines, BatchGate gate, int maxTokens, int level, long windowNs)
{
    bool _isEndless;
    RequestOverhead _overhead;

    /// <summary>Lines of one replica of a pool, of its own draw; null where there is no batch work.</summary>
    public static BatchFeed? Of(SimulationOptions options, int replica, EnginePool pool, int maxTokens)
    {
        if (options.BatchWorkload is not { } workload)
            return null;
        CheckSomeFit(workload, options.Seed, maxTokens);
        var rate = options.BatchLinesPerSecond / pool.Replicas;
        var lines = workload.Open(
            rate ?? Math.Max(1e-3, workload.RequestsPerSecond), long.MaxValue,
            options.Seed + 7919 * ((ulong)replica + 1),
            rate is null ? ArrivalProcess.AtOnce : ArrivalProcess.Poisson);
        return new BatchFeed(
            lines, new BatchGate(options.BatchGate), maxTokens, options.Levels.Count, options.BatchWindowNs)
        {
            _isEndless = rate is null,
            _overhead = pool.StepTime.RequestOverhead,
        };
    }

    /// <summary>Of lines without end of which none fits, none would ever be handed in.</summary>
    static void CheckSomeFit(Workload workload, ulong seed, int maxTokens)
    {
        const long Drawn = 10_000;
        var lines = workload.Open(
            Math.Max(1e-3, workload.RequestsPerSecond), workload.Recorded ?? Drawn, seed,
            ArrivalProcess.AtOnce);
        while (lines.TryPeek(out _))
        {
            lines.Take(out var line);
            if (line.PromptTokens < maxTokens)
                return;
        }
        throw new BadInputException(
            $"no line of {workload.Name} fits the {maxTokens} tokens that an engine has for one; expected "
                + "shorter prompts or more memory per replica");
    }

    /// <summary>Lines handed in and not answered.</summary>
    public int Outstanding { get; private set; }

    /// <summary>No more lines: the run is drained.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Whether answers are measured: after the warm-up, until it is closed.</summary>
    public bool IsMeasured { get; set; }

    public long CompletedLines { get; private set; }

    /// <summary>Lines left out, because their prompts are longer than an engine can hold.</summary>
    public long LinesTooLong { get; private set; }

    public long LinesInTime { get; private set; }

    public LatencyRecorders Latencies { get; } = new(0);

    /// <summary>
    /// When the next line comes, where it has not; <see cref="long.MaxValue"/> when none will.
    /// </summary>
    public long NextNs => !_isEndless && !IsClosed && lines.TryPeek(out var atNs) ? atNs : long.MaxValue;

    public void Done(in SimulatedRequest line)
    {
        Outstanding--;
        CompletedLines++;
        var lagNs = line.LagNs + _overhead.Ns(line.PromptTokens);
        var tookNs = line.LastTokenNs + lagNs - line.ArrivalNs;
        LinesInTime += tookNs <= windowNs ? 1 : 0;
        if (!IsMeasured)
            return;
        var firstNs = line.FirstTokenNs + lagNs;
        Latencies.Ttft.Add(firstNs - line.ArrivalNs);
        Latencies.E2e.Add(tookNs);
        if (line.OutputTokens > 1)
            Latencies.Tpot.Add((line.LastTokenNs + lagNs - firstNs) / (line.OutputTokens - 1));
    }

    /// <summary>Lines that have come by then and are not answered; of a backlog those under way.</summary>
    public long Left(long nowNs)
    {
        long left = Outstanding;
        while (IsClosed && !_isEndless && lines.TryPeek(out var atNs) && atNs <= nowNs)
        {
            lines.Take(out _);
            left++;
        }
        return left;
    }

    /// <summary>Tells the gate what a gateway's telemetry would.</summary>
    public void Observe(long nowNs, int interactiveWaiting, double kvUse) =>
        gate.Observe(nowNs, interactiveWaiting, kvUse);

    /// <summary>The next line, when the gate lets one more through.</summary>
    public bool TryTake(long nowNs, out SimulatedRequest request, out RequestSpec spec)
    {
        request = default;
        spec = default!;
        while (!IsClosed && Outstanding < gate.Limit && lines.TryPeek(out var atNs)
            && (_isEndless || atNs <= nowNs))
        {
            lines.Take(out var line);
            if (line.PromptTokens >= maxTokens)
            {
                LinesTooLong++;
                continue;
            }
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
                ArrivalNs = _isEndless ? nowNs : atNs,
            };
            spec = new RequestSpec
            {
                PromptTokens = line.PromptTokens,
                MaxOutputTokens = Math.Max(1, maxTokens - line.PromptTokens),
                Level = level,
                Tenant = line.Tenant,
            };
            return true;
        }
        return false;
    }
}
