using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// The cheapest fleet of a space that keeps the promise.
/// <code>
///   candidates ─ fits? ─ bound ─ short run ─ longer run ─ in full ─ ten best
///                          best bound first, in waves of a fixed size; who exceeds the tenth best falls
/// </code>
/// Whoever falls depends only on what was found in earlier waves, so the result is the same on one core and
/// on many, and the same after a stop.
/// </summary>
public sealed class PlanSearch
{
    /// <summary>Candidates looked at between two looks at the threshold.</summary>
    const int Wave = 16;

    /// <summary>How many are printed, and so whom a candidate has to beat to stay.</summary>
    public const int Shown = 10;

    /// <summary>Most that are simulated in full.</summary>
    const int Finalists = 12;

    const string Dearer = "dearer than ten others";

    readonly PlanRequest _request;
    readonly PlanRungs _rungs;
    readonly PlanJournal _journal;
    readonly List<PlanFall> _fallen = [];

    /// <summary>Measurements that this search rests on, whether made now or read from a journal.</summary>
    readonly HashSet<string> _used = [];

    /// <summary>Models, formats and cards of whom one candidate was looked at.</summary>
    readonly HashSet<string> _families = [];

    readonly Lock _telling = new();
    PlanBound[] _bounds = [];
    FleetScale _scale = null!;
    long _simulated;

    PlanSearch(PlanRequest request)
    {
        _request = request;
        _rungs = PlanRungs.Of(request);
        _journal = request.Journal ?? PlanJournal.InMemory();
    }

    public static PlanOutcome Run(PlanRequest request) => new PlanSearch(request).Run();

    PlanOutcome Run()
    {
        var all = PlanCandidates.Of(_request.Space);
        _fallen.AddRange(all.Fallen);
        if (all.Fitting.Count == 0)
            throw EmptySpace(all);
        var mean = MeanRequest.Of(
            all.Fitting[0].Of(_request.Serving), PlanTrial.Engine(all.Fitting[0], _request.Serving));
        _scale = new FleetScale(_request, mean.Tokens);
        var mine = all.Fitting.Where(IsMine).ToList();
        var bounded = Bounded(mine, all.Fitting.Count, mean);
        Tell(0.05);
        var finalists = _request.Exhaustive
            ? bounded
            : Race(Waves(bounded), _rungs.Longer, _rungs.Longer.Margin, PlanStage.Race);
        var entries = InFull(finalists);
        return Outcome(all, mean, entries, entries.Count > 0 ? [] : Nearest(bounded));
    }

    bool IsMine(PlanCandidate candidate) => _request.Includes(candidate)
        && candidate.Index % _request.Shard.Of == _request.Shard.Number - 1;

    internal static BadInputException EmptySpace(PlanCandidates all)
    {
        if (all.Fallen.Count == 0)
            return new BadInputException("the space is empty; expected at least one model and accelerator");
        var nearest = all.Fallen[^1];
        if (nearest.Stage == PlanStage.Impossible)
            return new BadInputException($"no candidate is possible: {nearest.Reason}");
        return new BadInputException(
            "no candidate fits", $"of {nearest.Candidate.Key}, {nearest.Reason}",
            $"more accelerators ({Setting.TensorParallel}, {Setting.PipelineParallel}), smaller "
            + $"{Setting.Weights} or an accelerator with more memory");
    }

    /// <summary>Candidates with a bound, best first; the others fall.</summary>
    List<PlanCandidate> Bounded(List<PlanCandidate> mine, int count, MeanRequest mean)
    {
        _bounds = new PlanBound[count];
        var bounds = new PlanBounds(_request, mean);
        Parallel.ForEach(mine, c => _bounds[c.Index] = bounds.Of(c));
        var bounded = new List<PlanCandidate>();
        foreach (var candidate in mine)
        {
            if (_request.Objective.PerUnit(candidate) is null)
                Fall(candidate, PlanStage.Limits, $"no {_request.Objective.Unit()} is known of it", null);
            else if (_bounds[candidate.Index].RequestsPerSecond is not { } most)
                Fall(candidate, PlanStage.Unreachable, _bounds[candidate.Index].Miss(_request), null);
            else if (OverLimits(candidate, most) is { } reason)
                Fall(candidate, PlanStage.Limits, reason, AtLeast(candidate));
            else
                bounded.Add(candidate);
        }
        return [.. bounded.OrderBy(AtLeast).ThenBy(c => c.Index)];
    }

