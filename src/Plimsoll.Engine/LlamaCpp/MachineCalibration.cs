using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Profiles;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Times this machine running a model by the engine itself: requests of many sizes, 1 to all at once, in
/// rounds. A step lasts until the next begins, so that drawing tokens and the engine's own work count. Every
/// other round is fitted to, the rest is what the fit is judged by.
/// </summary>
public sealed class MachineCalibration
{
    const int AnswerTokens = 12;
    const int LongestPrompt = 512;
    const int LeastRounds = 2;
    const double Tail = 0.05;

    readonly LlamaOptions _options;
    readonly LlamaEngine _engine;
    readonly Random _random = new(1);
    readonly List<MeasuredStep>[] _steps = [[], []];
    readonly List<long> _requestNs = [];
    List<MeasuredStep> _into = [];
    StepShape _shape;
    long _startNs = -1;

    MachineCalibration(LlamaOptions options, TimeProvider time)
    {
        _options = options with
        {
            CalibrationBudget = TimeSpan.Zero,
            // Timed in the layout that serves: where beginnings are shared, that is this one.
            Layout = options.Layout ?? (options.Limits.PrefixBlockTokens > 0 ? KvLayout.Unified : null),
            Limits = options.Limits with { PrefixBlockTokens = 0, Policy = SchedulingPolicy.VllmV1 },
        };
        _engine = new LlamaEngine(_options, time) { OnStep = Record };
    }

    /// <param name="options">The model and its limits; no prefixes are shared while it is timed.</param>
    /// <param name="budget">Time after which no new round begins; two are always run.</param>
    /// <param name="time">Tells the day.</param>
    /// <param name="progress">Told the share that is done.</param>
    public static async Task<MachineProfile> MeasureAsync(
        LlamaOptions options, TimeSpan budget, TimeProvider time, Action<double>? progress = null)
    {
        if (options.GpuLayers > 0)
        {
            throw new BadInputException(
                "--gpu-layers: a machine's profile speaks of its processor; expected 0");
        }
        var peaks = MachinePeaks.Measure(options.Threads);
        var calibration = new MachineCalibration(options, time);
        await using var engine = calibration._engine;
        await calibration.TimeAsync(budget, progress);
        return calibration.Profile(peaks, time);
    }

    /// <summary>The step times alone, of whatever computes them, and how far they are off the rest.</summary>
    internal static async Task<(MeasuredStepsSpec Steps, double MedianError)> FitAsync(
        LlamaOptions options, TimeSpan budget, TimeProvider time)
    {
        var calibration = new MachineCalibration(options, time);
        await using var engine = calibration._engine;
        await calibration.TimeAsync(budget, null);
        var fitted = StepFit.Of(calibration._steps[0]);
        return (fitted, At([.. calibration.Ratios(fitted).Select(Error).Order()], 0.5));
    }

    async Task TimeAsync(TimeSpan budget, Action<double>? progress)
    {
        var clock = Stopwatch.StartNew();
        var most = await WarmUpAsync(budget);
        for (var round = 0; round < LeastRounds || clock.Elapsed < budget; round++)
        {
            await RoundAsync(round, most);
            progress?.Invoke(Math.Min(1, clock.Elapsed / budget));
        }
    }

    /// <summary>Real over predicted of the steps left out, in order.</summary>
    List<double> Ratios(MeasuredStepsSpec fitted) =>
        [.. _steps[1].Select(step => step.DurationNs / StepFit.PredictNs(fitted, step.Shape)).Order()];

    /// <summary>A lone prompt; prompt tokens that a round may have for the budget to hold several.</summary>
    async Task<int> WarmUpAsync(TimeSpan budget)
    {
        await RunAsync([], 1, 16);
        var tokens = Math.Min(128, Longest);
        var clock = Stopwatch.StartNew();
        await RunAsync([], 1, tokens);
        return (int)Math.Clamp(tokens / clock.Elapsed.TotalSeconds * budget.TotalSeconds / 5, 256, 100_000);
    }

    int Longest => Math.Min(LongestPrompt, _engine.Facts.MaxModelTokens - AnswerTokens);

    /// <summary>1, 2, 4 … requests at once, each crowd with its share of the round's prompt tokens.</summary>
    async Task RoundAsync(int round, int mostTokens)
    {
        var crowds = new List<int>();
        for (var crowd = 1; crowd < _options.Limits.MaxNumSeqs; crowd *= 2)
            crowds.Add(crowd);
        crowds.Add(_options.Limits.MaxNumSeqs);
        foreach (var crowd in crowds)
        {
            var most = Math.Clamp(mostTokens / crowds.Count / crowd, 8, Longest);
            await RunAsync(_steps[round % 2], crowd, most);
        }
        for (var i = 0; i < 3; i++)
            _requestNs.Add(await RunAsync(_steps[round % 2], 1, Math.Min(32, Longest)));
    }

