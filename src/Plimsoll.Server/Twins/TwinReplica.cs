using System;
using System.Collections.Generic;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Server.Twins;

/// <summary>
/// The scheduler of one engine that we do not own, run along with it: fed with what is sent there, stepped by
/// the tokens that come back. It has no clock, thread or socket: whoever drives it says what came and when,
/// be it a gateway or a simulation.
/// <code>
///   Send ────► newcomers ──► scheduler ──► plan in flight ──► heard all, or some: commit ──► next
///   Hear ────► tokens heard ─────────────────────┘            observed ÷ predicted ──► pace
///   Advance ─► plans that give nobody a token end by prediction
/// </code>
/// All times are those of the gateway's clock at which news arrives: the engine is a way home ahead of them.
/// </summary>
public sealed partial class TwinReplica
{
    readonly TwinOptions _options;
    readonly Scheduler _scheduler;
    readonly StepPace _pace = new();
    readonly PromptTraffic _traffic = new();
    readonly List<TwinRequest> _newcomers = [];
    readonly List<TwinRequest> _pending = [];
    readonly List<TwinRequest> _batch = [];
    const long LeastPullNs = 50_000;
    const long UsualPullNs = 300_000;
    const long MostPullNs = 5_000_000;
    const long MostReturnNs = 250_000_000;

    double _batchPerStep;
    int _batchSince;
    TwinRequest?[] _bySlot = new TwinRequest?[64];

    public TwinReplica(TwinOptions options)
    {
        _options = options;
        _scheduler = new Scheduler(options.Limits);
        ReturnNs = options.ReturnNs;
        _credit = new LateCredit(options.LateShare);
    }

    public TwinOptions Options => _options;

    /// <summary>Requests that the mirrored engine is computing.</summary>
    public int Running => _scheduler.Running;

    public int Waiting => _scheduler.Waiting + _newcomers.Count;

    /// <summary>Sequences that decode.</summary>
    public int Decodes { get; private set; }

    /// <summary>Share of the KV blocks in use.</summary>
    public double KvUsage => (double)_scheduler.UsedBlocks / _options.Limits.NumBlocks;

    /// <summary>Observed ÷ predicted step time.</summary>
    public double Ratio => _pace.Ratio;

    /// <summary>Mean observed step, nanoseconds.</summary>
    public double MeanStepNs => _pace.MeanNs;

    /// <summary>The way there and back beyond the steps themselves, learnt, nanoseconds.</summary>
    public long ReturnNs { get; private set; }

    /// <summary>Requests that the engine says it runs and nobody here sent.</summary>
    public int Unseen { get; private set; }

    /// <summary>How far first tokens of interactive requests were predicted off.</summary>
    public PredictionErrors Errors { get; } = new();

    /// <summary>Batch lines out there, oldest first.</summary>
    public IReadOnlyList<TwinRequest> Batch => _batch;

    /// <summary>Steps whose end was seen.</summary>
    public long Steps { get; private set; }

    /// <summary>Tokens of a prompt that the engine has cached, by what was sent to it.</summary>
    public int CachedTokens(ReadOnlySpan<ulong> keys) => _scheduler.CachedTokens(keys);

    /// <summary>A request goes out. Null when the engine could never serve it.</summary>
    /// <param name="keys">Keys of the prompt's whole leading blocks; empty when unknown.</param>
    public TwinRequest? Send(
        int promptTokens, int maxOutputTokens, ReadOnlyMemory<ulong> keys, bool isBatch, long nowNs)
    {
        Advance(nowNs);
        var request = new TwinRequest(promptTokens, maxOutputTokens, keys, isBatch)
        {
            SentNs = nowNs,
            VisibleNs = nowNs + ReturnNs,
        };
        if (!_scheduler.CanServe(SpecOf(request)))
            return null;
        request.Computed = Math.Min(promptTokens - 1, CachedTokens(keys.Span));
        if (!isBatch)
        {
            request.PredictedTtftNs = PredictTtftNs(promptTokens - request.Computed, nowNs);
            _traffic.Add(promptTokens - request.Computed, nowNs);
        }
        else
        {
            _batch.Add(request);
            _batchSince += promptTokens - request.Computed;
        }
        _pending.Add(request);
        request.FoundIdle = _inFlight is null && _newcomers.Count == 0;
        _newcomers.Add(request);
        if (_inFlight is null)
            Begin(request.VisibleNs);
        return request;
    }

