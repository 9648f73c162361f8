using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.Drafting;
using Plimsoll.Engine.Grammars;
using Plimsoll.Engine.Sampling;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// An engine that computes: the scheduler decides, libllama runs what it decided. One thread owns the context
/// and runs step after step; requests are judged on whatever thread they arrive.
/// </summary>
public sealed class LlamaEngine : IServingEngine
{
    readonly LlamaOptions _options;
    readonly LlamaModel _model;
    readonly LlamaContext _context;
    readonly StepLoop _loop;
    readonly EngineClock _clock = new();
    readonly LlamaCodec _codec;
    readonly AdapterTable _adapters;
    readonly DecisionLog? _log;
    readonly ConcurrentQueue<Action> _jobs = new();
    readonly AutoResetEvent _wake = new(false);
    readonly Thread _thread;
    readonly ulong _salt =
        BitConverter.ToUInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
    LlamaContext? _embeddings;
    long _serial;
    volatile string? _failure;
    volatile bool _stops;

    public LlamaEngine(LlamaOptions options, TimeProvider time)
    {
        _options = options;
        LlamaLibrary.Load(options.Library);
        _model = LlamaModel.Load(options.Path, options.GpuLayers);
        try
        {
            _context = new LlamaContext(_model, ContextFor(options));
        }
        catch
        {
            _model.Dispose();
            throw;
        }
        Times = Calibrated(options);
        _codec = new LlamaCodec(_model, time);
        _adapters = new AdapterTable(_model);
        var limits = options.Limits with { TracksPrefixes = options.Limits.PrefixBlockTokens > 0 };
        _log = options.DecisionLog is { } path ? new DecisionLog(path, limits) : null;
        _loop = new StepLoop(
            _context, limits, Times, _clock, options.Speculates ? new Drafter() : null, _log);
        Facts = new EngineFacts
        {
            Model = options.Model,
            Kind = "llama.cpp",
            Root = options.Path,
            MaxModelTokens = MostTokens(options),
            Limits = limits,
            CanEmbed = true,
        };
        _thread = new Thread(Run) { IsBackground = true, Name = "engine" };
        _thread.Start();
    }

    public EngineFacts Facts { get; }

    public IPromptCodec Codec => _codec;

    /// <summary>What steps cost on this machine, as learnt so far.</summary>
    public StepTimes Times { get; }

    /// <summary>Steps that were timed at the start; empty where the cache knew them.</summary>
    public IReadOnlyList<MeasuredStep> Calibration { get; private set; } = [];

    public LlamaModel Model => _model;

    public StepListener? OnStep
    {
        get => _loop.OnStep;
        set => _loop.OnStep = value;
    }

    public IReadOnlyCollection<AdapterFacts> Adapters => _adapters.Facts;

    public EngineTelemetry Telemetry => _loop.AtRest(scheduler => new EngineTelemetry
    {
        Running = scheduler.Running,
        Waiting = scheduler.Waiting,
        KvUsage = (double)scheduler.UsedBlocks / Facts.Limits.NumBlocks,
        Preemptions = scheduler.Preemptions,
        PrefixQueriedTokens = scheduler.PrefixQueriedTokens,
        PrefixHitTokens = scheduler.PrefixHitTokens,
        Steps = _loop.Steps,
        BusyNs = _loop.BusyNs,
        NowNs = _clock.NowNs,
        PlanHash = scheduler.PlanHash,
    });

    /// <summary>What the loop counts beside the scheduler.</summary>
    public LlamaCounters Counters => new(
        _loop.AbortedSteps, _loop.DraftedTokens, _loop.AcceptedDrafts, _loop.SwappedBytes, _loop.ComputeNs);

    public Answer Submit(EngineRequest request)
    {
        if (_failure is { } failure)
            return Answer.Refused(new Refusal(failure, RefusalKind.Unavailable));
        if (Refuse(request) is { } refusal)
            return Answer.Refused(refusal);
        AdapterLease? lease = null;
        if (request.Adapter is { } name && (lease = _adapters.Take(name)) is null)
            return Answer.Refused(new Refusal($"The model `{name}` does not exist.", RefusalKind.NotFound));
        try
        {
            return Submit(request, lease);
        }
        catch (EngineRefusalException e)
        {
            lease?.Dispose();
            return Answer.Refused(new Refusal(e.Message, RefusalKind.BadRequest));
        }
    }

