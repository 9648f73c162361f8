using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Decoding requests as the policy sees them: when each cohort's next token is due, and who is batch.
/// </summary>
sealed class SlackDecodes(SchedulerState state)
{
    readonly BatchDecodes[] _batch = ByLevel(state);
    SlotHeap?[] _paced = new SlotHeap?[8];

    static BatchDecodes[] ByLevel(SchedulerState state)
    {
        var batch = new BatchDecodes[state.Options.Levels.Count];
        for (var level = 0; level < batch.Length; level++)
            batch[level] = new BatchDecodes(state);
        return batch;
    }

    /// <summary>A level's batch decodes, the oldest of which run.</summary>
    public BatchDecodes Batch(int level) => _batch[level];

    /// <summary>Batch decodes of all levels.</summary>
    public int BatchCount { get; private set; }

    /// <summary>
    /// Of the levels with batch decodes that are not excepted, the one whose oldest is the oldest; negative
    /// without any.
    /// </summary>
    public int OldestBatch(ReadOnlySpan<bool> except)
    {
        var (oldest, admission) = (-1, long.MaxValue);
        for (var level = 0; level < _batch.Length; level++)
        {
            if (_batch[level].Count == 0 || (!except.IsEmpty && except[level]))
                continue;
            var first = state.Requests[_batch[level].Items[0]].Admission;
            if (first < admission)
                (oldest, admission) = (level, first);
        }
        return oldest;
    }

