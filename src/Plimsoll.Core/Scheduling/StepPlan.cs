using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling;

/// <summary>A cohort of decoding requests that the step advances.</summary>
/// <param name="Cohort">Which.</param>
/// <param name="Decodes">Its members, the skipped ones not counted.</param>
/// <param name="DraftTokens">Tokens drafted for each and verified with its last one;
/// 0 without speculation.</param>
public readonly record struct CohortRun(int Cohort, int Decodes, int DraftTokens);

/// <summary>A decoding request that now belongs to another cohort.</summary>
public readonly record struct CohortMove(RequestId Request, int From, int To);

/// <summary>What bounded the step.</summary>
public enum StepBound : byte
{
    /// <summary>Nothing: all that could be computed is.</summary>
    Demand,

    /// <summary>The most new tokens of one step.</summary>
    Tokens,

    /// <summary>Sequences at once.</summary>
    Sequences,

    /// <summary>KV blocks.</summary>
    Blocks,

    /// <summary>A token that is due.</summary>
    Deadline,

    /// <summary>The share that is promised to batch work.</summary>
    Share,
}

/// <summary>
/// What the next step computes: every member of the cohorts that run, but the skipped ones,
/// and the prompt chunks. The instance belongs to the scheduler and is valid until the next
/// call of <see cref="Scheduler.Plan"/>.
/// </summary>
public sealed class StepPlan
{
    readonly RequestTable _requests;
    StepShape _shape;
    GrowingList<PrefillChunk> _chunks = new(16);
    GrowingList<CohortRun> _cohorts = new(4);
    GrowingList<RequestId> _preempted = new(16);
    GrowingList<RequestId> _skipped = new(16);
    GrowingList<RequestId> _swappedOut = new(4);
    GrowingList<RequestId> _swappedIn = new(4);
    GrowingList<CohortMove> _parked = new(16);
    GrowingList<CohortMove> _resumed = new(16);

    internal StepPlan(RequestTable requests)
    {
        _requests = requests;
    }

    /// <summary>The step's sums, kept while it is planned.</summary>
    public ref readonly StepShape Shape => ref _shape;

    /// <summary>
    /// The same while the plan is made: summed in place, which a copy of seven fields would double.
    /// </summary>
    internal ref StepShape Sums => ref _shape;

    public ReadOnlySpan<PrefillChunk> Chunks => _chunks.Span;

    /// <summary>The cohorts that run.</summary>
    public ReadOnlySpan<CohortRun> Cohorts => _cohorts.Span;

    /// <summary>Requests put back to wait while this plan was made; their KV is gone.</summary>
    public ReadOnlySpan<RequestId> Preempted => _preempted.Span;

    /// <summary>Members of running cohorts left out of this step for want of budget.</summary>
    public ReadOnlySpan<RequestId> SkippedDecodes => _skipped.Span;

    /// <summary>Requests that stop decoding for now and keep their KV.</summary>
    public ReadOnlySpan<CohortMove> Parked => _parked.Span;

    /// <summary>Parked requests that decode again.</summary>
    public ReadOnlySpan<CohortMove> Resumed => _resumed.Span;

    /// <summary>Preempted requests whose KV is to be kept outside: it comes back with them.</summary>
    public ReadOnlySpan<RequestId> SwappedOut => _swappedOut.Span;

    /// <summary>Requests whose KV is to be brought back before the step.</summary>
    public ReadOnlySpan<RequestId> SwappedIn => _swappedIn.Span;

    /// <summary>
    /// How often this very plan would come out again if nothing arrived, finished or was cancelled: at
    /// least 1. An executor may run it that often before it commits once.
    /// </summary>
    public int RepeatableSteps { get; internal set; }

    /// <summary>Time to move KV out and in before the step, nanoseconds; part of what is predicted.</summary>
    public long MovedNs { get; internal set; }

    /// <summary>
    /// How long the step should take, nanoseconds, its margin not counted; null where nobody predicts.
    /// </summary>
    public long? PredictedNs { get; internal set; }

    /// <summary>Time within which the step has to end, nanoseconds; null without a deadline.</summary>
    public long? BudgetNs { get; internal set; }

    /// <summary>Nobody who waits for a token is in it: it may be cut short for one who arrives.</summary>
    public bool IsAbortable { get; internal set; }

    /// <summary>What bounded it.</summary>
    public StepBound Why { get; internal set; }

    public bool IsEmpty => _shape.IsEmpty;

    /// <summary>Forgets what was moved to make room for the step before.</summary>
    internal void ClearMoves()
    {
        _preempted.Clear();
        _swappedOut.Clear();
        _swappedIn.Clear();
        _parked.Clear();
        _resumed.Clear();
    }

    /// <summary>Forgets what the step computes, not what was moved to make room for it.</summary>
    internal void ClearStep()
    {
        _chunks.Clear();
        _cohorts.Clear();
        _skipped.Clear();
        RepeatableSteps = 1;
        _shape = default;
        PredictedNs = null;
        MovedNs = 0;
        BudgetNs = null;
        IsAbortable = false;
        Why = StepBound.Demand;
    }

    /// <summary>The same decodes again, each so many tokens further.</summary>
    internal void Repeat(int steps)
    {
        RepeatableSteps -= steps;
        _shape.DecodeContextTokens += (long)steps * _shape.Decodes;
    }

    internal void AddChunk(in PrefillChunk chunk)
    {
        _chunks.Add(chunk);
        _shape.AddChunk(chunk.Start, chunk.Tokens, chunk.EndsPrompt);
    }

    internal void AddCohort(int cohort, int decodes, int draftTokens) =>
        _cohorts.Add(new CohortRun(cohort, decodes, draftTokens));

    internal void AddPreempted(int slot) => _preempted.Add(_requests.IdOf(slot));

    internal void AddSwap(int slot, bool isOut)
    {
        if (isOut)
            _swappedOut.Add(_requests.IdOf(slot));
        else
            _swappedIn.Add(_requests.IdOf(slot));
    }

    internal void SetDrafts(int drafts)
    {
        _shape.DraftTokens = drafts * _shape.Decodes;
        for (var i = 0; i < _cohorts.Count; i++)
            _cohorts[i] = _cohorts[i] with { DraftTokens = drafts };
    }

    /// <summary>Room for so many moves, to be written.</summary>
    internal Span<CohortMove> AddMoves(int count, bool parks) =>
        parks ? _parked.Extend(count) : _resumed.Extend(count);

    internal void AddSkipped(int slot) => _skipped.Add(_requests.IdOf(slot));

    /// <summary>
    /// Takes back what the plan says of a request that is preempted while the plan is made.
    /// </summary>
    internal PrefillChunk RemoveChunk(int slot)
    {
        for (var i = 0; i < _chunks.Count; i++)
        {
            var chunk = _chunks.Span[i];
            if (chunk.Request.Slot != slot)
                continue;
            _chunks.RemoveAt(i);
            _shape.RemoveChunk(chunk.Start, chunk.Tokens, chunk.EndsPrompt);
            return chunk;
        }
        return default;
    }
}
