using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Whose step it is where a step carries one adapter only. Decodes go when their token is due; what they
/// leave of their gaps is prompts' of other adapters, then batch work's, as it is in a step that mixes them.
/// </summary>
sealed class AdapterTurns(
    SchedulerState state, SlackQueues queues, SlackDecodes decodes, StepPredictor predictor)
{
    /// <summary>Turns that a prompt without a promise waits for one before it takes it.</summary>
    const int Patience = 64;

    readonly SlackOptions _options = state.Options.Policy.Slack!;
    Due[] _due = new Due[16];
    Alone[] _alone = new Alone[16];
    int _dueCount;
    int _passedOver;
    bool _wasPrompts;

    /// <summary>When a token of a cohort is due; ties go by the cohorts' order.</summary>
    readonly record struct Due(long Ns, int Cohort) : IComparable<Due>
    {
        public int CompareTo(Due other) =>
            Ns != other.Ns ? Ns.CompareTo(other.Ns) : Cohort.CompareTo(other.Cohort);
    }

    readonly record struct Alone(int Decodes, long ContextTokens, long ModelNs);

    /// <summary>Whether the prompt whose turn it is has waited for it long enough.</summary>
    public bool HasWaited { get; private set; }

    /// <param name="owed">The level of batch work that is owed time; negative for none.</param>
    /// <param name="nowNs">When the step begins.</param>
    public int Next(int owed, long nowNs)
    {
        Gather();
        HasWaited = false;
        if (owed >= 0 && BatchTurn(owed) is { } paid)
            return paid;
        var due = FirstDue(out var dueNs);
        if (queues.Interactive.Count > 0)
        {
            ref var prompt = ref state.Requests[queues.Interactive.Peek()];
            if (due is null || due == prompt.Adapter || prompt.FirstTokenDueNs < dueNs
                || HasTime(
                    prompt.Adapter, prompt.ComputedTokens,
                    Math.Min(prompt.KnownTokens - prompt.ComputedTokens, _options.MinBatchChunk), nowNs)
                || (HasWaited = ++_passedOver > Patience))
            {
                _passedOver = 0;
                return prompt.Adapter;
            }
            return due.Value;
        }
        if (due is null)
            return decodes.FirstInteractiveAdapter() is null ? BatchTurn() ?? 0 : LongestIdle() ?? 0;
        return OfBatch() is { } batch && batch != due && HasTime(batch, 0, _options.MinBatchChunk, nowNs)
            ? BatchTurn()!.Value
            : due.Value;
    }

    /// <summary>
    /// Batch work's: in turns the prompt that is next and the decodes that have waited longest.
    /// </summary>
    /// <param name="level">Of one level; negative: of all.</param>
    int? BatchTurn(int level = -1)
    {
        var adapter = OfBatch(level);
        _wasPrompts = !_wasPrompts;
        return adapter;
    }

    int? OfBatch(int level = -1)
    {
        var next = queues.Batch.Peek(level);
        int? prompts = next >= 0 ? state.Requests[next].Adapter : null;
        var waited = LongestIdle(batchOnly: true, level);
        return _wasPrompts ? waited ?? prompts : prompts ?? waited;
    }

    /// <summary>
    /// When a step of an adapter has to end: the earliest token that is due in it, and early enough that
    /// those whose turn it is not can still have theirs, one after the other. Asked after
    /// <see cref="Next"/>.
    /// </summary>
    public long EarliestDueNs(int adapter)
    {
        var (earliest, othersNs) = (long.MaxValue, 0L);
        foreach (ref readonly var due in _due.AsSpan(0, _dueCount))
        {
            var cohort = state.Cohorts[due.Cohort];
            if (cohort.Key.Adapter != adapter)
                othersNs += AloneNs(cohort);
            earliest = Math.Min(earliest, due.Ns - (cohort.Key.Adapter != adapter ? othersNs : 0));
        }
        return earliest;
    }

    /// <summary>Sorts the cohorts that wait for a token by the time it is due.</summary>
    void Gather()
    {
        _dueCount = 0;
        if (_due.Length < state.Cohorts.All.Length)
            Array.Resize(ref _due, 2 * state.Cohorts.All.Length);
        foreach (var cohort in state.Cohorts.All)
        {
            var due = cohort.Count == 0 ? long.MaxValue : decodes.DueNs(cohort);
            if (due < long.MaxValue)
                _due[_dueCount++] = new Due(due, cohort.Index);
        }
        _due.AsSpan(0, _dueCount).Sort();
    }

    /// <summary>
    /// What a step of a cohort alone takes. The model says the same as before while the cohort does not run.
    /// </summary>
    long AloneNs(DecodeCohort cohort)
    {
        if (_alone.Length <= cohort.Index)
            Array.Resize(ref _alone, 2 * state.Cohorts.All.Length);
        ref var alone = ref _alone[cohort.Index];
        if (alone.Decodes != cohort.Count || alone.ContextTokens != cohort.NextContextTokens)
        {
            var shape = default(StepShape);
            shape.AddDecodes(cohort.Count, cohort.NextContextTokens);
            alone = new Alone(shape.Decodes, shape.DecodeContextTokens, predictor.ModelNs(shape));
        }
        return predictor.BoundNs(alone.ModelNs);
    }

    /// <summary>The adapter whose token is due first; null when none is.</summary>
    int? FirstDue(out long dueNs)
    {
        dueNs = _dueCount == 0 ? long.MaxValue : _due[0].Ns;
        return _dueCount == 0 ? null : state.Cohorts[_due[0].Cohort].Key.Adapter;
    }

    /// <summary>The adapter of the decodes that have waited longest; null without any.</summary>
    int? LongestIdle(bool batchOnly = false, int level = -1)
    {
        int? adapter = null;
        var longest = long.MaxValue;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count == 0 || cohort.Key.Parked || cohort.LastStepNs >= longest
                || (batchOnly && !cohort.IsBatch) || (level >= 0 && cohort.Key.Level != level))
            {
                continue;
            }
            (adapter, longest) = (cohort.Key.Adapter, cohort.LastStepNs);
        }
        return adapter;
    }

    /// <summary>
    /// Whether a step of an adapter has time for so many tokens beside its decodes before tokens are due.
    /// </summary>
    bool HasTime(int adapter, int start, int tokens, long nowNs)
    {
        var shape = default(StepShape);
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count > 0 && cohort.Key.Adapter == adapter && !cohort.IsBatch)
                shape.AddDecodes(cohort.Count, cohort.NextContextTokens);
        }
        shape.AddChunk(start, tokens, endsPrompt: false);
        return predictor.BoundNs(shape) <= EarliestDueNs(adapter) - nowNs;
    }
}
