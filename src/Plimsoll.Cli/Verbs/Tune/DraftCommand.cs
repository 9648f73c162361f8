using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Drafts;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune draft NAME</c>: a draft model of the release with fewer layers, distilled from the
/// release's own answers, and deployed only if what it saves exceeds what it cost.
/// </summary>
sealed class DraftCommand(TuneStage stage)
{
    readonly Argument<string> _name = new("NAME") { Description = "Hash of a release, or TASK@NAME" };

    readonly Option<string> _registry = TuneStage.RegistryOption();

    readonly Option<string?> _traffic = TrafficOption();

    readonly Option<string?> _answeredBy = AnsweredByOption();

    readonly Option<int> _layers = new("--layers")
    {
        Description = "Of the draft, fewer than the target's",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<int> _tokens = new("--draft-tokens")
    {
        Description = "Guessed a step",
        DefaultValueFactory = _ => DraftMeasure.DraftTokens,
    };

    readonly Option<int> _most = new("--most-questions")
    {
        Description = "Answered to learn from",
        DefaultValueFactory = _ => 4000,
    };

    readonly Option<int> _epochs = new("--epochs")
    {
        Description = "Passes over the answers",
        DefaultValueFactory = _ => 3,
    };

    readonly Option<double> _rate = new("--learning-rate")
    {
        Description = "Highest, of AdamW",
        DefaultValueFactory = _ => 2e-3,
    };

    readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Of data order",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<double> _usd = new("--usd-per-cpu-hour")
    {
        Description = "Price of a processor's hour on this machine",
        DefaultValueFactory = _ => 0.05,
    };

    readonly DraftSaving _saving = new(stage);

    internal static Option<string?> TrafficOption() => new("--traffic")
    {
        Description = "Captured traffic whose questions are asked [default: what the release was judged by]",
    };

    internal static Option<string?> AnsweredByOption() => new("--answered-by")
    {
        Description = "Of captured traffic, what this model or release answered only",
    };

    public Command Build()
    {
        var command = new Command("draft", "Distils a draft model from a release's own answers; deployed "
            + "only if its simulated saving exceeds its cost.")
        {
            _name, _registry, _traffic, _answeredBy, _layers, _tokens, _most, _epochs, _rate, _seed, _usd,
        };
        _saving.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var serving = _saving.Resolve(parsed);
        var tokens = Within(parsed, _tokens, 32);
        using var workspace = TuneStage.Open(parsed.GetValue(_registry)!);
        var release = workspace.Registry.Resolve(parsed.GetValue(_name)!);
        workspace.Of(release, ManifestKind.Release);
        using (var target = workspace.OpenFolder(
            workspace.SpecOf(TuneStage.AdapterOf(workspace, release)).Links["base"]))
        {
            DraftStart.Check(target, parsed.GetValue(_layers));
        }
        var measure = new DraftMeasure(stage, workspace);
        var (learned, measured, source) = Questions(parsed, workspace, measure, release);
        var before = Environment.CpuUsage.TotalTime;
        stage.Story.WriteLine(
            $"plimsoll: the release answers {measured.Count} questions to measure, {learned.Count} to learn");
        var texts = await measure.AnswersAsync(release, measured, cancellation);
        var acceptance = DraftMeasure.Free(texts, tokens);
        var (model, trainingSeconds, layers) = await DistilAsync(
            parsed, workspace, measure, release, learned, measured, source, cancellation);
        var distilled = await measure.ModelAsync(model, texts, tokens, cancellation);
        var seconds = trainingSeconds + (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        var decision = _saving.Judge(parsed, serving, acceptance, distilled, layers,
            seconds / 3600 * Price(parsed));
        decision.Facts["cpu_seconds"] = Math.Round(seconds, 1);
        acceptance.Add(distilled);
        return Keep(workspace, release, model, source, acceptance, decision);
    }

    int Keep(TuneWorkspace workspace, string release, string model, string source,
        List<DraftAcceptance> acceptance, GateOutcome decision)
    {
        var records = new DraftRecords(workspace);
        var task = (string)workspace.Registry.Get(release).Facts["task"]!;
        var record = records.Add(release, model, source, acceptance, decision);
        if (decision.Verdict == GateVerdict.Passed)
            records.Deploy(task, record, "pays");
        stage.Output.WriteLine($"draft {record}");
        foreach (var line in DraftLines.Of(records.Read(record), records.InUse(task)))
            stage.Output.WriteLine($"  {line}");
        if (decision.Verdict == GateVerdict.Passed)
            stage.Output.WriteLine($"  {task}@draft");
        return decision.Verdict == GateVerdict.Passed ? CommandLine.Done : CommandLine.Failed;
    }

    // What is measured is never learned: of traffic every other question, copies of the measured left out.
    (List<TrainingRecord> Learned, List<TrainingRecord> Measured, string Source) Questions(
        ParseResult parsed, TuneWorkspace workspace, DraftMeasure measure, string release)
    {
        var traffic = parsed.GetValue(_traffic);
        var (asked, source) = measure.Questions(release, traffic, parsed.GetValue(_answeredBy));
        if (asked.Count == 0)
        {
            throw new BadInputException(
                $"release {release[..12]}: its evaluation keeps no set; expected --traffic FILE");
        }
        var most = Within(parsed, _most, 1_000_000);
        if (traffic is not null)
        {
            return (DraftMeasure.Some([.. asked.Where((_, i) => i % 2 == 1)], most),
                DraftMeasure.Some([.. asked.Where((_, i) => i % 2 == 0)]), source);
        }
        var adapter = TuneStage.AdapterOf(workspace, release);
        var dataset = workspace.Of(workspace.SpecOf(adapter).Links["dataset"], ManifestKind.Dataset);
        var train = RecordReader.ReadJsonl(workspace.Registry.Blobs.Find(dataset.Blobs["train.jsonl"]))
            .Where(r => !r.IsPreference && r.Text is null).ToList();
        return (DraftMeasure.Some(train, most), DraftMeasure.Some(asked), source);
    }

    /// <returns>The draft model, the processor time of its training, its layers as a share of the
    /// target's.</returns>
    async Task<(string Model, double Seconds, double Layers)> DistilAsync(ParseResult parsed,
        TuneWorkspace workspace, DraftMeasure measure, string release, List<TrainingRecord> learned,
        List<TrainingRecord> measured, string source, CancellationToken cancellation)
    {
        using var work = new ScratchFolder(workspace.Folder, "draft");
        var adapter = TuneStage.AdapterOf(workspace, release);
        using var target = workspace.OpenFolder(workspace.SpecOf(adapter).Links["base"]);
        var folder = work.In("start");
        DraftStart.Write(target, workspace.FolderOf(adapter), parsed.GetValue(_layers), folder);
        var start = workspace.AddBase(folder);
        var answers = await measure.AnswersAsync(release, learned, cancellation);
        var set = work.In("measured.jsonl");
        File.WriteAllLines(set, measured.Select(RecordJson.Of));
        var options = new DatasetOptions { NearDuplicateSimilarity = 0, RedactPii = false,
            ValidationShare = 0, EvaluationSets = new Dictionary<string, string> { ["measured"] = set } };
        var origin = new JsonObject { ["source"] = "answers of a release", ["release"] = release,
            ["questions"] = source };
        var (dataset, _) = workspace.AddDataset(
            Answered(learned, answers, target), options, start, origin, cancellation);
        var (model, _) = await new EmbeddedRuns(workspace, stage.Trainer).RunAsync(
            start, dataset, new TrainingOptions
            {
                Whole = true,
                Epochs = parsed.GetValue(_epochs),
                LearningRate = parsed.GetValue(_rate),
                Seed = parsed.GetValue(_seed),
                SequenceTokens = Math.Min(256, target.Config.ContextTokens),
            }, null, usdPerHour: null, _ => { }, cancellation);
        var run = workspace.Registry.Get(workspace.Registry.Get(model).Links["run"]);
        return (model, (double)run.Facts["cpu_seconds"]!,
            parsed.GetValue(_layers) / (double)target.Config.Layers);
    }

    static List<TrainingRecord> Answered(List<TrainingRecord> questions, List<DraftText> answers,
        ModelFolder target)
    {
        var records = new List<TrainingRecord>();
        foreach (var (question, answer) in questions.Zip(answers))
        {
            var text = target.Tokenizer.Decode(
                answer.Answer.Where(t => !target.Config.EndTokens.Contains(t)), specials: false);
            if (text.Trim().Length > 0)
            {
                records.Add(question with
                {
                    Messages = [.. question.Messages.SkipLast(1), new ChatMessage("assistant", text)],
                });
            }
        }
        return records;
    }

    static int Within(ParseResult parsed, Option<int> option, int most) =>
        parsed.GetValue(option) is var value && value >= 1 && value <= most ? value
            : throw new BadInputException($"{option.Name} {value}: expected 1 to {most}");

    double Price(ParseResult parsed) => parsed.GetValue(_usd) is >= 0 and < 1000 and var usd ? usd
        : throw new BadInputException($"{_usd.Name}: expected 0 to 1000");
}
