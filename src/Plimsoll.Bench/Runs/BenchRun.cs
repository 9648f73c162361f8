using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// One run from the first question to the result: preflight, warm-up, load, and what it all came to. A run
/// that is stopped has a result like any other, of as much as ran.
/// </summary>
public sealed class BenchRun : IDisposable
{
    const string NoKey = "no header can carry it; expected visible ASCII without spaces and line ends";
    const long ProgressNs = 250_000_000;

    /// <summary>Rates shown on the way are of the last seconds: a quarter of one is mostly chance.</summary>
    const double LatelyS = 10;

    readonly BenchOptions _options;
    readonly RunClock _clock;
    readonly Endpoint _endpoint;
    readonly LevelMeter[] _meters;
    LoadTimes _times = new();
    readonly Action<RunProgress>? _progress;
    long _nextProgressNs;
    readonly Queue<(double AtS, long Ended, long Tokens)> _lately = new();
    SearchedLoad? _search;
    long _startNs;
    long _lastDueNs;
    long _inWarmup;
    bool _realTime;
    long _tokens;

    public BenchRun(BenchOptions options, Action<RunProgress>? progress = null, RunClock? clock = null)
    {
        Check(options);
        _options = options;
        _progress = progress;
        _clock = clock ?? new RunClock();
        _endpoint = new Endpoint(options.Endpoint, _clock);
        _meters = [.. options.Levels.Select(level => new LevelMeter(level))];
        Detail = options.Detail ? new DetailSpool() : null;
    }

    /// <summary>Whether the endpoint has answered anything yet; asked from any thread.</summary>
    public bool HasAnswered => _endpoint.HasAnswered;

    /// <summary>Every measured request; null unless it was asked for.</summary>
    public DetailSpool? Detail { get; }

    /// <summary>A key that no request can carry is found before any is sent, and is not printed.</summary>
    static void Check(BenchOptions options)
    {
        if (options.Endpoint.ApiKey is { } own && !EndpointOptions.IsKey(own))
            throw new BadInputException($"the endpoint's API key: {NoKey}");
        foreach (var level in options.Levels)
        {
            if (level.ApiKey is { } key && !EndpointOptions.IsKey(key))
                throw new BadInputException($"level {ErrorText.OneLine(level.Name)}: api_key: {NoKey}");
        }
    }

