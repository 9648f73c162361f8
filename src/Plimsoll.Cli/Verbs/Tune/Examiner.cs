using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>Puts a set's questions to the trainer and to the deployed engine.</summary>
sealed class Examiner(TuneStage stage, TuneWorkspace workspace, string baseHash, TensorFormat format,
    int mostTokens)
{
    /// <param name="current">Adapter that answers now, of any base; null for the candidate's base.</param>
    /// <param name="settings">By which its answers may have been kept already.</param>
    public async Task<List<JudgedExample>> JudgedAsync(List<TrainingRecord> set, string candidate,
        string? current, JsonObject settings, CancellationToken cancellation)
    {
        var theirs = await TextsAsync(set, candidate, baseHash, cancellation);
        var ours = current == candidate ? theirs
            : current is null ? await TextsAsync(set, null, baseHash, cancellation)
            : new Releases(workspace).Answers(current, settings)
                ?? await TextsAsync(set, current, workspace.SpecOf(current).Links["base"], cancellation);
        return [.. set.Select((r, i) => new JudgedExample(
            r.Messages[^2].Content, r.Messages[^1].Content, ours[i], theirs[i], r.Group))];
    }

    async Task<IReadOnlyList<string>> TextsAsync(
        List<TrainingRecord> set, string? adapter, string ofBase, CancellationToken cancellation)
    {
        using var model = workspace.OpenFolder(ofBase);
        var prompts = set.ConvertAll(r => model.Renderer.Prompt([.. r.Messages.SkipLast(1)], r.Tools));
        var answers = await DeployedAsync(model, adapter, format, prompts, cancellation);
        return answers.ConvertAll(a => model.Tokenizer.Decode(a, specials: false).Trim());
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
            var engine = await DeployedAsync(model, adapter, form, asked, cancellation);
            return [.. asked.Select((p, i) => ParityExample.Of(model.Tokenizer.Decode(p, specials: true),
                trainer[i], engine[i], model.Config.EndTokens))];
        }
        var needed = Math.Min(prompts, 50);
        return format == TensorFormat.F32
            ? Gates.Parity(await Examples(format), quantised: false, needed)
            : Gates.Parity(await Examples(TensorFormat.F32), await Examples(format), needed);
    }

    async Task<List<int[]>> DeployedAsync(ModelFolder model, string? adapter, TensorFormat form,
        List<int[]> prompts, CancellationToken cancellation)
    {
        await using var deployed = await DeployedModel.OpenAsync(
            workspace, model, adapter, form, prompts.Max(p => p.Length) + mostTokens, cancellation);
        return await deployed.AnswersAsync(prompts, mostTokens, cancellation);
    }

    async Task<List<GreedyAnswer>> TrainerAsync(
        List<int[]> prompts, string adapter, CancellationToken cancellation)
    {
        using var work = new ScratchFolder(workspace.Folder, "parity");
        var lines = work.In("prompts.jsonl");
        File.WriteAllLines(lines, prompts.Select(p => JsonSerializer.Serialize(p)));
        var job = work.In("job.json");
        File.WriteAllText(job, JsonSerializer.Serialize(new GenerateJob
        {
            BaseFolder = workspace.FolderOf(baseHash),
            AdapterFolder = workspace.FolderOf(adapter),
            PromptsFile = lines,
            MostTokens = mostTokens,
        }, CanonicalJson.Options));
        var answers = new List<GreedyAnswer>();
        await stage.Trainer().GenerateAsync(job, answers.Add, cancellation);
        return answers;
    }
}
