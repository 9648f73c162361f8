using System;
using System.Collections.Generic;
using System.Threading;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// The engine's loop, a step at a time, on one thread: (1) the scheduler plans; (2) KV follows its moves; (3)
/// the plan becomes batches, an adapter at a time, and tokens are drawn; (4) the outcome is committed; (5)
/// the listener and the readers hear of it.
/// <para>
/// Requests come and go from any thread, under the gate, which is never held while libllama computes: a
/// verdict is given at once, whatever step runs.
/// </para>
/// </summary>
sealed partial class StepLoop : IDisposable
{
    readonly Lock _gate = new();
    readonly LlamaContext _context;
    readonly KvStore _kv;
    readonly EngineClock _clock;
    readonly StepTimes _times;
    readonly Drafts? _drafts;
    readonly Projector? _projector;
    readonly TokenChooser _chooser;
    readonly Dictionary<RequestId, Sequence> _live = [];
    readonly List<Sequence> _decoding = [];
    readonly List<Sequence> _gone = [];
    readonly DecisionLog? _log;
    readonly AnswerPublisher _publisher = new();
    int[] _draftsByCohort = new int[8];
    long _abortableUntilNs;

    public StepLoop(
        LlamaContext context, SchedulerOptions limits, StepTimes times, EngineClock clock,
        Drafts? drafts = null, DecisionLog? log = null, Projector? projector = null)
    {
        _projector = projector;
        _context = context;
        _times = times;
        _clock = clock;
        _drafts = drafts;
        _log = log;
        // The scheduler's own prediction starts from what is known now and learns from outcomes alone, so
        // that a log of those replays it.
        Scheduler = new Scheduler(limits, new StepPredictor(times.Frozen(), learns: true));
        _kv = new KvStore(context, Math.Max(1, limits.PrefixBlockTokens));
        _chooser = new TokenChooser(context.Model.Tokenizer);
    }

    public Scheduler Scheduler { get; }

    public StepListener? OnStep { get; set; }

    public long Steps { get; private set; }

    public long BusyNs { get; private set; }

    /// <summary>Time inside libllama; what is left of <see cref="BusyNs"/> is the engine's own.</summary>
    public long ComputeNs { get; private set; }

    /// <summary>Time of drawing tokens from logits.</summary>
    public long DrawNs { get; private set; }

    public long AbortedSteps { get; private set; }

    public long DraftedTokens { get; private set; }

    public long AcceptedDrafts { get; private set; }

    /// <summary>Time of guessing in the last step.</summary>
    public long DraftingNs { get; private set; }

    /// <summary>Tokens that decoding requests went without, their KV kept in place.</summary>
    public long Pauses { get; private set; }

    /// <summary>Times that a request's KV was moved out.</summary>
    public long Swaps { get; private set; }

    /// <summary>Bytes of KV kept outside.</summary>
    public long SwappedBytes { get; private set; }

    /// <summary>Runs something with the scheduler at rest between its verbs.</summary>
    public T AtRest<T>(Func<Scheduler, T> read)
    {
        lock (_gate)
            return read(Scheduler);
    }

    /// <summary>Takes a request in, from any thread; the verdict is the scheduler's.</summary>
    public Verdict Add(Sequence sequence, in RequestSpec spec)
    {
        lock (_gate)
        {
            var nowNs = _clock.NowNs;
            var verdict = Scheduler.Add(spec, nowNs);
            _log?.Add(spec, verdict, nowNs);
            if (!verdict.IsTaken)
                return verdict;
            sequence.Id = verdict.Request;
            sequence.Tokens.EnsureCapacity(sequence.Request.Prompt.Length + sequence.Request.MaxOutputTokens);
            foreach (var token in sequence.Request.Prompt.Span)
                sequence.Tokens.Add(token);
            _live.Add(sequence.Id, sequence);
            // Somebody waits now, and nobody did: what is left of the step may not be worth its end.
            if (sequence.Request.Class == ServiceClass.Interactive
                && _abortableUntilNs - nowNs > ShortestAbortNs)
            {
                _context.Abort();
            }
            return verdict;
        }
    }

    const long ShortestAbortNs = 2_000_000;

    /// <summary>Drops a request, from any thread.</summary>
    public void Cancel(Sequence sequence) => Drop(sequence, why: null);