    /// <summary>Runs on the calling thread; throws <see cref="EndpointFailure"/> before any load.</summary>
    public BenchResult Run(CancellationToken stop)
    {
        try
        {
            return Measure(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return FailedRun.Stopped(_options);
        }
    }

    BenchResult Measure(CancellationToken stop)
    {
        var bodies = new BodyForm
        {
            Endpoint = _options.Endpoint, Levels = _options.Levels, Options = _options.Body,
        };
        var facts = new Preflight(_endpoint, bodies, _clock)
            .Run(_options.Tokenizer, _options.ReadyWaitNs, stop).GetAwaiter().GetResult();
        bodies = bodies with { Usage = facts.Usage };
        IBodySource source = _options.DatasetPath is { } path
            ? FileBodies.Read(path, bodies, _options.FirstRow)
            : new GeneratedBodies(bodies, facts.Vocabulary);
        WarmUp(source, stop);
        var steps = _options.StepLog is { } log ? new StepLogTail(log) : null;
        var watch = ServerWatch.Start(_endpoint, stop).GetAwaiter().GetResult();
        using var check = new ClientCheck(_clock);
        Load(source, check, stop);
        var server = watch?.Finish().GetAwaiter().GetResult();
        return Result(facts, check, server, stop.IsCancellationRequested) with { Steps = steps?.Finish() };
    }

    public void Dispose()
    {
        _endpoint.Dispose();
        Detail?.Dispose();
    }

    /// <summary>Opens connections and fills caches; nothing of it is measured.</summary>
    void WarmUp(IBodySource source, CancellationToken stop)
    {
        var sends = new List<Task>();
        for (var i = 0; i < _options.Warmups; i++)
        {
            var lengths = _options.Levels[0].Lengths ?? new LengthOptions(64, 8);
            var body = source.Build(new PlannedRequest
            {
                Index = -1000 - i, PromptTokens = lengths.PromptTokens, OutputTokens = lengths.OutputTokens,
            });
            sends.Add(_endpoint.Send(body.Json, new RequestRecord(), body.ApiKey, stop));
        }
        Task.WaitAll([.. sends], CancellationToken.None);
    }

    void Load(IBodySource source, ClientCheck check, CancellationToken stop)
    {
        // The load's time zero is now, and a moment to get under way.
        _startNs = _clock.NowNs + 10_000_000;
        _times = new LoadTimes(_startNs + _options.WarmupNs);
        _search = _options.Search is { } search ? new SearchedLoad(_options.Levels[0], search) : null;
        var load = _search ?? LevelLoad.Of(_options.Levels);
        var dispatcher = new Dispatcher(new ShiftedLoad(load, _startNs), _options.MaxConcurrency);
        var runner = new LoadRunner(_endpoint, dispatcher, source, _clock, record => Ended(record, check))
        {
            Due = _times.Due,
            Tick = now =>
            {
                _times.InFlight(now, dispatcher.InFlight);
                Progress(now, dispatcher.InFlight, check);
            },
        };
        var end = _options.DurationNs == long.MaxValue ? long.MaxValue : _startNs + _options.DurationNs;
        runner.Run(end, stop);
        _realTime = runner.IsRealTime;
    }

    void Ended(RequestRecord record, ClientCheck check)
    {
        _search?.Ended(record, _startNs);
        if (record.ScheduledNs - _startNs < _options.WarmupNs)
        {
            _inWarmup++;
            return;
        }
        _lastDueNs = Math.Max(_lastDueNs, record.ScheduledNs);
        check.Add(record);
        var meter = _meters[record.Level];
        var good = meter.Good;
        meter.Add(record);
        if (record.Failure != FailureKind.Cancelled)
            _times.Add(record, meter.Good > good);
        _tokens += record.OutputTokens;
        Detail?.Add(record);
    }

    void Progress(long now, int inFlight, ClientCheck check)
    {
        if (now < _nextProgressNs)
            return;
        check.LookAtWallClock();
        _nextProgressNs = now + ProgressNs;
        if (_progress is null)
            return;
        var elapsed = (now - _startNs) / 1e9;
        var ended = _meters.Sum(meter => meter.Measured);
        while (_lately.Count > 1 && _lately.Peek().AtS < elapsed - LatelyS)
            _lately.Dequeue();
        var (sinceS, endedThen, tokensThen) = _lately.TryPeek(out var then) ? then : default;
        _lately.Enqueue((elapsed, ended, _tokens));
        var period = Math.Max(1e-3, elapsed - sinceS);
        _progress(new RunProgress(
            elapsed, ended, _meters.Sum(meter => meter.Failed), inFlight, (ended - endedThen) / period,
            (_tokens - tokensThen) / period, _search?.Finder.Rate, _meters[0].Ttft.PercentileNs(50) / 1e6,
            _meters[0].Ttft.PercentileNs(95) / 1e6));
    }

    BenchResult Result(EndpointFacts facts, ClientCheck check, ServerReport? server, bool interrupted)
    {
        var levels = _meters.Select(meter => meter.Report(_options.Percentiles)).ToList();
        var limits = _options.Levels.SelectMany(level => level.Promise).ToList();
        return new BenchResult
        {
            StartedAt = _clock.StartedAt.AddTicks(_startNs / 100),
            DurationS = _times.LastEndNs > _times.FirstDueNs ? (_times.LastEndNs - _times.FirstDueNs) / 1e9
                : 0,
            Interrupted = interrupted,
            Address = _options.Endpoint.Address.ToString(),
            Model = facts.Model,
            TokenCounting = Counting(facts.Counted, _options.Endpoint.Stream),
            PromptLengths = _options.DatasetPath is { } path ? $"the prompts of {path}"
                : facts.Vocabulary.Basis,
            Load = _options.Load,
            Loop = _options.Loop,
            PromptSalt = _options.DatasetPath is null ? _options.Body.Salt : null,
            RequestRate = Rate(),
            DueRate = DueRate(interrupted),
            Choices = _options.Endpoint.Choices,
            Burstiness = _options.Levels is [{ Burstiness: { } shape }] && double.IsFinite(shape) ? shape
                : null,
            MaxConcurrency = _options.MaxConcurrency > 0 ? _options.MaxConcurrency
                : _options.Levels[0].Clients,
            MostInFlight = _times.Most,
            MeanInFlight = _times.MeanInFlight,
            InWarmup = _inWarmup,
            BusyS = _times.BusyNs / 1e9,
            Levels = levels,
            Client = check.Report(limits, _meters[0].Ttft.PercentileNs(50), _options.MostLateness)
                with { RealTime = _realTime },
            Server = server,
            Metadata = _options.Metadata,
            Slices = _times.Slices,
            LoadLine = _search?.Finder.Estimate(),
        };
    }

    /// <summary>Of the time in which requests could be due: the stated one, or up to the last.</summary>
    double? DueRate(bool interrupted)
    {
        var spanNs = interrupted || _options.DurationNs == long.MaxValue ? _lastDueNs - _startNs
            : _options.DurationNs;
        var requests = _meters.Sum(meter => meter.Measured);
        return Rate() is null || spanNs <= _options.WarmupNs ? null
            : requests * 1e9 / (spanNs - _options.WarmupNs);
    }

    double? Rate()
    {
        var rate = _options.Levels.Sum(level =>
            level.Clients is null ? level.RequestsPerSecond : double.PositiveInfinity);
        return _search is null && double.IsFinite(rate) && rate > 0 ? rate : null;
    }

    static string Counting(UsageForm counted, bool streamed) => counted switch
    {
        UsageForm.None => "a chunk counts as a token: the endpoint counts none",
        _ when !streamed => "by the endpoint, each answer at once",
        UsageForm.PerChunk => "by the endpoint, chunk by chunk",
        _ => "by the endpoint, at the end of each answer; a chunk counts as a token between",
    };
}