    Answer Submit(EngineRequest request, AdapterLease? lease)
    {
        Sequence? sequence = null;
        var prompt = request.Prompt.Span;
        sequence = new Sequence
        {
            Request = request,
            Answer = new Answer(prompt.Length, _clock.NowNs, _ => Cancel(sequence!)),
            Sampler =
                new TokenSampler(
                request.Sampling, prompt, _options.Seed + (ulong)Interlocked.Increment(ref _serial)),
            Text = new TextStream(_model.Tokenizer),
            Stops = new StopScanner(request.Stop),
            Grammar = GrammarOf(request.Format),
            Lease = lease,
            Keys = PrefixKeys.Of(
                prompt, Facts.Limits.PrefixBlockTokens, _salt ^ (ulong)(lease?.Adapter.Serial ?? 0)),
        };
        var verdict = _loop.Add(sequence, new RequestSpec
        {
            PromptTokens = prompt.Length,
            MaxOutputTokens = request.MaxOutputTokens,
            Level = LevelOf(request),
            Adapter = (int)(lease?.Adapter.Serial ?? 0),
            Tenant = request.Tenant.GetHashCode(StringComparison.Ordinal),
            TtftNs = request.TtftNs,
            ItlNs = request.ItlNs,
            CompletionNs = request.DeadlineNs,
            Priority = request.Priority,
            PrefixKeys = sequence.Keys,
        });
        if (!verdict.IsTaken)
        {
            sequence.Dispose();
            return Answer.Refused(new Refusal(
                "the promised latency cannot be kept now", RefusalKind.Overloaded, verdict.RetryAfterNs));
        }
        _wake.Set();
        if (verdict.Admission == Admission.Relegated)
            sequence.Answer.RelegatedTo = RelegationLevel;
        return sequence.Answer;
    }

    public async ValueTask<IReadOnlyList<float[]>> EmbedAsync(
        IReadOnlyList<ReadOnlyMemory<int>> prompts, string tenant, long ledgerId,
            CancellationToken cancellation)
    {
        var vectors = new List<float[]>();
        foreach (var prompt in prompts)
        {
            if (prompt.Length == 0 || prompt.Length > Facts.MaxModelTokens)
            {
                throw new EngineRefusalException(
                    $"a text of {prompt.Length} tokens; expected 1 to {Facts.MaxModelTokens}");
            }
            vectors.Add(await OnEngine(() => Embed(prompt.Span, ledgerId), cancellation));
        }
        return vectors;
    }

    public async ValueTask LoadAdapterAsync(string name, string path, CancellationToken cancellation)
    {
        try
        {
            await OnEngine(() => _adapters.Load(name, path), cancellation);
        }
        catch (BadInputException e)
        {
            throw new EngineRefusalException(e.Message);
        }
    }

    public async ValueTask<bool> UnloadAdapterAsync(string name, CancellationToken cancellation)
    {
        if (_adapters.Withdraw(name) is not { } idle)
            return false;
        await idle.WaitAsync(cancellation);
        return await OnEngine(() =>
        {
            _loop.ForgetAdapter();
            return _adapters.Free(name);
        }, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stops)
            return;
        _stops = true;
        _wake.Set();
        await Task.Run(_thread.Join);
        _wake.Dispose();
    }

    /// <summary>Step times from the cache; measured, and kept there, where it has none.</summary>
    StepTimes Calibrated(LlamaOptions options)
    {
        if (options.CalibrationBudget <= TimeSpan.Zero)
            return new StepTimes();
        var cache = new StepTimesCache(options.CacheFolder ?? StepTimesCache.DefaultFolder);
        var key = StepTimesCache.KeyOf(options);
        if (cache.Find(key) is { } known)
            return known;
        Calibration = StepCalibration.Measure(_context, options.Limits.MaxNumSeqs, options.CalibrationBudget);
        var times = StepCalibration.Fit(Calibration);
        cache.Keep(key, times);
        return times;
    }

    static ContextOptions ContextFor(LlamaOptions options)
    {
        var limits = options.Limits;
        var sequences = options.Layout == KvLayout.Unified ? 256 : Math.Min(256, limits.MaxNumSeqs);
        if (limits.MaxNumSeqs > 256)
        {
            throw new BadInputException(
                $"max_num_seqs {limits.MaxNumSeqs}: llama.cpp runs 256 sequences at most");
        }
        return new ContextOptions(
            checked(limits.NumBlocks * limits.BlockSize), sequences, limits.MaxNumBatchedTokens,
                options.MicroTokens,
            options.Threads, options.Layout);
    }

