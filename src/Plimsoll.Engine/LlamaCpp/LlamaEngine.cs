using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.Timing;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// An engine that computes: the scheduler decides, libllama runs what it decided. One thread owns the context
/// and runs step after step; requests are judged on whatever thread they arrive.
/// </summary>
public sealed partial class LlamaEngine : IServingEngine
{
    /// <summary>As people name it, and as its facts and profiles do.</summary>
    public const string Name = "llama.cpp";

    readonly LlamaOptions _options;
    readonly LlamaModel _model;
    readonly LlamaContext _context;
    readonly StepLoop _loop;
    readonly EngineClock _clock = new();
    readonly LlamaCodec _codec;
    readonly AdapterTable _adapters;
    readonly Projector? _projector;
    readonly Drafts? _drafts;
    readonly DraftSpec? _draftSpec;
    readonly double? _swapNsPerToken;
    readonly DecisionLog? _log;
    readonly ConcurrentQueue<Action> _jobs = new();
    readonly AutoResetEvent _wake = new(false);
    readonly Thread _thread;
    readonly ulong _salt =
        BitConverter.ToUInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
    readonly TenantNumbers _tenants = new();
    LlamaContext? _embeddings;
    long _serial;
    volatile string? _failure;
    volatile bool _stops;

    public LlamaEngine(LlamaOptions options, TimeProvider time)
    {
        LlamaLibrary.Load(options.Library);
        _model = LlamaModel.Load(options.Path, options.GpuLayers);
        Layout = KvLayoutChoice.Of(options, _model.TrainedContext);
        options = options with { Layout = Layout.Layout };
        try
        {
            _projector = ProjectorOf(options);
            // An image whose tokens look both ways is computed at once.
            _options = options =
                options with { MicroTokens = Math.Max(options.MicroTokens, _projector?.MostTokens ?? 1) };
            Check(options);
            _context = new LlamaContext(_model, ContextFor(options));
            (Times, _swapNsPerToken) = Calibrated(_context, options.Path);
            (_drafts, _draftSpec) = DraftsOf(options);
        }
        catch
        {
            _context?.Dispose();
            _projector?.Dispose();
            _model.Dispose();
            throw;
        }
        _codec = new LlamaCodec(_model, time, _projector);
        _adapters = new AdapterTable(_model);
        var limits = options.Limits with
        {
            TracksPrefixes = options.Limits.PrefixBlockTokens > 0,
            Policy = options.Limits.Policy.Slack is { } slack
                ? options.Limits.Policy with { Slack = Abilities(slack) }
                : options.Limits.Policy,
        };
        if (options.DecisionLog is { } log)
        {
            var roofline = options.GpuLayers == 0 ? RooflineFacts.Of(options.Path, options.Threads) : null;
            _log = new DecisionLog(log, limits, Times.Weights(), roofline);
        }
        _loop = new StepLoop(_context, limits, Times, _clock, _drafts, _log, _projector);
        Facts = new EngineFacts
        {
            Model = options.Model,
            Kind = Name,
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

    /// <summary>How KV lies in memory, and why so.</summary>
    public KvLayoutChoice Layout { get; }

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
        _loop.AbortedSteps, _loop.DraftedTokens, _loop.AcceptedDrafts, _loop.Pauses, _loop.Swaps,
        _loop.SwappedBytes, _loop.ComputeNs, _loop.DrawNs);

    public async ValueTask DisposeAsync()
    {
        if (_stops)
            return;
        _stops = true;
        _wake.Set();
        await Task.Run(_thread.Join);
        _wake.Dispose();
    }

    /// <summary>
    /// What this engine can do beyond the policy's assumptions: cut a step short, keep KV outside, one
    /// adapter a call.
    /// </summary>
    SlackOptions Abilities(SlackOptions slack) => slack with
    {
        MixesAdapters = false,
        CanAbort = _options.GpuLayers == 0,
        SwapNsPerToken = slack.SwapNsPerToken ?? _swapNsPerToken,
        Drafts = slack.Drafts ?? _draftSpec,
    };

    /// <summary>Step times from the cache; measured, and kept there, where it has none.</summary>
    LearntTimes Calibrated(LlamaContext context, string path)
    {
        if (_options.CalibrationBudget <= TimeSpan.Zero)
            return new LearntTimes(new StepTimes(), null);
        var cache = new StepTimesCache(_options.CacheFolder ?? StepTimesCache.DefaultFolder);
        var key = StepTimesCache.KeyOf(_options with { Path = path });
        if (cache.Find(key) is { } known)
            return known;
        var steps = StepCalibration.Measure(context, _options.Limits.MaxNumSeqs, _options.CalibrationBudget);
        Calibration = [.. Calibration, .. steps];
        var times = new LearntTimes(StepCalibration.Fit(steps), StepCalibration.SwapNsPerToken(context));
        cache.Keep(key, times);
        return times;
    }

    /// <summary>What would otherwise end in a machine that swaps, or an engine that runs elsewhere.</summary>
    void Check(LlamaOptions options)
    {
        if (options.Core is { } core && !ThreadPin.CanUse(core))
        {
            throw new BadInputException(
                $"core {core}: this process may not run there; expected one of {ThreadPin.Usable}");
        }
        var tokens = (long)options.Limits.NumBlocks * options.Limits.BlockSize;
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (options.GpuLayers > 0 || _model.Facts.KvTokenBytes is not { } bytes
            || tokens <= (memory - _model.Facts.WeightBytes) / bytes)
        {
            return;
        }
        var most = Math.Max(0, (memory - _model.Facts.WeightBytes) / bytes);
        throw new BadInputException(FormattableString.Invariant(
            $"kv_tokens {tokens}: takes {tokens * bytes / 1e9:0.#} GB beside the model; expected at most ")
            + FormattableString.Invariant($"{most}, as {memory / 1e9:0.#} GB of memory hold"));
    }

    Projector? ProjectorOf(LlamaOptions options)
    {
        if (options.ProjectorPath is not { } path)
            return null;
        var projector = Projector.Load(path, _model, options.Threads, options.GpuLayers > 0);
        var most = projector.MostTokens;
        if (most <= options.Limits.MaxNumBatchedTokens)
            return projector;
        projector.Dispose();
        throw new BadInputException($"max_num_batched_tokens {options.Limits.MaxNumBatchedTokens}",
            $"an image through {path} is computed at once", $"at least {most}");
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
            options.Threads, options.Layout!.Value);
    }

    int MostTokens(LlamaOptions options) => Math.Min(
        Math.Min(_context.TokensPerSequence, options.Limits.NumBlocks * options.Limits.BlockSize),
        Math.Min(options.MaxModelTokens ?? int.MaxValue, _model.TrainedContext));

    void Cancel(Sequence sequence)
    {
        _loop.Cancel(sequence);
        _wake.Set();
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
        _loop.Dispose();
        while (_jobs.TryDequeue(out var job))
            job();
        _embeddings?.Dispose();
        _drafts?.Dispose();
        _context.Dispose();
        _projector?.Dispose();
        _adapters.Dispose();
        _model.Dispose();
        _log?.Dispose();
    }
}
