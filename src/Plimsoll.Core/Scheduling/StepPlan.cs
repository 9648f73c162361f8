using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// What the next step computes: every decoding request but the skipped ones, and the prompt chunks. The
/// instance belongs to the scheduler and is valid until the next call of <see cref="Scheduler.Plan"/>.
/// </summary>
public sealed class StepPlan
{
    PrefillChunk[] _chunks = new PrefillChunk[16];
    int[] _preempted = new int[16];
    int[] _skipped = new int[16];
    int _chunkCount;
    int _preemptedCount;
    int _skippedCount;

    internal StepPlan()
    {
    }

    public StepShape Shape { get; internal set; }

    public ReadOnlySpan<PrefillChunk> Chunks => _chunks.AsSpan(0, _chunkCount);

    /// <summary>Requests put back to wait while this plan was made; their KV is gone.</summary>
    public ReadOnlySpan<int> Preempted => _preempted.AsSpan(0, _preemptedCount);

    /// <summary>Decoding requests left out of this step for want of budget.</summary>
    public ReadOnlySpan<int> SkippedDecodes => _skipped.AsSpan(0, _skippedCount);

    /// <summary>
    /// How often this very plan would come out again if nothing arrived, finished or was cancelled: at
    /// least 1. An executor may run it that often before it commits once.
    /// </summary>
    public int RepeatableSteps { get; internal set; }

    public bool IsEmpty => Shape.IsEmpty;

    internal void Clear()
    {
        _chunkCount = 0;
        _preemptedCount = 0;
        _skippedCount = 0;
        RepeatableSteps = 1;
        Shape = default;
    }

    internal void ClearSkipped() => _skippedCount = 0;

    internal void AddChunk(in PrefillChunk chunk) => Add(ref _chunks, ref _chunkCount, chunk);

    internal void AddPreempted(int request) => Add(ref _preempted, ref _preemptedCount, request);

    internal void AddSkipped(int request) => Add(ref _skipped, ref _skippedCount, request);

    /// <summary>Takes back what the plan says of a request that is preempted while the plan is made.</summary>
    internal int RemoveChunk(int request)
    {
        for (var i = 0; i < _chunkCount; i++)
        {
            if (_chunks[i].Request != request)
                continue;
            var tokens = _chunks[i].Tokens;
            _chunks.AsSpan(i + 1, _chunkCount - i - 1).CopyTo(_chunks.AsSpan(i));
            _chunkCount--;
            return tokens;
        }
        return 0;
    }

    static void Add<T>(ref T[] items, ref int count, in T item)
    {
        if (count == items.Length)
            Array.Resize(ref items, 2 * count);
        items[count++] = item;
    }
}
