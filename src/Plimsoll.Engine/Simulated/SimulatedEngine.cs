using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// An engine that costs no GPU: the real scheduler, calibrated step times, and a clock.
/// <para>
/// Everything happens in virtual time, which runs behind the clock by what every request spends outside the
/// engine's steps (API, hand-over). Requests join at the nanosecond they were submitted, later by what their
/// prompts take to tokenize, and steps follow each other exactly, so a timer that fires a millisecond late
/// delays what readers see by that millisecond and shifts nothing.
/// </para>
/// </summary>
public sealed class SimulatedEngine : IServingEngine
{
    readonly record struct Event(long AtNs, SimulatedStream Stream, RequestSpec Spec, bool Cancels);

    readonly Lock _gate = new();
    readonly SimulatedOptions _options;
    readonly TimeProvider _time;
    readonly long _startTimestamp;
    readonly long _lagNs;
    readonly SimulatedRank[] _ranks;
    readonly DecisionLog[] _logs;
    readonly int[] _outstanding;
    readonly Router _router = new(RoutingPolicy.LeastOutstanding);
    readonly PriorityQueue<Event, (long AtNs, long Order)> _mailbox = new();
    readonly List<SimulatedStream> _toBreak = [];
    readonly List<SimulatedStream> _holding = [];
    readonly HashSet<SimulatedStream> _open = [];
    readonly ConcurrentDictionary<string, AdapterFacts> _adapters = new(StringComparer.Ordinal);
    readonly TenantNumbers _tenants = new();
    readonly ITimer _timer;
    readonly SimulatedCodec _codec = new();
    readonly SimulatedAnswers _answers;
    long _events;
    bool _disposed;