    /// <summary>Tokens came back.</summary>
    /// <param name="last">Whether the answer is complete with them.</param>
    public void Hear(TwinRequest request, int tokens, bool last, long nowNs)
    {
        if (request.IsOver)
            return;
        var first = request.Heard == 0;
        Count(request, -1);
        request.Heard += tokens;
        Count(request, 1);
        if (first)
            TakeFirst(request, nowNs);
        else if (!request.IsBatch)
            _credit.Add(nowNs - request.LastHeardNs > _options.ItlNs, nowNs);
        request.LastHeardNs = nowNs;
        if (last)
            request.IsOver = true;
        if (_heardFirstNs == 0)
            _heardFirstNs = nowNs;
        Settle(nowNs);
    }

    /// <summary>A request is over without a further token: cut off, put out or failed.</summary>
    public void Drop(TwinRequest request, long nowNs)
    {
        request.IsOver = true;
        Forget(request, nowNs);
        Settle(nowNs);
    }

    /// <summary>What the engine says of itself; what is not ours is somebody else's.</summary>
    public void Observe(int running, int waiting)
    {
        var others = Math.Max(0, running + waiting - (_scheduler.Requests + _newcomers.Count));
        Unseen = (3 * Unseen + others + 2) / 4;
    }

    void TakeFirst(TwinRequest request, long nowNs)
    {
        _pending.Remove(request);
        if (request.IsBatch || request.PredictedTtftNs == 0)
            return;
        var observed = nowNs - request.SentNs;
        Errors.Add(request.PredictedTtftNs, observed);
        if (!_options.LearnsReturn)
            return;
        // The way home: what first tokens are late by, in small steps, so that no single one decides.
        var lateNs = observed - request.PredictedTtftNs;
        var stepNs = Errors.Count < 20 ? Math.Clamp(Math.Abs(lateNs) / 4, LeastPullNs, MostPullNs)
            : Errors.Count < 100 || request.FoundIdle ? UsualPullNs : LeastPullNs;
        ReturnNs = Math.Clamp(ReturnNs + (Math.Sign(lateNs) * stepNs), 0, MostReturnNs);
    }

    static RequestSpec SpecOf(TwinRequest request) => new()
    {
        PromptTokens = request.PromptTokens,
        MaxOutputTokens = request.MaxOutputTokens,
        PrefixKeys = request.Keys,
        Priority = request.IsBatch ? 1 : 0,
    };

    void Hand(TwinRequest request, long nowNs)
    {
        if (request.IsOver)
        {
            _pending.Remove(request);
            _batch.Remove(request);
            return;
        }
        var verdict = _scheduler.Add(SpecOf(request), nowNs);
        if (!verdict.IsTaken)
            return;
        var slot = verdict.Request.Slot;
        if (slot >= _bySlot.Length)
            Array.Resize(ref _bySlot, Math.Max(slot + 1, 2 * _bySlot.Length));
        _bySlot[slot] = request;
        request.Id = verdict.Request;
    }

    void Forget(TwinRequest request, long nowNs)
    {
        _pending.Remove(request);
        if (request.IsBatch)
            _batch.Remove(request);
        if (request.Id.IsNone)
        {
            _newcomers.Remove(request);
            return;
        }
        Count(request, -1);
        (request.ExpectedBy, request.PartlyBy) = (0, 0);
        _bySlot[request.Id.Slot] = null;
        _clockNs = Math.Max(_clockNs, nowNs);
        _scheduler.Cancel(request.Id, _clockNs);
        request.Id = RequestId.None;
    }
}