    /// <param name="sequence">Whose answer ends; the others go on.</param>
    /// <param name="why">What its client is told; null where nobody listens any more.</param>
    void Drop(Sequence sequence, string? why)
    {
        lock (_gate)
        {
            if (sequence.IsDone || !_live.Remove(sequence.Id))
                return;
            var nowNs = _clock.NowNs;
            Scheduler.Cancel(sequence.Id, nowNs);
            _log?.Cancel(sequence.Id, nowNs);
            sequence.IsDone = true;
            if (why is not null)
                _publisher.Publish(sequence.Answer, End(FinishReason.Failed, why));
            _gone.Add(sequence);
        }
    }

    /// <summary>Runs one step. False when there was nothing to compute.</summary>
    public bool Step()
    {
        StepPlan plan;
        long startNs;
        lock (_gate)
        {
            foreach (var sequence in _gone)
                Forget(sequence, FinishReason.Cancelled);
            _gone.Clear();
            startNs = _clock.NowNs;
            plan = Scheduler.Plan(startNs);
            _log?.Plan(plan, Scheduler.PlanHash, startNs);
            Follow(plan);
            if (!plan.IsEmpty)
                Prepare(plan);
            _abortableUntilNs = plan is { IsEmpty: false, IsAbortable: true } ? startNs + Predict(plan) : 0;
        }
        if (plan.IsEmpty)
            return false;
        if (_stepHasImages)
            startNs = EncodeImages(startNs);
        Compute();
        Commit(plan, startNs);
        return true;
    }

    /// <summary>Ends every answer: the engine stops.</summary>
    public void Fail(string message)
    {
        lock (_gate)
        {
            foreach (var sequence in _live.Values)
            {
                sequence.IsDone = true;
                _publisher.Publish(sequence.Answer, End(FinishReason.Failed, message));
                sequence.Dispose();
            }
            _live.Clear();
        }
    }

    /// <summary>Readers have everything once it returns.</summary>
    public void Dispose() => _publisher.Dispose();

    long Predict(StepPlan plan) => plan.PredictedNs ?? _times.PredictNs(plan.Shape);

    /// <summary>KV follows what the scheduler moved to make room for the step.</summary>
    void Follow(StepPlan plan)
    {
        foreach (var request in plan.SwappedOut)
        {
            if (_live.TryGetValue(request, out var sequence) && sequence.Kv != KvStore.None)
            {
                sequence.Swapped = _context.Save(sequence.Kv);
                SwappedBytes += sequence.Swapped.Length;
                Swaps++;
            }
        }
        foreach (var request in plan.Preempted)
        {
            if (_live.TryGetValue(request, out var sequence))
                LoseKv(sequence);
        }
        foreach (ref readonly var move in plan.Parked)
            Move(move);
        foreach (ref readonly var move in plan.Resumed)
            Move(move);
        _kv.Apply(Scheduler.PrefixChanges);
        foreach (var request in plan.SwappedIn)
        {
            if (_live.TryGetValue(request, out var sequence))
                Restore(sequence);
        }
    }

    void Move(in CohortMove move)
    {
        if (_live.TryGetValue(move.Request, out var sequence))
            sequence.Cohort = move.To;
    }

    void LoseKv(Sequence sequence)
    {
        if (sequence.Kv != KvStore.None)
            _drafts?.Forget(sequence.Kv);
        _kv.Release(sequence.Id);
        sequence.Kv = KvStore.None;
        sequence.KvTokens = 0;
        StopDecoding(sequence);
    }

    /// <summary>Brings swapped KV back; without cells for it the plan's tokens are computed again.</summary>
    void Restore(Sequence sequence)
    {
        if (sequence.Swapped is not { } state)
            return;
        sequence.Swapped = null;
        SwappedBytes -= state.Length;
        if (sequence.Kv == KvStore.None)
            sequence.Kv = _kv.Take(sequence.Id);
        sequence.KvTokens = _context.TryRestore(sequence.Kv, state) ? _context.Length(sequence.Kv) : 0;
    }

    void StopDecoding(Sequence sequence)
    {
        if (!sequence.IsDecoding)
            return;
        sequence.IsDecoding = false;
        _decoding.Remove(sequence);
    }

    /// <summary>A request is over: its KV is what the prefix cache makes of it.</summary>
    void Forget(Sequence sequence, FinishReason unread)
    {
        if (sequence.Swapped is { } state)
            SwappedBytes -= state.Length;
        LoseKv(sequence);
        if (unread != FinishReason.None)
            _publisher.Publish(sequence.Answer, End(unread, ""));
        sequence.Dispose();
    }

    AnswerToken End(FinishReason reason, string text) =>
        new() { Token = -1, Text = text, TimeNs = _clock.NowNs, Step = Steps, Finish = reason };
}