    string? OverLimits(PlanCandidate candidate, double line)
    {
        var accelerators = _scale.Accelerators(candidate, line);
        if (accelerators > _request.MaxAccelerators)
            return $"takes {accelerators} accelerators, over the {_request.MaxAccelerators} that are allowed";
        var usd = _scale.UsdPerHour(candidate, line);
        return usd > _request.BudgetUsdPerHour
            ? FormattableString.Invariant(
                $"takes ${usd:0.00} an hour, over the budget of {_request.BudgetUsdPerHour:0.##}")
            : null;
    }

    double AtLeast(PlanCandidate candidate) =>
        _scale.Whole(candidate, _bounds[candidate.Index].RequestsPerSecond!.Value);

    /// <summary>Short runs, best bound first, until no bound is below what others cost.</summary>
    List<(PlanCandidate, double)> Waves(List<PlanCandidate> bounded)
    {
        var kept = new List<(PlanCandidate Candidate, double Line)>();
        for (var from = 0; from < bounded.Count; from += Wave)
        {
            var threshold = Tenth(kept, _rungs.Short.Margin);
            if (_request.OutOfTime() || AtLeast(bounded[from]) > threshold)
            {
                foreach (var candidate in bounded[from..])
                    FallUntried(candidate, AtLeast(candidate) > threshold);
                break;
            }
            var wave = bounded[from..Math.Min(bounded.Count, from + Wave)];
            kept.AddRange(Tried(Contenders(wave, threshold), _rungs.Short, PlanStage.ShortRun));
            Tell(0.05 + 0.6 * (from + wave.Count) / bounded.Count);
        }
        return Cut(kept, _rungs.Short.Margin, PlanStage.ShortRun);
    }

    /// <summary>
    /// Those of a wave whom a run at the rate that they would have to carry does not show to be dearer than
    /// ten others. The first of every model, format and card is measured anyhow: of it is told why it lost.
    /// </summary>
    List<PlanCandidate> Contenders(List<PlanCandidate> wave, double threshold)
    {
        var families = wave.Where(candidate => _families.Add(candidate.Family)).ToHashSet();
        if (_request.IsBatch || double.IsInfinity(threshold))
            return wave;
        var reaches = new bool[wave.Count];
        Parallel.For(0, reaches.Length, i =>
            reaches[i] = families.Contains(wave[i]) || Reaches(wave[i], threshold));
        var left = new List<PlanCandidate>();
        for (var i = 0; i < reaches.Length; i++)
        {
            if (reaches[i])
                left.Add(wave[i]);
            else
                Fall(wave[i], PlanStage.ShortRun, Dearer, null);
        }
        return left;
    }

    bool Reaches(PlanCandidate candidate, double threshold)
    {
        var line = _scale.LeastLine(candidate, threshold) / (1 + (_rungs.Short.Margin / 2));
        return double.IsFinite(line) && Known(
            string.Create(CultureInfo.InvariantCulture,
                $"{candidate.Key} | {_rungs.Short.Name} at {line:R}"),
            () => Trial(candidate).Reaches(_rungs.Short, line)).Holds;
    }

    void FallUntried(PlanCandidate candidate, bool isDearer) => Fall(
        candidate, isDearer ? PlanStage.Bound : PlanStage.NotReached,
        isDearer ? "dearer even at best" : "time ran out", AtLeast(candidate));

    List<PlanCandidate> Race(List<(PlanCandidate, double)> from, PlanRung rung, double margin,
        PlanStage stage)
    {
        var kept = Cut(Tried([.. from.Select(c => c.Item1)], rung, stage), margin, stage);
        Tell(0.75);
        kept = [.. kept.OrderBy(c => OverLimits(c.Item1, c.Item2) is not null)];
        foreach (var (candidate, line) in kept.Skip(Finalists))
        {
            Fall(
                candidate, stage, $"not among the {Finalists} cheapest of a longer run",
                _scale.Whole(candidate, line));
        }
        return [.. kept.Take(Finalists).Select(c => c.Item1)];
    }

