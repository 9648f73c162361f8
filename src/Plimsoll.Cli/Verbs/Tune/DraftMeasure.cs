using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Engine.Drafting;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Drafts;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// Measures on a release's own answers how far guesses carry them: those that cost nothing to keep, by the
/// engine's own drafter, and a draft model's.
/// </summary>
sealed class DraftMeasure(TuneStage stage, TuneWorkspace workspace)
{
    public const int DraftTokens = 4;
    const int MostQuestions = 400;
    const int MostTokens = 64;
    const TensorFormat Form = TensorFormat.Q8_0;

    /// <summary>Questions that the release was judged by, or those of captured traffic.</summary>
    /// <param name="traffic">File of captured traffic; null: the set of the release's evaluation.</param>
    /// <returns>None where neither is there.</returns>
    public (List<TrainingRecord> Questions, string Source) Questions(
        string release, string? traffic, string? answeredBy)
    {
        if (traffic is not null)
        {
            var captured = CapturedTraffic.Read(traffic, tenant: null, answeredBy).ToList();
            return captured.Count > 0 ? (captured, System.IO.Path.GetFileName(traffic))
                : throw new BadInputException($"{traffic}: no exchange of "
                    + $"{answeredBy ?? "any model"}; expected captured traffic");
        }
        foreach (var (_, hash) in workspace.Registry.Get(release).Links.Where(
            l => l.Key.StartsWith("evaluation", StringComparison.Ordinal)))
        {
            var evaluation = workspace.Registry.Get(hash);
            if ((string?)evaluation.Facts["settings"]?["set_sha256"] is { } blob)
            {
                return (RecordReader.ReadJsonl(workspace.Registry.Blobs.Find(blob)).ToList(),
                    (string)evaluation.Facts["set"]!);
            }
        }
        return ([], "");
    }

    /// <summary>Every so-manyeth, so that the order of a file does not choose.</summary>
    public static List<TrainingRecord> Some(List<TrainingRecord> records, int most = MostQuestions)
    {
        var every = Math.Max(1, records.Count / most);
        return [.. records.Where((_, i) => i % every == 0).Take(most)];
    }

    /// <summary>The release's answers as it is deployed, greedy.</summary>
    public async Task<List<DraftText>> AnswersAsync(
        string release, IReadOnlyList<TrainingRecord> questions, CancellationToken cancellation)
    {
        var adapter = TuneStage.AdapterOf(workspace, release);
        using var model = workspace.OpenFolder(workspace.SpecOf(adapter).Links["base"]);
        var prompts = questions.Select(r => model.Renderer.Prompt([.. r.Messages.SkipLast(1)], r.Tools))
            .ToList();
        await using var deployed = await DeployedModel.OpenAsync(
            workspace, model, adapter, Form, prompts.Max(p => p.Length) + MostTokens, cancellation);
        var answers = await deployed.AnswersAsync(prompts, MostTokens, cancellation);
        return [.. prompts.Zip(answers, (p, a) => new DraftText(p, Ended(a, MostTokens, model.Config)))];
    }

    /// <summary>Guesses from earlier text: of the conversation alone, and of earlier answers too.</summary>
    public static List<DraftAcceptance> Free(IReadOnlyList<DraftText> texts, int draftTokens)
    {
        const string tenant = "task";
        var own = new Drafter();
        var all = new Drafter();
        var (ngram, suffix) = (new List<DraftRun>(), new List<DraftRun>());
        foreach (var text in texts)
        {
            ngram.Add(DraftReplay.Run(text, draftTokens, By(own)));
            suffix.Add(DraftReplay.Run(text, draftTokens, By(all)));
            all.Remember(tenant, [.. text.Prompt, .. text.Answer]);
        }
        return [DraftAcceptance.Of(DraftAcceptance.NGram, draftTokens, ngram),
            DraftAcceptance.Of(DraftAcceptance.Suffix, draftTokens, suffix)];

        static Func<List<int>, int, int[]> By(Drafter drafter)
        {
            var runs = new RunIndex();
            return (seen, most) =>
            {
                runs.AddRest(CollectionsMarshal.AsSpan(seen));
                return drafter.Guess(tenant, runs, CollectionsMarshal.AsSpan(seen), most).ToArray();
            };
        }
    }

    /// <summary>A draft model's guesses, as it would be deployed: all answers step by step.</summary>
    /// <param name="modelHash">A whole model of the registry with the release's vocabulary.</param>
    public async Task<DraftAcceptance> ModelAsync(string modelHash, IReadOnlyList<DraftText> texts,
        int draftTokens, CancellationToken cancellation)
    {
        using var model = ModelFolder.Open(workspace.FolderOf(modelHash));
        var longest = texts.Max(t => t.Prompt.Length + t.Answer.Length) + draftTokens;
        await using var deployed = await DeployedModel.OpenAsync(
            workspace, model, adapter: null, Form, longest, cancellation);
        var at = texts.Select(_ => 1).ToArray();
        var steps = new int[texts.Count];
        while (true)
        {
            var open = Enumerable.Range(0, texts.Count).Where(i => at[i] < texts[i].Answer.Length).ToList();
            if (open.Count == 0)
                break;
            var guesses = await deployed.AnswersAsync(
                [.. open.Select(i => (int[])[.. texts[i].Prompt, .. texts[i].Answer.AsSpan(0, at[i])])],
                draftTokens, cancellation);
            foreach (var (i, guess) in open.Zip(guesses))
            {
                at[i] += DraftReplay.Advance(
                    texts[i].Answer, at[i], Ended(guess, draftTokens, model.Config));
                steps[i]++;
            }
        }
        return DraftAcceptance.Of(DraftAcceptance.Model, draftTokens,
            [.. texts.Select((t, i) => new DraftRun(steps[i], t.Answer.Length - 1))]);
    }

    /// <summary>
    /// What a new release does to its drafts: every drafter measured on its answers, the draft model that is
    /// in use among them.
    /// </summary>
    public async Task AfterReleaseAsync(string release, string? traffic, string? answeredBy,
        CancellationToken cancellation)
    {
        var (questions, source) = Questions(release, traffic, answeredBy);
        if (questions.Count == 0)
        {
            stage.Output.WriteLine("  drafts not measured: the evaluation keeps no set; expected --traffic");
            return;
        }
        var texts = await AnswersAsync(release, Some(questions), cancellation);
        var acceptance = Free(texts, DraftTokens);
        var records = new DraftRecords(workspace);
        var task = (string)workspace.Registry.Get(release).Facts["task"]!;
        var used = records.InUse(task);
        if (used is not null)
            acceptance.Add(await ModelAsync(used.Model, texts, DraftTokens, cancellation));
        records.Add(release, used?.Model, source, acceptance);
        foreach (var line in DraftLines.Of(records.Of(release)[0], records.InUse(task)))
            stage.Output.WriteLine($"  {line}");
    }

    // Cut short by its limit an answer has no end.
    static int[] Ended(int[] answer, int most, ModelConfig config) =>
        answer.Length < most && config.EndTokens.Count > 0 ? [.. answer, config.EndTokens[0]] : answer;
}
