using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// The bill of batch work that rides in the idle time of an interactive fleet: simulated at the rates of its
/// week under each policy, read off hour by hour, and priced at what a fleet of its own would cost.
/// </summary>
public sealed class Backfills
{
    const double HoursPerWeek = 168;

    readonly BackfillRequest _request;
    readonly BackfillRuns _runs;
    readonly IReadOnlyList<double> _hourly;
    readonly IReadOnlyList<double> _grid;
    readonly double _fullBatchLines;

    Backfills(BackfillRequest request)
    {
        _request = request;
        _runs = new BackfillRuns(request);
        _hourly = BackfillRuns.HourlyRates(request);
        _grid = BackfillRuns.Grid(_hourly);
        // A fleet for batch work alone needs no promise, whatever policy this one has.
        var alone = request.Engine with
        {
            Limits = request.Engine.Limits with { Policy = SchedulingPolicy.VllmV1 },
        };
        _fullBatchLines = SaturatedThroughput.Of(
            alone, request.Serving with { Workload = request.Batch, Requests = null })
            .RequestsPerSecond;
    }

    /// <summary>The bill; a window shorter than a line takes is bad input.</summary>
    public static BackfillStatement Of(BackfillRequest request)
    {
        BatchWindow.Check(request.WindowNs, request.Batch, request.Engine);
        EngineLimits.CheckDecodesFit(
            SchedulingPolicy.InSlack, request.Engine.Limits.MaxNumSeqs,
            request.Engine.Limits.MaxNumBatchedTokens);
        return new Backfills(request).Of();
    }

    BackfillStatement Of()
    {
        var gate = new BatchGateOptions();
        var sweep = _runs.Sweep(_grid, SchedulingPolicy.InSlack, gate);
        var beside = LinesPerRank is { } lines ? _runs.Beside(sweep, lines) : sweep;
        var week = new BackfillWeek(sweep, _hourly)
        {
            Comes = LinesPerRank,
            Beside = beside,
            Quiet = sweep.All(p => p.Holds) ? null : _runs.Quiet(_grid),
        };
        var room = new BackfillWeek(sweep, _hourly);
        var unmargined = new BackfillWeek(
            _runs.Sweep(_grid, SchedulingPolicy.InSlack, gate, margin: 0), _hourly);
        var price = new PromisePrice(
            _request, _runs, _hourly.Average(), LinesPerRank, week.TokensPerLine);
        var forgone = price.LinesForgone;
        var bill = FleetUsdPerWeek;
        return new BackfillStatement
        {
            Workload = _request.Batch.Name,
            WindowHours = _request.WindowNs / 3.6e12,
            Policies = [Policy(SchedulingPolicy.InSlack.Name, week), .. Compared()],
            Bill = Bill(week),
            Loss = Loss(sweep, room, unmargined),
            Arrivals = Arrivals(room),
            PromisedShare = _request.MinShare > 0 ? _request.MinShare : null,
            Tenants = BackfillTenants.Of(_request, week),
            BusiestHour = new BackfillLevels(_request, week, InteractiveTokens, BatchTokens(week), bill)
                .Of(beside, _runs.Alone(_grid[^1])),
            BusiestHourNote = Note(sweep[^1]),
            Week = [.. week.Interactive().Zip(week.Batch(), (i, b) => new BackfillHour(i, b))],
            LinesPerWindow = week.LinesWithin(_request.WindowNs / 3.6e12) * _request.Ranks,
            PriceOfPromise = price.Points,
            TokensPerHourAndMs = price.TokensPerHourAndMs?.Mean,
            TokensPerHourAndMsLow = price.TokensPerHourAndMs?.Low,
            TokensPerHourAndMsHigh = price.TokensPerHourAndMs?.High,
            OpportunityUsdPerMillionTokens = Earned(forgone?.Mean),
            OpportunityLow = Earned(forgone?.Low),
            OpportunityHigh = Earned(forgone?.High),
            PriceOfPromiseNote = price.Note,
        };
    }