    /// <summary>Decoding requests, parked ones not counted.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var cohort in state.Cohorts.All)
                count += cohort.Key.Parked ? 0 : cohort.Count;
            return count;
        }
    }

    /// <summary>Where a prompt's request will decode.</summary>
    public DecodeCohort CohortOf(int request)
    {
        ref var spec = ref state.Requests[request];
        return state.Cohorts.Of(new CohortKey(spec.Level, spec.Adapter, spec.ItlNs, Parked: false));
    }

    /// <summary>A request's prompt is computed.</summary>
    public void Join(int request, long nowNs)
    {
        ref var joined = ref state.Requests[request];
        var cohort = state.Cohorts[joined.Cohort];
        if (cohort.IsBatch)
        {
            _batch[joined.Level].Add(request);
            BatchCount++;
        }
        else if (cohort.IsPaced)
        {
            // Due at the clock's next value c + 1: first + emitted · itl = key + (c + 1) · itl.
            var emitted = state.LengthOfDecode(joined) - joined.PromptTokens + 1;
            joined.QueueKey = joined.FirstTokenNs + ((emitted - 1 - cohort.Clock) * PaceNs(joined.ItlNs));
            HeapOf(cohort).Add(request);
        }
    }

    public void Remove(int request)
    {
        ref var gone = ref state.Requests[request];
        var cohort = state.Cohorts[gone.Cohort];
        if (cohort.IsBatch)
            BatchCount -= _batch[gone.Level].Remove(request) ? 1 : 0;
        else if (gone.HeapIndex >= 0)
            HeapOf(cohort).Remove(request);
    }

    /// <summary>Tokens ahead of the step's one: a paced request has as much more time.</summary>
    public void Accepted(int request, int drafts)
    {
        ref var ahead = ref state.Requests[request];
        if (ahead.Phase != RequestPhase.Decoding || ahead.HeapIndex < 0)
            return;
        var heap = HeapOf(state.Cohorts[ahead.Cohort]);
        heap.Remove(request);
        ahead.QueueKey += drafts * PaceNs(ahead.ItlNs);
        heap.Add(request);
    }

    /// <summary>
    /// Time the next token of a cohort is due; <see cref="long.MaxValue"/> without a limit.
    /// </summary>
    public long DueNs(DecodeCohort cohort)
    {
        if (cohort.Key.ItlNs == long.MaxValue || cohort.IsBatch)
            return long.MaxValue;
        if (!cohort.IsPaced)
            return cohort.LastStepNs + cohort.Key.ItlNs;
        var heap = HeapOf(cohort);
        return heap.Count == 0
            ? cohort.LastStepNs + cohort.Key.ItlNs
            : state.Requests[heap.Peek()].QueueKey + ((cohort.Clock + 1) * PaceNs(cohort.Key.ItlNs));
    }

    /// <summary>Time the first token of all is due.</summary>
    public long EarliestDueNs()
    {
        var earliest = long.MaxValue;
        foreach (var cohort in state.Cohorts.All)
            earliest = cohort.Count > 0 ? Math.Min(earliest, DueNs(cohort)) : earliest;
        return earliest;
    }

    /// <summary>
    /// Of everybody who is promised a pace, the cohort of whoever is due first; null when nobody is.
    /// </summary>
    public DecodeCohort? FirstPaced()
    {
        DecodeCohort? first = null;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count > 0 && !cohort.IsBatch && cohort.IsPaced
                && (first is null || DueNs(cohort) < DueNs(first)))
            {
                first = cohort;
            }
        }
        return first;
    }

    /// <summary>
    /// How many batch decodes of a level run: all, or as many of the oldest as fit. One is resumed only when
    /// there is room to spare, so that nobody is parked and resumed in turns.
    /// </summary>
    /// <param name="level">Whose.</param>
    /// <param name="adapter">Whose turn it is; then cohorts run whole or not at all. Negative:
    /// everybody's.</param>
    /// <param name="fits">Whether so many decodes that read so many tokens of KV end in time.</param>
    /// <param name="least">So many run in any case.</param>
    public void ChooseActive(int level, int adapter, Func<int, long, bool> fits, int least)
    {
        var batch = _batch[level];
        if (batch.Count == 0 || adapter >= 0)
            return;
        long context = 0;
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count > 0 && cohort.IsBatch && cohort.Key.Level == level)
                context += cohort.NextContextTokens;
        }
        var mean = context / batch.Count;
        if (batch.Active == batch.Count && fits(batch.Count, context))
            return;
        int few = Math.Min(least, batch.Count), many = batch.Count + 1;
        while (many - few > 1)
        {
            var middle = (few + many) / 2;
            if (fits(middle, mean * middle))
                few = middle;
            else
                many = middle;
        }
        if (few < batch.Active)
            batch.SetActive(few);
        else if (few == batch.Count || few > batch.Active + (batch.Active / 16))
            batch.SetActive(few);
    }

    /// <summary>An adapter that interactive requests decode with; null when none does.</summary>
    public int? FirstInteractiveAdapter()
    {
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count > 0 && !cohort.IsBatch)
                return cohort.Key.Adapter;
        }
        return null;
    }

    public long ShortestGapNs()
    {
        var shortest = long.MaxValue;
        foreach (var cohort in state.Cohorts.All)
            shortest = cohort.Count > 0 && !cohort.IsBatch ? Math.Min(shortest, cohort.Key.ItlNs) : shortest;
        return shortest;
    }

    /// <summary>Steps after the next one for which memory lasts, all running together.</summary>
    public int LaterStepsWithin(int freeBlocks)
    {
        var size = state.Options.BlockSize;
        var count = Count;
        // Each takes at most one block more than its share of whole blocks.
        return count == 0
            ? 0 : (int)Math.Min(int.MaxValue / 2, (long)Math.Max(0, (freeBlocks / count) - 1) * size);
    }

    /// <summary>
    /// Whether gaps may be made up for: nobody decodes to whom every single one was promised.
    /// </summary>
    public bool MayCatchUp()
    {
        foreach (var cohort in state.Cohorts.All)
        {
            if (cohort.Count > 0 && !cohort.IsBatch && cohort.Key.ItlNs != long.MaxValue && !cohort.IsPaced)
                return false;
        }
        return true;
    }

    /// <summary>
    /// What is promised on average is aimed at a tenth sooner, so that an answer that ends behind its pace
    /// still keeps it.
    /// </summary>
    public static long PaceNs(long itlNs) => itlNs - (itlNs / 10);

    SlotHeap HeapOf(DecodeCohort cohort)
    {
        if (cohort.Index >= _paced.Length)
            Array.Resize(ref _paced, Math.Max(cohort.Index + 1, 2 * _paced.Length));
        return _paced[cohort.Index] ??= new SlotHeap(state.Requests);
    }
}
