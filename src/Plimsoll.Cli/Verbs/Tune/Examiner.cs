using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>Puts a set's questions to the trainer and to the deployed engine.</summary>
sealed class Examiner(TuneStage stage, TuneWorkspace workspace, string baseHash, TensorFormat format,
    int mostTokens)
{
    /// <param name="current">The adapter that answers now; null for the base.</param>
    public async Task<List<JudgedExample>> JudgedAsync(
        List<TrainingRecord> set, string candidate, string? current, CancellationToken cancellation)
    {
        using var model = workspace.OpenFolder(baseHash);
        var prompts = set.ConvertAll(r => model.Renderer.Prompt([.. r.Messages.SkipLast(1)], r.Tools));
        var theirs = await EngineAnswers.OfAsync(
            workspace, baseHash, candidate, format, prompts, mostTokens, cancellation);
        var ours = current == candidate ? theirs
            : await EngineAnswers.OfAsync(workspace, baseHash, current, format, prompts, mostTokens,
                cancellation);
        string Text(int[] tokens) => model.Tokenizer.Decode(tokens, specials: false).Trim();
        return [.. set.Select((r, i) => new JudgedExample(
            r.Messages[^2].Content, r.Messages[^1].Content, Text(ours[i]), Text(theirs[i]), r.Group))];
    }

    public async Task<GateOutcome> ParityAsync(
        List<TrainingRecord> set, string adapter, int prompts, CancellationToken cancellation)
    {
        using var model = workspace.OpenFolder(baseHash);
        var asked = set.Take(prompts).Select(r => model.Renderer.Prompt([.. r.Messages.SkipLast(1)], r.Tools))
            .ToList();
        var trainer = await TrainerAsync(asked, adapter, cancellation);
        async Task<List<ParityExample>> Examples(TensorFormat form)
        {
            var engine = await EngineAnswers.OfAsync(
                workspace, baseHash, adapter, form, asked, mostTokens, cancellation);
            return [.. asked.Select((p, i) => new ParityExample(
                model.Tokenizer.Decode(p, specials: true),
                [.. trainer[i].Where(t => !model.Config.EndTokens.Contains(t))], engine[i]))];
        }
        var needed = Math.Min(prompts, 50);
        return format == TensorFormat.Q8_0
            ? Gates.Parity(await Examples(TensorFormat.F32), await Examples(format), needed)
            : Gates.Parity(await Examples(format), quantised: false, needed);
    }

    async Task<List<int[]>> TrainerAsync(List<int[]> prompts, string adapter, CancellationToken cancellation)
    {
        var work = Path.Combine(workspace.Folder, "work", $"parity-{Guid.NewGuid():N}");
        Directory.CreateDirectory(work);
        try
        {
            var lines = Path.Combine(work, "prompts.jsonl");
            File.WriteAllLines(lines, prompts.Select(p => JsonSerializer.Serialize(p)));
            var job = Path.Combine(work, "job.json");
            File.WriteAllText(job, JsonSerializer.Serialize(new GenerateJob
            {
                BaseFolder = workspace.FolderOf(baseHash),
                AdapterFolder = workspace.FolderOf(adapter),
                PromptsFile = lines,
                MostTokens = mostTokens,
            }, CanonicalJson.Options));
            var answers = new List<int[]>();
            await stage.Trainer().GenerateAsync(
                job, l => answers.Add(JsonSerializer.Deserialize<int[]>(l)!), cancellation);
            return answers;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