    /// <summary>Those that keep the promise at a rung, with their load lines, cheapest first.</summary>
    List<(PlanCandidate, double)> Tried(List<PlanCandidate> candidates, PlanRung rung, PlanStage stage)
    {
        var measures = new PlanMeasure[candidates.Count];
        Parallel.For(0, measures.Length, i => measures[i] = Measure(candidates[i], rung));
        var kept = new List<(PlanCandidate, double)>();
        for (var i = 0; i < measures.Length; i++)
        {
            var (candidate, line) = (candidates[i], measures[i].Line);
            if (!measures[i].Holds)
                Fall(candidate, stage, Broken(measures[i]), null);
            else if (OverLimits(candidate, line * (1 + (rung.Margin / 2))) is { } reason)
                Fall(candidate, PlanStage.Limits, reason, _scale.Whole(candidate, line));
            else
                kept.Add((candidate, line));
        }
        return Cheapest(kept);
    }

    static string Broken(PlanMeasure measure) => measure.Binding is { } binding
        ? FormattableString.Invariant($"{binding} is missed by a factor of {measure.Ratio:0.00} when idle")
        : "the requests do not fit its KV memory or the model's context";

    /// <summary>
    /// By whole fleets, which are what is paid; where they cost alike, by their fractions.
    /// </summary>
    List<(PlanCandidate, double)> Cheapest(List<(PlanCandidate Candidate, double Line)> kept) =>
        [.. kept.OrderBy(c => _scale.Whole(c.Candidate, c.Line))
            .ThenBy(c => _scale.Unrounded(c.Candidate, c.Line)).ThenBy(c => c.Candidate.Index)];

    /// <summary>
    /// Drops those whose fleet is dearer than the tenth even where their load line is better by half a
    /// margin and the tenth's worse by as much.
    /// </summary>
    List<(PlanCandidate, double)> Cut(List<(PlanCandidate, double)> kept, double margin, PlanStage stage)
    {
        var threshold = Tenth(kept, margin);
        var left = new List<(PlanCandidate, double)>();
        foreach (var (candidate, line) in Cheapest(kept))
        {
            if (_scale.Whole(candidate, line * (1 + (margin / 2))) <= threshold)
                left.Add((candidate, line));
            else
                Fall(candidate, stage, Dearer, _scale.Whole(candidate, line));
        }
        return left;
    }

    /// <summary>Of those who are surely allowed: whom a limit may still take beats nobody.</summary>
    double Tenth(List<(PlanCandidate Candidate, double Line)> kept, double margin) => kept
        .Select(c => (c.Candidate, Line: c.Line / (1 + (margin / 2))))
        .Where(c => OverLimits(c.Candidate, c.Line) is null)
        .Select(c => _scale.Whole(c.Candidate, c.Line)).Order()
        .ElementAtOrDefault(Shown - 1) is > 0 and var tenth ? tenth : double.PositiveInfinity;

    /// <summary>
    /// A load line at a rung, looked for near the shorter rung's; where both are as long they are one.
    /// </summary>
    PlanMeasure Measure(PlanCandidate candidate, PlanRung rung)
    {
        var shorter = rung == _rungs.Full ? _rungs.Longer : rung == _rungs.Longer ? _rungs.Short : null;
        if (shorter is not null && (shorter.Streams, shorter.Requests) == (rung.Streams, rung.Requests))
            return Measure(candidate, shorter);
        return Known($"{candidate.Key} | {rung.Name}", () => Trial(candidate).Measure(
            rung, near: shorter is null || _request.IsBatch ? 0 : Measure(candidate, shorter).Line));
    }

    /// <summary>What the journal knows, or what is measured now.</summary>
    PlanMeasure Known(string key, Func<PlanMeasure> find)
    {
        var measure = _journal.Get(key, find);
        lock (_used)
        {
            if (_used.Add(key))
                _simulated += measure.Simulated;
        }
        return measure;
    }

    PlanTrial Trial(PlanCandidate candidate) => new(candidate, _request, _bounds[candidate.Index]);