    public SimulatedEngine(SimulatedOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _answers = new SimulatedAnswers(options, _codec);
        _startTimestamp = time.GetTimestamp();
        _lagNs = Overhead.Ns(promptTokens: 0);
        _ranks = new SimulatedRank[options.Ranks];
        _outstanding = new int[options.Ranks];
        _logs = Array.ConvertAll([.. options.DecisionLogs], path => new DecisionLog(
            path, options.Limits, roofline: RooflineFacts.Of(options.StepTime.Deployment),
            simulated: options.Steps));
        for (var i = 0; i < _ranks.Length; i++)
        {
            _ranks[i] = new SimulatedRank(
                options.Limits, options.StepTime, OnToken, Report, index: i, verdict: OnVerdict,
                log: i < _logs.Length ? _logs[i] : null);
        }
        _timer = time.CreateTimer(_ => Pump(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public EngineFacts Facts => new()
    {
        Model = _options.Model,
        Kind = "simulated",
        Root = _options.StepTime.Deployment.Model.Name,
        MaxModelTokens = _options.MaxModelTokens,
        Limits = _options.Limits,
        CanEmbed = true,
    };

    public IPromptCodec Codec => _codec;

    public StepListener? OnStep { get; set; }

    public IReadOnlyCollection<AdapterFacts> Adapters => (IReadOnlyCollection<AdapterFacts>)_adapters.Values;

    /// <summary>Nanoseconds since the engine was made.</summary>
    public long NowNs => (long)_time.GetElapsedTime(_startTimestamp).Ticks * 100;

    public EngineTelemetry Telemetry
    {
        get
        {
            lock (_gate)
            {
                var sum = new EngineTelemetry { NowNs = NowNs };
                foreach (var rank in _ranks)
                {
                    var scheduler = rank.Scheduler;
                    sum = sum with
                    {
                        Running = sum.Running + scheduler.Running,
                        Waiting = sum.Waiting + rank.Outstanding - scheduler.Running,
                        KvUsage = sum.KvUsage
                            + ((double)scheduler.UsedBlocks / _options.Limits.NumBlocks / _ranks.Length),
                        Preemptions = sum.Preemptions + scheduler.Preemptions,
                        PrefixQueriedTokens = sum.PrefixQueriedTokens + scheduler.PrefixQueriedTokens,
                        PrefixHitTokens = sum.PrefixHitTokens + scheduler.PrefixHitTokens,
                        Steps = sum.Steps + rank.Steps,
                        BusyNs = sum.BusyNs + rank.BusyNs,
                        PlanHash = sum.PlanHash ^ scheduler.PlanHash,
                    };
                }
                return sum with { Waiting = sum.Waiting + _mailbox.Count };
            }
        }
    }

    public Answer Submit(EngineRequest request)
    {
        if (_answers.Refuse(request, request.Adapter is null
            || _adapters.ContainsKey(request.Adapter)) is { } refusal)
        {
            return Answer.Refused(refusal);
        }
        SimulatedWords words;
        int output;
        var hash = Mixing.Of(request.Prompt.Span, request.Sampling.Seed ?? _options.Seed);
        try
        {
            (words, output) = _answers.Compose(request, hash);
        }
        catch (EngineRefusalException bad)
        {
            return Answer.Refused(
                new Refusal(bad.Message, RefusalKind.BadRequest) { Parameter = request.Format?.Parameter });
        }
        var adapter = request.Adapter is null ? 0UL
            : (ulong)request.Adapter.GetHashCode(StringComparison.Ordinal);
        var keys = Mixing.BlockKeys(request.Prompt.Span, _options.Limits.PrefixBlockTokens, adapter);
        var fault = _options.Faults.Any
            ? _options.Faults.Draw(Mixing.Unit(Mixing.Mix(hash, 0xFA17)))
            : SimulatedFault.None;
        lock (_gate)
        {
            if (_disposed)
                return Answer.Refused(new Refusal("the engine has stopped", RefusalKind.Unavailable));
            var nowNs = NowNs;
            SimulatedStream? stream = null;
            var rank = _router.Choose(_outstanding, cachedShare: [], hash);
            stream = new SimulatedStream(request, words, fault, _options.Faults)
            {
                Answer = new Answer(request.Prompt.Length, nowNs, _ => Cancel(stream!)),
                Rank = rank,
            };
            stream.Sequence = new SimulatedSequence
            {
                PromptTokens = request.Prompt.Length,
                OutputTokens = output,
                LedgerId = request.LedgerId,
                Owner = stream,
            };
            _open.Add(stream);
            _outstanding[rank]++;
            var joinsNs = nowNs + Overhead.Ns(request.Prompt.Length) - _lagNs;
            Post(new Event(joinsNs, stream, SpecOf(request, joinsNs, adapter, keys), Cancels: false));
            return stream.Answer;
        }
    }

    RequestOverhead Overhead => _options.StepTime.RequestOverhead;

    void Post(in Event next)
    {
        _mailbox.Enqueue(next, (next.AtNs, _events++));
        Arm();
    }

    RequestSpec SpecOf(EngineRequest request, long joinsNs, ulong adapter, ulong[] keys) => new()
    {
        PromptTokens = request.Prompt.Length,
        MaxOutputTokens = request.MaxOutputTokens,
        ArrivalNs = joinsNs,
        Level = _answers.LevelOf(request),
        // The engine has what the request does not spend outside it.
        TtftNs = (request.TtftNs ?? _options.Limits.Levels[_answers.LevelOf(request)].TtftNs)
            - Overhead.Ns(request.Prompt.Length),
        ItlNs = request.ItlNs,
        CompletionNs = request.DeadlineNs,
        Priority = request.Priority == 0 ? null : request.Priority,
        Adapter = adapter == 0 ? 0 : (int)(adapter & 0x7FFF_FFFF),
        Tenant = _tenants.Of(request.Tenant),
        PrefixKeys = keys,
    };

    public async ValueTask<IReadOnlyList<float[]>> EmbedAsync(
        IReadOnlyList<ReadOnlyMemory<int>> prompts, EngineRequest like, CancellationToken cancellation)
    {
        var answers = new List<Answer>();
        foreach (var prompt in prompts)
        {
            var answer = Submit(like with { Prompt = prompt, MaxOutputTokens = 1, IgnoreEos = true });
            if (answer.Refusal is { } refusal)
                throw new EngineRefusalException(refusal.Message);
            answers.Add(answer);
        }
        var vectors = new List<float[]>();
        for (var i = 0; i < answers.Count; i++)
        {
            await foreach (var _ in answers[i].Tokens.ReadAllAsync(cancellation))
            {
            }
            vectors.Add(Embedding.Of(prompts[i].Span, _options.EmbeddingSize));
        }
        return vectors;
    }

    public ValueTask LoadAdapterAsync(string name, string path, CancellationToken cancellation)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new EngineRefusalException($"{path}: no such file or folder; expected a LoRA adapter");
        if (!_adapters.TryAdd(name, new AdapterFacts(name, path)))
            throw new EngineRefusalException($"The lora adapter '{name}' has already been loaded.");
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> UnloadAdapterAsync(string name, CancellationToken cancellation) =>
        ValueTask.FromResult(_adapters.TryRemove(name, out _));

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
                return ValueTask.CompletedTask;
            _disposed = true;
            foreach (var log in _logs)
                log.Dispose();
            foreach (var stream in _open)
            {
                stream.Release();
                stream.End(FinishReason.Failed, "the engine has stopped", 0, NowNs);
            }
            _open.Clear();
        }
        return _timer.DisposeAsync();
    }

    void OnVerdict(SimulatedSequence sequence, Verdict verdict)
    {
        var stream = (SimulatedStream)sequence.Owner!;
        if (verdict.IsTaken)
        {
            stream.Answer.RelegatedTo = "batch";
            return;
        }
        stream.Answer.Refuse(new Refusal(
            "The promise cannot be kept now.", RefusalKind.Overloaded, verdict.RetryAfterNs
                ?? 1_000_000_000));
        Close(stream);
    }

    void Cancel(SimulatedStream stream)
    {
        lock (_gate)
        {
            if (!_open.Contains(stream))
                return;
            Post(new Event(NowNs, stream, default, Cancels: true));
        }
    }

    void Report(in EngineStep step) => OnStep?.Invoke(step);

    /// <summary>Runs virtual time up to the clock less the lag, and sleeps until the next event.</summary>
    void Pump()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            var untilNs = NowNs - _lagNs;
            while (_mailbox.TryPeek(out var next, out _) && next.AtNs <= untilNs)
            {
                _mailbox.Dequeue();
                Run(next.AtNs);
                Take(next);
            }
            Run(untilNs);
            LetGo(NowNs);
            Arm();
        }
    }

    void Run(long untilNs)
    {
        foreach (var rank in _ranks)
        {
            // A fault or a stop text ends a sequence as soon as its step is over.
            while (rank.NextStepEndsNs <= untilNs)
            {
                var endNs = rank.NextStepEndsNs;
                rank.RunUntil(endNs);
                foreach (var stream in _toBreak)
                    rank.Cancel(stream.Sequence, endNs);
                _toBreak.Clear();
            }
        }
    }

    void Take(in Event next)
    {
        var rank = _ranks[next.Stream.Rank];
        // Cancelled before its prompt was ready, or ended before its cancellation came.
        if (!_open.Contains(next.Stream))
            return;
        if (next.Cancels)
        {
            rank.Cancel(next.Stream.Sequence, next.AtNs);
            next.Stream.Release();
            next.Stream.End(FinishReason.Cancelled, "", rank.Steps, next.AtNs + _lagNs);
            Close(next.Stream);
        }
        else if (!rank.Add(next.Stream.Sequence, next.Spec, next.AtNs))
        {
            next.Stream.End(
                FinishReason.Failed, "the request cannot be served", rank.Steps, next.AtNs + _lagNs);
            Close(next.Stream);
        }
    }

    void OnToken(SimulatedSequence sequence, long step, long timeNs, bool last)
    {
        var stream = (SimulatedStream)sequence.Owner!;
        var breaks = stream.Add(step, timeNs + _lagNs, last);
        if (breaks)
            _toBreak.Add(stream);
        if (stream.HeldUntilNs > 0 && !_holding.Contains(stream))
            _holding.Add(stream);
        if (breaks || last)
            Close(stream);
    }

    void Close(SimulatedStream stream)
    {
        if (_open.Remove(stream))
            _outstanding[stream.Rank]--;
    }

    void LetGo(long nowNs)
    {
        for (var i = _holding.Count - 1; i >= 0; i--)
        {
            if (_holding[i].HeldUntilNs > nowNs)
                continue;
            _holding[i].Release();
            _holding.RemoveAt(i);
        }
    }

    /// <summary>Sets the timer to the next step's end, newcomer or held token.</summary>
    void Arm()
    {
        var nextNs = _mailbox.TryPeek(out var first, out _) ? first.AtNs : long.MaxValue;
        foreach (var rank in _ranks)
            nextNs = Math.Min(nextNs, rank.NextStepEndsNs);
        if (nextNs != long.MaxValue)
            nextNs += _lagNs;
        foreach (var stream in _holding)
            nextNs = Math.Min(nextNs, stream.HeldUntilNs);
        if (nextNs == long.MaxValue)
            return;
        var milliseconds = Math.Max(0, Math.Ceiling((nextNs - NowNs) / 1e6));
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }
}
