using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Batch work for one replica, a backlog without end or lines that come at a rate: lines are handed in while
/// fewer than the gate allows are under way, of each tenant its part of them, so that nobody's lines keep out
/// another's.
/// </summary>
sealed class BatchFeed(
    IArrivalSource lines, BatchGate gate, int maxTokens, SimulationOptions options, int tenants)
{
    /// <summary>Lines of a tenant that wait for its others; beyond these all wait.</summary>
    const int MostBehind = 100_000;

    readonly Queue<Arrival>[] _behind = [.. Enumerable.Range(0, tenants).Select(_ => new Queue<Arrival>())];
    readonly int[] _outstanding = new int[tenants];
    readonly long[] _tokens = new long[tenants];
    bool _isEndless;
    double _linesPerNs;
    RequestOverhead _overhead;
    int _next;

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
            lines, new BatchGate(options.BatchGate), maxTokens, options, 1 + workload.Tenants.Count)
        {
            _isEndless = rate is null,
            _linesPerNs = (rate ?? 0) / 1e9,
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

    /// <summary>Prompt and answer tokens of the lines answered, by tenant.</summary>
    public ReadOnlySpan<long> Tokens => _tokens;

    public LatencyRecorders Latencies { get; } = new(0);

    /// <summary>
    /// When the next line comes, where it has not; <see cref="long.MaxValue"/> when none will.
    /// </summary>
    public long NextNs => !_isEndless && !IsClosed && lines.TryPeek(out var atNs) ? atNs : long.MaxValue;

    public void Done(in SimulatedRequest line)
    {
        Outstanding--;
        _outstanding[line.Tenant]--;
        _tokens[line.Tenant] += line.PromptTokens + line.OutputTokens;
        CompletedLines++;
        var lagNs = line.LagNs + _overhead.Ns(line.PromptTokens);
        var tookNs = line.LastTokenNs + lagNs - line.ArrivalNs;
        LinesInTime += tookNs <= options.BatchWindowNs ? 1 : 0;
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
        foreach (var behind in _behind)
            left += _isEndless ? 0 : behind.Count;
        while (IsClosed && !_isEndless && lines.TryPeek(out var atNs) && atNs <= nowNs)
        {
            lines.Take(out _);
            left++;
        }
        return left;
    }

    /// <summary>
    /// The same, lines that the gate has not seen yet by how long the first of them waits, so that none is
    /// drawn before its time; 0 of a backlog.
    /// </summary>
    public double Unanswered(long nowNs)
    {
        if (_isEndless)
            return 0;
        double left = Outstanding;
        foreach (var behind in _behind)
            left += behind.Count;
        return left + (lines.TryPeek(out var atNs) ? Math.Max(0, nowNs - atNs) * _linesPerNs : 0);
    }

    /// <summary>Tells the gate what a gateway's telemetry would.</summary>
    public void Observe(long nowNs, int interactiveWaiting, double kvUse) =>
        gate.Observe(nowNs, interactiveWaiting, kvUse);

    /// <summary>The next line, when the gate lets one more through.</summary>
    public bool TryTake(long nowNs, out SimulatedRequest request, out RequestSpec spec)
    {
        request = default;
        spec = default!;
        if (IsClosed || Outstanding >= gate.Limit || !TryNext(nowNs, out var line, out var atNs))
            return false;
        Outstanding++;
        _outstanding[line.Tenant]++;
        var output = Math.Clamp(line.OutputTokens, 1, maxTokens - line.PromptTokens);
        request = new SimulatedRequest
        {
            Index = -1,
            Session = -1,
            IsBatch = true,
            Tenant = line.Tenant,
            PromptTokens = line.PromptTokens,
            OutputTokens = output,
            TokensHere = output,
            ArrivalNs = _isEndless ? nowNs : atNs,
        };
        spec = new RequestSpec
        {
            PromptTokens = line.PromptTokens,
            MaxOutputTokens = Math.Max(1, maxTokens - line.PromptTokens),
            Level = options.Levels.Count,
            Tenant = line.Tenant,
            TenantWeight = line.Tenant < options.TenantWeights.Count ? options.TenantWeights[line.Tenant] : 1,
        };
        return true;
    }

    /// <summary>A line that had to wait for others of its tenant, or the next of all that may go.</summary>
    bool TryNext(long nowNs, out Arrival line, out long atNs)
    {
        var each = Math.Max(1, gate.Limit / Math.Max(1, tenants - 1));
        for (var i = 0; i < tenants; i++)
        {
            _next = (_next + 1) % tenants;
            if (_outstanding[_next] < each && _behind[_next].TryDequeue(out line))
            {
                atNs = line.AtNs;
                return true;
            }
        }
        while (lines.TryPeek(out atNs) && (_isEndless || atNs <= nowNs))
        {
            lines.Take(out line);
            line.AtNs = atNs;
            if (line.PromptTokens >= maxTokens)
                LinesTooLong++;
            else if (tenants == 1 || _outstanding[line.Tenant] < each)
                return true;
            else if (_behind[line.Tenant].Count < MostBehind)
                _behind[line.Tenant].Enqueue(line);
            else
                return false;
        }
        line = default;
        return false;
    }
}