    /// <summary>Requests at once; of a lone one, the time to its first token less its steps.</summary>
    async Task<long> RunAsync(List<MeasuredStep> into, int crowd, int mostPrompt)
    {
        _into = into;
        var before = _engine.Telemetry.BusyNs;
        var answers = new List<Answer>();
        for (var i = 0; i < crowd; i++)
        {
            var prompt = new int[_random.Next(Math.Min(8, mostPrompt), mostPrompt + 1)];
            for (var at = 0; at < prompt.Length; at++)
                prompt[at] = _random.Next(_engine.Model.Tokenizer.Size);
            var answer = _engine.Submit(new EngineRequest
            {
                Prompt = prompt,
                MaxOutputTokens = AnswerTokens,
                IgnoreEos = true,
                Sampling = new SamplingOptions { Temperature = 0 },
                Tenant = "calibration",
            });
            if (answer.Refusal is { } refusal)
                throw new BadInputException($"{_options.Path}: {refusal.Message}");
            answers.Add(answer);
        }
        var (first, last, count) = (0L, 0L, 0);
        foreach (var answer in answers)
        {
            await foreach (var token in answer.Tokens.ReadAllAsync())
            {
                first = count++ == 0 ? token.TimeNs : first;
                last = token.TimeNs;
            }
        }
        Finish();
        var steps = _engine.Telemetry.BusyNs - before;
        return Math.Max(0, last - answers[0].SubmittedNs - steps);
    }

    /// <summary>On the engine's thread: a step has ended, and with it the wait of the one before.</summary>
    void Record(in EngineStep step)
    {
        if (_startNs >= 0)
            _into.Add(new MeasuredStep(_shape, step.StartNs - _startNs));
        (_shape, _startNs) = (step.Shape, step.StartNs);
    }

    /// <summary>What follows the last step is no step; the engine is idle now.</summary>
    void Finish() => _startNs = -1;

    MachineProfile Profile(MachinePeaks peaks, TimeProvider time)
    {
        var fitted = StepFit.Of(_steps[0]);
        var ratios = Ratios(fitted);
        _requestNs.Sort();
        using var file = GgufFile.Open(_options.Path);
        var model = GgufModel.Spec(file);
        var weights = Core.Models.NumberFormats.Name(model.NativeWeights);
        var medianError = Rounded(100 * At([.. ratios.Select(Error).Order()], 0.5));
        return new MachineProfile
        {
            Schema = MachineProfile.SchemaName,
            Model = Of(model, weights),
            Machine = new MachineFacts
            {
                Name = MachinePeaks.ProcessorName(),
                Threads = _options.Threads,
                PeakTflops = Rounded(model.NativeWeights == Core.Models.NumberFormat.Bf16
                    ? peaks.Tflops
                    : peaks.ByteTops),
                MemoryGbPerSecond = Rounded(peaks.MemoryGbPerSecond),
                MemoryGb = Rounded(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9),
            },
            Engine = new MachineEngine
            {
                Name = LlamaEngine.Name,
                Release = LlamaLibrary.Release.Split(' ')[0],
                MaxNumSeqs = _options.Limits.MaxNumSeqs,
                MaxNumBatchedTokens = _options.Limits.MaxNumBatchedTokens,
                BlockSize = _options.Limits.BlockSize,
                NumBlocks = _options.Limits.NumBlocks,
                RequestNs = _requestNs[_requestNs.Count / 2],
            },
            Steps = fitted,
            StepError = new ProfileInterval(
                Rounded(Math.Min(1, At(ratios, Tail))), Rounded(Math.Max(1, At(ratios, 1 - Tail))),
                "steps of the rounds left out"),
            MedianErrorPercent = medianError,
            Warning = WarningOf(medianError),
            FittedSteps = _steps[0].Count,
            HeldOutSteps = _steps[1].Count,
            AsOf = time.GetUtcNow().ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture),
        };
    }

    /// <summary>An idle machine's steps are foretold to a few percent: this is far beyond them.</summary>
    const double MostErrorPercent = 20;

    internal static string? WarningOf(double medianErrorPercent) => medianErrorPercent <= MostErrorPercent
        ? null
        : FormattableString.Invariant($"half of the steps are foretold over {medianErrorPercent:0} % wrong")
            + ": what is computed with this profile is no better; the machine was busy while it was timed, "
            + "so time it again when it is not";

    MachineModel Of(Core.Models.ModelSpec model, string weights) => new()
    {
        Name = model.Name,
        Family = model.Family,
        File = Path.GetFileName(_options.Path),
        Sha256 = HashOf(_options.Path),
        Parameters = model.Parameters,
        Layers = model.Layers,
        Hidden = model.Hidden,
        Vocabulary = model.Vocabulary,
        TiedEmbeddings = model.TiedEmbeddings,
        Heads = model.Attention.Heads,
        KvHeads = model.Attention.KvHeads,
        HeadDim = model.Attention.HeadDim,
        ValueHeadDim = model.Attention.ValueHeadDim,
        Intermediate = model.FeedForward.Intermediate,
        Gated = model.FeedForward.Gated,
        MaxContext = _engine.Facts.MaxModelTokens,
        Weights = weights,
    };

    static string HashOf(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>|predicted − real| ÷ real.</summary>
    static double Error(double realOverPredicted) => Math.Abs(1 - (1 / realOverPredicted));

    static double At(List<double> sorted, double share) => sorted[(int)(share * (sorted.Count - 1))];

    /// <summary>Three digits: more are not known.</summary>
    static double Rounded(double value) => double.Parse(
        value.ToString("G3", System.Globalization.CultureInfo.InvariantCulture),
        System.Globalization.CultureInfo.InvariantCulture);
}
