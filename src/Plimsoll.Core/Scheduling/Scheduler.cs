using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Decides what an engine computes next. It has no clock, thread, file or random source: whoever drives it
/// says what time it is and what came of the last plan, so a simulated engine and a live one get the same
/// decisions from the same events.
/// <para>
/// The idea of <c>vllm-v1</c>: there is no prefill and no decode phase. Every request's computed tokens
/// chase its known tokens, and a step hands out one budget of new tokens: (1) to running requests in order
/// of admission, preempting the last when KV blocks run out; (2) if nobody was preempted, to waiting
/// requests, after a look into the prefix cache.
/// </para>
/// <para>
/// Decoding requests are kept as sums (<see cref="DecodeBatch"/>), so the ordinary step costs the same for
/// 1 sequence and for 1,000; only when budget or blocks do not suffice are they visited one by one.
/// </para>
/// </summary>
public sealed partial class Scheduler
{
    const int None = -1;

    readonly SchedulerOptions _options;
    readonly bool _byPriority;
    readonly int _blockSize;
    readonly int _nodeBlocks;
    readonly RequestTable _requests = new();
    readonly WaitingQueue _waiting;
    readonly DecodeBatch _decodes;
    readonly KvBlockPool _pool;
    readonly StepPlan _plan = new();

    int[] _prefilling = new int[16];
    int _prefillingCount;
    int[] _cancelled = new int[16];
    int _cancelledCount;
    int _runningFirst = None;
    int _runningLast = None;
    long _nextSequence;
    long _nextAdmission;
    long _latestDecodeAdmission = -1;
    long _planSerial;
    long _nowNs = long.MinValue;
    bool _stepInFlight;
    int _blockedRequest = None;
    long _blockedEpoch = -1;
    ulong _planHash = 14695981039346656037UL;

    public Scheduler(SchedulerOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNumSeqs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNumBatchedTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.NumBlocks, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BlockSize, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.PrefixBlockTokens % options.BlockSize, 0);
        _options = options;
        _byPriority = options.Policy.Order == AdmissionOrder.Priority;
        _blockSize = options.BlockSize;
        _nodeBlocks = options.PrefixBlockTokens / options.BlockSize;
        _waiting = new WaitingQueue(_requests, options.Policy.Order);
        _decodes = new DecodeBatch(options.BlockSize);
        _pool = new KvBlockPool(options.NumBlocks, _nodeBlocks);
    }

    /// <summary>Requests admitted and not yet done.</summary>
    public int Running { get; private set; }

    public int Waiting => _waiting.Count;

    /// <summary>Requests in the scheduler, running and waiting.</summary>
    public int Requests => _requests.Count;

    /// <summary>Blocks in use by running requests.</summary>
    public int UsedBlocks => _pool.TotalBlocks - _pool.FreeBlocks;

    public int PeakUsedBlocks { get; private set; }

    public long Preemptions { get; private set; }

    /// <summary>Tokens of prompts looked up in the prefix cache, and those found there.</summary>
    public long PrefixQueriedTokens { get; private set; }

    public long PrefixHitTokens { get; private set; }

    /// <summary>
    /// Digest of every decision so far that was not a mere repetition: the same events give the same digest,
    /// whether the executor stepped or leapt.
    /// </summary>
    public ulong PlanHash => _planHash;

    /// <summary>Most tokens, prompt and answer, that one request may reach.</summary>
    public int MaxRequestTokens => (int)Math.Min(int.MaxValue, (long)_options.NumBlocks * _blockSize);

    /// <summary>Whether a request could be served if it were alone.</summary>
    public bool CanServe(in RequestSpec request) =>
        (long)request.PromptTokens + request.MaxOutputTokens <= MaxRequestTokens
        && (_options.EnableChunkedPrefill || request.PromptTokens <= _options.MaxNumBatchedTokens);

    /// <summary>
    /// Takes a request in. Returns its handle, or a negative number when it could not be served even alone:
    /// prompt and longest answer exceed <see cref="MaxRequestTokens"/>.
    /// </summary>
    public int Add(in RequestSpec request, long nowNs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(request.PromptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.MaxOutputTokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(request.TransferredTokens, request.PromptTokens);
        KeepTime(nowNs);
        if (!CanServe(request))
            return None;
        var handle = _requests.Take();
        _requests[handle] = new RequestState
        {
            PrefixKeys = _nodeBlocks > 0 ? request.PrefixKeys : default,
            PromptTokens = request.PromptTokens,
            MaxOutputTokens = request.MaxOutputTokens,
            TransferredTokens = request.TransferredTokens,
            Priority = request.Priority,
            Class = request.Class,
            Phase = RequestPhase.Waiting,
            Sequence = _nextSequence++,
            KnownTokens = request.PromptTokens,
            PrefixNode = None,
            Previous = None,
            Next = None,
        };
        _waiting.Add(handle);
        return handle;
    }

    /// <summary>
    /// Drops a request wherever it is. While a step is in flight it keeps its blocks until the step ends.
    /// </summary>
    public void Cancel(int request, long nowNs)
    {
        KeepTime(nowNs);
        Invariant.Holds(_requests.Contains(request), "only a live request is cancelled");
        ref var state = ref _requests[request];
        if (state.Phase == RequestPhase.Waiting)
        {
            _waiting.Remove(request);
            _requests.Return(request);
            _blockedRequest = None;
        }
        else if (!_stepInFlight)
        {
            Release(request);
        }
        else if (!state.CancelPending)
        {
            state.CancelPending = true;
            if (_cancelledCount == _cancelled.Length)
                Array.Resize(ref _cancelled, 2 * _cancelledCount);
            _cancelled[_cancelledCount++] = request;
        }
    }

    int BlocksFor(long tokens) => (int)((tokens + _blockSize - 1) / _blockSize);

    int DecodedLength(in RequestState state) => (int)(_decodes.Clock - state.DecodeBase);

    void KeepTime(long nowNs)
    {
        Invariant.Holds(nowNs >= _nowNs, "time never runs backwards");
        _nowNs = nowNs;
    }

    void Mix(ulong a, ulong b)
    {
        _planHash = (_planHash ^ a) * 0x9E3779B97F4A7C15UL;
        _planHash = (ulong.RotateLeft(_planHash, 29) ^ b) * 0xBF58476D1CE4E5B9UL;
    }
}