    /// <summary>What the busiest hour is shown beside, where that is not what comes to it.</summary>
    string? Note(BackfillPoint busiest) =>
        !busiest.IsTold ? "too few samples tell whether the promise is kept beside batch work, which is held "
            + "back: what it would do"
        : !busiest.Holds ? "the promise is not kept beside batch work, which is held back: what it would do"
        : busiest.LinesPerSecond.Average() <= LinesPerRank
            ? "more comes than there is room for: figures beside batch work without end"
        : null;

    /// <summary>Lines per second that come to an engine rank; null for a backlog.</summary>
    double? LinesPerRank => _request.BatchLinesPerSecond / _request.Ranks;

    BackfillArrivals? Arrivals(BackfillWeek room)
    {
        if (LinesPerRank is not { } lines)
            return null;
        var queue = new BackfillQueue(room.Room(), lines);
        var (inTime, longest) = queue.Waits(_request.WindowNs / 3.6e12);
        return new BackfillArrivals(
            _request.BatchLinesPerSecond!.Value, queue.Done.Average() / lines, inTime, longest);
    }

    double BatchTokens(BackfillWeek week) =>
        week.MeanLines() * _request.Ranks * week.TokensPerLine * HoursPerWeek * 3600;

    /// <summary>
    /// What a fleet does today: one setting for the week, found in hindsight, and a gate that adapts.
    /// </summary>
    IEnumerable<BackfillPolicy> Compared()
    {
        foreach (var policy in new[] { SchedulingPolicy.VllmV1, SchedulingPolicy.VllmV1Priority })
        {
            var lines = _runs.StaticLines(policy);
            var name = FormattableString.Invariant($"{policy.Name}, {lines} lines");
            yield return lines == 0
                ? new BackfillPolicy($"{policy.Name}, any lines", 0, 0, 0, 0)
                : Policy(name, Week(policy, new BatchGateOptions { Lines = lines }));
        }
        yield return Policy(
            "AIMD gate", Week(
                SchedulingPolicy.VllmV1Priority, new BatchGateOptions { Lines = 256, IsAdaptive = true }));
    }

    BackfillWeek Week(SchedulingPolicy policy, BatchGateOptions gate) =>
        new(_runs.Sweep(_grid, policy, gate), _hourly) { Comes = LinesPerRank };

    BackfillPolicy Policy(string name, BackfillWeek week)
    {
        var lines = week.MeanLines() * _request.Ranks;
        return new BackfillPolicy(
            name, week.HoursKept, lines, lines * week.TokensPerLine, Worth(week.MeanLines()).Usd);
    }

    /// <summary>
    /// A week of so many lines per second and rank in full batches of a fleet of their own.
    /// </summary>
    PicoDollars Worth(double linesPerRank) =>
        PicoDollars.FromUsd(linesPerRank / _fullBatchLines * (double)FleetUsdPerWeek.Usd);

    BackfillBill Bill(BackfillWeek week)
    {
        var streams = Enumerable.Range(0, BackfillRuns.Streams).Select(week.MeanLines).ToList();
        var reach = StreamMean.Of(streams).Reach;
        var mean = week.MeanLines();
        var whole = FleetSize.Replicas(
            mean * _request.Ranks, _fullBatchLines * _request.Engine.Ranks);
        var bill = FleetUsdPerWeek;
        return new BackfillBill
        {
            SavedUsdPerWeek = Worth(mean).Usd,
            SavedLow = Worth(Math.Max(0, mean - reach)).Usd,
            SavedHigh = Worth(mean + reach).Usd,
            SavedWholeReplicasUsdPerWeek = mean == 0 ? 0
                : PicoDollars.FromUsd(whole * (double)_request.UsdPerReplicaHour * HoursPerWeek).Usd,
            InteractiveAlone = PerMillion(bill, InteractiveTokens),
            Rules = Rules(week, bill),
        };
    }

