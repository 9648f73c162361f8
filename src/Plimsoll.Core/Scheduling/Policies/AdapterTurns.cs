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
    int _passedOver;
    bool _wasPrompts;

    /// <param name="owed">Whether batch work is owed time.</param>
    /// <param name="nowNs">When the step begins.</param>
    public int Next(bool owed, long nowNs)
    {
        if (owed && BatchTurn() is { } paid)
            return paid;
        var due = FirstDue(out var dueNs);
        if (queues.Interactive.Count > 0)
        {
            ref var prompt = ref state.Requests[queues.Interactive.Peek()];
            if (due is null || due == prompt.Adapter || prompt.FirstTokenDueNs < dueNs
                || HasTime(
                    prompt.Adapter, prompt.ComputedTokens,
                    Math.Min(prompt.KnownTokens - prompt.ComputedTokens, _options.MinBatchChunk), nowNs)
                || ++_passedOver > Patience)
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
    int? BatchTurn()
    {
        var adapter = OfBatch();
        _wasPrompts = !_wasPrompts;
        return adapter;
    }

    int? OfBatch()
    {
        int? prompts = queues.Batch.Count > 0 ? state.Requests[queues.Batch.Peek()].Adapter : null;
        var waited = LongestIdle(batchOnly: true);
        return _wasPrompts ? waited ?? prompts : prompts ?? waited;
    }

    /// <summary>
    /// When a step of an adapter has to end: the earliest token that is due in it, and early enough that
    /// those whose turn it is not can still have theirs, one after the other.
    /// </summary>
    /// <param name="adapter">Negative for a step of all.</param>
    public long EarliestDueNs(int adapter)
    {
        var earliest = long.MaxValue;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count == 0)
                continue;
            var due = decodes.DueNs(cohort);
            if (due == long.MaxValue)
                continue;
            if (adapter >= 0 && cohort.Key.Adapter != adapter)
                due -= OthersNs(adapter, due);
            earliest = Math.Min(earliest, due);
        }
        return earliest;
    }

    /// <summary>What the decodes of other adapters take that are due by then.</summary>
    long OthersNs(int adapter, long dueNs)
    {
        var ns = 0L;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count == 0 || cohort.Key.Adapter == adapter || decodes.DueNs(cohort) > dueNs)
                continue;
            var shape = default(StepShape);
            shape.AddDecodes(cohort.Count, cohort.NextContextTokens);
            ns += predictor.BoundNs(shape);
        }
        return ns;
    }

    /// <summary>The adapter whose token is due first; null when none is.</summary>
    int? FirstDue(out long dueNs)
    {
        int? adapter = null;
        dueNs = long.MaxValue;
        foreach (var cohort in state.Cohorts.All)
        {
            var due = cohort.Count == 0 ? long.MaxValue : decodes.DueNs(cohort);
            if (due < dueNs)
                (adapter, dueNs) = (cohort.Key.Adapter, due);
        }
        return adapter;
    }

    /// <summary>The adapter of the decodes that have waited longest; null without any.</summary>
    int? LongestIdle(bool batchOnly = false)
    {
        int? adapter = null;
        var longest = long.MaxValue;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count == 0 || cohort.Key.Parked || cohort.LastStepNs >= longest
                || (batchOnly && !cohort.IsBatch))
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