    /// <summary>The ten best of those simulated in full, with their intervals.</summary>
    List<PlanEntry> InFull(List<PlanCandidate> finalists)
    {
        var measures = new PlanMeasure[finalists.Count];
        InParallel(measures.Length, 0.75, i => measures[i] = Measure(finalists[i], _rungs.Full));
        var kept = new List<(PlanCandidate Candidate, double Line)>();
        for (var i = 0; i < measures.Length; i++)
        {
            var (candidate, line) = (finalists[i], measures[i].Line);
            if (!measures[i].Holds)
                Fall(candidate, PlanStage.Full, Broken(measures[i]), null);
            else if (OverLimits(candidate, line) is { } reason)
                Fall(candidate, PlanStage.Limits, reason, _scale.Whole(candidate, line));
            else
                kept.Add((candidate, line));
        }
        kept = Cheapest(kept);
        foreach (var (candidate, line) in kept.Skip(Shown))
            Fall(candidate, PlanStage.Full, "not among the ten best", _scale.Whole(candidate, line));
        var best = new PlanEntry[Math.Min(Shown, kept.Count)];
        InParallel(best.Length, 0.9, i => best[i] = Entry(kept[i].Candidate));
        return [.. best.Select(entry => entry with { ToBest = PairedDifference.Of(entry, best[0], _scale) })];
    }

    void InParallel(int count, double told, Action<int> each)
    {
        var done = 0;
        Parallel.For(0, count, i =>
        {
            each(i);
            Tell(told + (0.1 * Interlocked.Increment(ref done) / count));
        });
    }

    /// <summary>What an error does to a load line is told by a longer run with it and without.</summary>
    PlanEntry Entry(PlanCandidate candidate)
    {
        var stepTime = Trial(candidate).StepTime;
        var errors = stepTime.Errors;
        var around = Measure(candidate, _rungs.Longer).Line;
        var standard = new StandardErrors(
            Math.Max(1, At(ErrorEnds.Steps(errors, isSlow: false), " steps fast")),
            Math.Min(1, At(ErrorEnds.Steps(errors, isSlow: true), " steps slow")),
            At(ErrorEnds.FirstTokens(errors, isSlow: false), " first tokens fast"),
            At(ErrorEnds.FirstTokens(errors, isSlow: true), " first tokens slow"));
        return new PlanEntry(
            candidate, Measure(candidate, _rungs.Full),
            Math.Max(1, At(ErrorEnds.Of(errors, isSlow: false), " fast")),
            Math.Min(1, At(ErrorEnds.Of(errors, isSlow: true), " slow")),
            standard, stepTime, default);

        double At(StepErrorDraw wrong, string name) => around > 0 ? Known(
            $"{candidate.Key} | {_rungs.Longer.Name}{name}",
            () => Trial(candidate).Measure(_rungs.Longer, wrong, around)).Line / around : 0;
    }

    /// <summary>Where nobody keeps the promise: who is nearest to it when idle.</summary>
    List<(PlanCandidate, PlanMeasure)> Nearest(List<PlanCandidate> bounded)
    {
        const int Most = 24;
        IEnumerable<PlanCandidate> unreachable = _fallen.Where(f => f.Stage == PlanStage.Unreachable)
            .OrderBy(f => _bounds[f.Candidate.Index].AloneMs).ThenBy(f => f.Candidate.Index)
            .Take(Most).Select(f => f.Candidate);
        var tried = bounded.Concat(unreachable).ToList();
        var measures = new PlanMeasure[tried.Count];
        Parallel.For(0, measures.Length, i => measures[i] = Measure(tried[i], _rungs.Short));
        return [.. tried.Zip(measures).Where(t => t.Second is { Ratio: not null, Holds: false })
            .OrderBy(t => t.Second.Ratio).ThenBy(t => t.First.Index).Take(Most)];
    }

    PlanOutcome Outcome(
        PlanCandidates all, MeanRequest mean, List<PlanEntry> best,
        List<(PlanCandidate, PlanMeasure)> nearest) => new()
    {
        Request = _request,
        Scale = _scale,
        Mean = mean,
        Best = best,
        Fallen = [.. _fallen.OrderBy(f => f.Stage).ThenBy(f => f.Candidate.Index)],
        Candidates = all.Fitting.Count + all.Fallen.Count,
        SimulatedRequests = _simulated,
        Nearest = nearest,
    };

    void Fall(PlanCandidate candidate, PlanStage stage, string reason, double? atLeast) =>
        _fallen.Add(new PlanFall(candidate, stage, reason, atLeast));

    void Tell(double share)
    {
        lock (_telling)
            _request.Progress?.Invoke(share);
    }
}