    /// <summary>
    /// The same three choices as the ledger of a live server: the class whose promise forced the capacity
    /// pays for the gap, both pay for it by what they use, or nobody does.
    /// </summary>
    IReadOnlyList<BackfillRule> Rules(BackfillWeek week, PicoDollars bill)
    {
        var (interactive, batch) = (week.Interactive().Average(), week.Batch().Average());
        var idle = Math.Max(0, 1 - interactive - batch);
        Span<PicoDollars> shares = stackalloc PicoDollars[3];
        bill.SplitInto([Parts(interactive), Parts(batch), Parts(idle)], shares);
        Span<PicoDollars> both = stackalloc PicoDollars[2];
        bill.SplitInto([Parts(interactive), Parts(batch)], both);
        var tokens = BatchTokens(week);
        return
        [
            Rule("peak", shares[0] + shares[2], shares[1], default),
            Rule("proportional", both[0], both[1], default),
            Rule("unallocated", shares[0], shares[1], shares[2]),
        ];

        BackfillRule Rule(string name, PicoDollars own, PicoDollars batched, PicoDollars nobody) =>
            new(name, PerMillion(own, InteractiveTokens), PerMillion(batched, tokens), nobody.Usd);

        static long Parts(double share) => (long)(share * 1e12);
    }

    BackfillLoss Loss(
        IReadOnlyList<BackfillPoint> sweep, BackfillWeek week, BackfillWeek unmargined)
    {
        var rate = _hourly.Average();
        var clairvoyant = new BackfillWeek(Bounds(sweep), _hourly).MeanLines();
        var done = week.MeanLines();
        var free = 1 - rate * _request.Engine.Ranks / _request.Ceiling;
        return new BackfillLoss(
            Math.Max(0, free) * _fullBatchLines * _request.Ranks, clairvoyant * _request.Ranks,
            unmargined.MeanLines() * _request.Ranks, done * _request.Ranks, week.RecomputedShare,
            clairvoyant > 0 ? done / clairvoyant : null);
    }

    /// <summary>
    /// What fits beside the very requests of each stream, in lines as long as those that it answered.
    /// </summary>
    List<BackfillPoint> Bounds(IReadOnlyList<BackfillPoint> sweep)
    {
        const int Streams = BackfillRuns.Streams;
        var lines = new double[sweep.Count * Streams];
        Parallel.For(0, lines.Length, i =>
        {
            var point = sweep[i / Streams];
            var run = point.Runs[i % Streams];
            lines[i] = BackfillBound.LinesPerSecond(
                _request.Engine, _request.Serving.Workload, point.RequestsPerSecond,
                _runs.Options(point.RequestsPerSecond, i % Streams, Streams),
                BoundedLine.Of(run.Batch!, _request.Batch), run.PrefixHitRate ?? 0);
        });
        return [.. sweep.Select((point, i) => new BackfillPoint(
            point.RequestsPerSecond, true, lines.AsSpan(i * Streams, Streams).ToArray(), 0, 0, 0, 0))];
    }

    /// <summary>What lines per second and rank would earn, per million interactive tokens.</summary>
    decimal? Earned(double? linesPerRank) =>
        linesPerRank is { } lines ? PerMillion(Worth(lines), InteractiveTokens) : null;

    PicoDollars FleetUsdPerWeek => PicoDollars.FromUsd(
        _request.Replicas * (double)_request.UsdPerReplicaHour * HoursPerWeek);

    double InteractiveTokens =>
        _request.Serving.RequestsPerSecond * _request.TokensPerRequest * HoursPerWeek * 3600;

    static decimal PerMillion(PicoDollars usd, double tokens) =>
        tokens <= 0 ? 0 : PicoDollars.FromUsd((double)usd.Usd * 1e6 / tokens).Usd;
}