    int MostTokens(LlamaOptions options) => Math.Min(
        Math.Min(_context.TokensPerSequence, options.Limits.NumBlocks * options.Limits.BlockSize),
        Math.Min(options.MaxModelTokens ?? int.MaxValue, _model.TrainedContext));

    Refusal? Refuse(EngineRequest request)
    {
        if (request.Prompt.Length == 0)
            return new Refusal("the prompt is empty; expected at least one token", RefusalKind.BadRequest);
        if (request.MaxOutputTokens < 1)
            return new Refusal("max_tokens must be at least 1", RefusalKind.BadRequest);
        foreach (var token in request.Prompt.Span)
        {
            if ((uint)token >= (uint)_model.Tokenizer.Size)
            {
                return new Refusal(
                    $"token {token} is not in the vocabulary of {_model.Tokenizer.Size}",
                    RefusalKind.BadRequest);
            }
        }
        var asked = request.Prompt.Length + (long)request.MaxOutputTokens;
        return asked <= Facts.MaxModelTokens ? null : new Refusal(
            $"This model's maximum context length is {Facts.MaxModelTokens} tokens. However, you requested "
            + $"{asked} tokens ({request.Prompt.Length} in the messages, {request.MaxOutputTokens} in the "
            + "completion). Please reduce the length of either.", RefusalKind.BadRequest);
    }

    GrammarGuard? GrammarOf(AnswerFormat? format)
    {
        if (format is null)
            return null;
        var text = format.Grammar is { } grammar ? GbnfGrammar.Check(grammar)
            : JsonGrammar.Of(format.JsonSchema);
        return new GrammarGuard(_model.Tokenizer, text);
    }

    int LevelOf(EngineRequest request)
    {
        var levels = Facts.Limits.Levels;
        var sameClass = 0;
        for (var i = levels.Count - 1; i >= 0; i--)
        {
            if (levels[i].Name == request.Level)
                return i;
            if (levels[i].Class == request.Class)
                sameClass = i;
        }
        return sameClass;
    }

    string RelegationLevel
    {
        get
        {
            foreach (var level in Facts.Limits.Levels)
            {
                if (level.Class == ServiceClass.Batch)
                    return level.Name;
            }
            return "batch";
        }
    }

    void Cancel(Sequence sequence)
    {
        _loop.Cancel(sequence);
        _wake.Set();
    }

    async Task<T> OnEngine<T>(Func<T> job, CancellationToken cancellation)
    {
        if (_failure is { } failure)
            throw new EngineRefusalException(failure);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _jobs.Enqueue(() =>
        {
            try
            {
                done.TrySetResult(job());
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        });
        _wake.Set();
        return await done.Task.WaitAsync(cancellation);
    }

    /// <summary>The engine's thread: one job, one step, and again; sleeps when there is neither.</summary>
    void Run()
    {
        if (_options.Core is { } core)
            ThreadPin.ToCore(core);
        try
        {
            while (!_stops)
            {
                var worked = _jobs.TryDequeue(out var job);
                job?.Invoke();
                if (!_loop.Step() && !worked)
                    _wake.WaitOne();
            }
            Stop("the engine has stopped");
        }
        catch (Exception e)
        {
            Stop($"the engine failed: {e.Message}");
        }
    }

    void Stop(string why)
    {
        _failure = why;
        _loop.Fail(why);
        while (_jobs.TryDequeue(out var job))
            job();
        _embeddings?.Dispose();
        _context.Dispose();
        _adapters.Dispose();
        _model.Dispose();
        _log?.Dispose();
    }

    /// <summary>
    /// One text between two steps, in a context of its own; a step of its own to the ledger.
    /// </summary>
    float[] Embed(ReadOnlySpan<int> prompt, long ledgerId)
    {
        var startNs = _clock.NowNs;
        _embeddings ??= new LlamaContext(_model, new ContextOptions(
            Facts.MaxModelTokens, 1, Facts.MaxModelTokens, Facts.MaxModelTokens, _options.Threads,
                Embeddings: true));
        _embeddings.ForgetAll();
        _embeddings.Clear();
        var row = 0;
        for (var i = 0; i < prompt.Length; i++)
            row = _embeddings.Add(prompt[i], i, 0, logits: true);
        _embeddings.Decode();
        var vector = _embeddings.Embedding(0, row);
        _loop.Report(startNs, new StepShare(ledgerId, prompt.Length, 0, prompt.Length));
        return vector;
    }
}
