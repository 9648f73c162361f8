using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// Eight faults that people meet, each planted into a real adapter of a real model, its data or its traffic:
/// which gate sees it, and in which words. Beside them the same parts without a fault, which pass.
/// </summary>
sealed class FaultFigures(string work, string modelFolder)
{
    const int Prompts = 200;
    const int AnswerTokens = 16;

    readonly string _folder = Path.Combine(work, "faults");
    int _missed;

    /// <returns>Faults that no gate saw.</returns>
    public async Task<int> RunAsync()
    {
        Directory.CreateDirectory(_folder);
        var set = IntentSet.Load("snips");
        using var model = ModelFolder.Open(modelFolder);
        var adapter = await TrainAsync(model, set);
        var prompts = set.Test.Take(Prompts)
            .Select(u => model.Renderer.Prompt([new ChatMessage("user", u.Text)], null)).ToList();
        var trainer = await Jobs.AnswersAsync(modelFolder, adapter, prompts, AnswerTokens, _folder);
        GgufExport.Model(model, null, TensorFormat.F32, "base").Save(At("base.gguf"));
        GgufExport.Model(model, adapter, TensorFormat.F32, "merged").Save(At("merged.gguf"));
        GgufExport.Adapter(model, adapter, "tuned").Save(At("adapter.gguf"));
        async Task<GateOutcome> Parity(string gguf, string? lora, IReadOnlyList<int[]> asked) => Gates.Parity(
            [.. trainer.Zip(await Deployed.AnswersAsync(At(gguf), lora, asked, AnswerTokens),
                (t, e) => ParityExample.Of("a prompt", t, e, model.Config.EndTokens))],
            quantised: false, needed: Prompts);
        Expect(GateVerdict.Passed, "nothing: adapter beside its base",
            await Parity("base.gguf", At("adapter.gguf"), prompts));
        Expect(GateVerdict.Passed, "nothing: merged", await Parity("merged.gguf", null, prompts));
        Expect(GateVerdict.Failed, "wrong template", await Parity("merged.gguf", null, [.. set.Test
            .Take(Prompts).Select(u => Foreign(model, u.Text))]));
        Endless(model);
        Expect(GateVerdict.Failed, "missing EOS", await Parity("endless.gguf", null, prompts));
        Unpermuted(model);
        Expect(GateVerdict.Failed, "unpermuted Q/K", await Parity("unpermuted.gguf", null, prompts));
        Unscaled();
        Expect(GateVerdict.Failed, "rsLoRA scale", await Parity("base.gguf", At("unscaled.gguf"), prompts));
        WrongBase(adapter);
        Leaked(set);
        WorseByThree();
        Canary();
        return _missed;
    }

    // Few steps suffice: what is looked at is whether two programs compute the same.
    async Task<string> TrainAsync(ModelFolder model, IntentSet set)
    {
        var data = At("train.jsonl");
        Corpus.Write(data, set.Train.Take(2000).Select(u => new TrainingRecord
        {
            Messages = [new("user", u.Text), new("assistant", u.Intent)],
        }));
        await Jobs.TrainAsync(new TrainerJob
        {
            Spec = IntentSpec.Of(model, data, rank: 16, rankStabilised: true) with { Epochs = 2 },
            BaseFolder = modelFolder,
            DatasetFile = data,
            OutputFolder = At("adapter"),
            CheckpointFolder = At("checkpoints"),
        }, At("job.json"), CancellationToken.None, quiet: true);
        return At("adapter");
    }

    // As another family writes its turns.
    static int[] Foreign(ModelFolder model, string question) =>
        [.. model.Tokenizer.Encode($"### Instruction:\n{question}\n\n### Response:\n", specials: true)];

    void Endless(ModelFolder model)
    {
        using var whole = GgufFile.Open(At("merged.gguf"));
        var tokens = ((string[])whole.Metadata["tokenizer.ggml.tokens"]).ToArray();
        foreach (var end in model.Config.EndTokens)
            tokens[end] = $"<|unused{end}|>";
        Changed(whole, (_, values) => values).Set("tokenizer.ggml.tokens", tokens)
            .Set("tokenizer.ggml.eos_token_id", 0u).Save(At("endless.gguf"));
    }

    void Unpermuted(ModelFolder model)
    {
        var (heads, kv, size) = (model.Config.Heads, model.Config.KvHeads, model.Config.HeadSize);
        using var whole = GgufFile.Open(At("merged.gguf"));
        Changed(whole, (name, values) => name.Contains("attn_q.", StringComparison.Ordinal)
            ? Unpermute(values, heads * size, heads)
            : name.Contains("attn_k.", StringComparison.Ordinal)
                ? Unpermute(values, kv * size, kv) : values).Save(At("unpermuted.gguf"));
    }

    // GGUF has the two halves of a head's rows in turn, Hugging Face one after the other.
    static float[] Unpermute(float[] values, int rows, int heads)
    {
        var (width, size) = (values.Length / rows, rows / heads);
        var changed = new float[values.Length];
        for (var row = 0; row < rows; row++)
        {
            var (head, at) = (row / size, row % size);
            var from = head * size + at % (size / 2) * 2 + at / (size / 2);
            Array.Copy(values, from * width, changed, row * width, width);
        }
        return changed;
    }

    // Alpha as it stands in the PEFT folder, where GGUF's reader divides by the rank and not by its root.
    void Unscaled()
    {
        using var adapter = GgufFile.Open(At("adapter.gguf"));
        Changed(adapter, (_, values) => values).Set("adapter.lora.alpha", 16f).Save(At("unscaled.gguf"));
    }

    void WrongBase(string adapter)
    {
        using (var whole = GgufFile.Open(At("base.gguf")))
        {
            var writer = new GgufWriter(whole.Architecture!).SetAll(whole.Metadata
                .Where(m => !m.Key.StartsWith("plimsoll.", StringComparison.Ordinal)).ToDictionary());
            foreach (var tensor in whole.Tensors)
            {
                writer.Add(tensor.Name, [.. tensor.Shape], tensor.Format,
                    Array.ConvertAll(whole.ReadFloats(tensor), v => v * 1.001f));
            }
            writer.Save(At("other.gguf"));
        }
        if (Directory.Exists(At("other")))
            Directory.Delete(At("other"), recursive: true);
        using (var other = GgufFile.Open(At("other.gguf")))
            GgufImport.Model(other, At("other"));
        using var model = ModelFolder.Open(At("other"));
        try
        {
            GgufExport.Adapter(model, adapter, "tuned");
            Say("wrong base of the same shape", false, "identity", "not seen");
        }
        catch (BadInputException bad)
        {
            Say("wrong base of the same shape", true, "identity",
                bad.Message.Replace(_folder + "/", "", StringComparison.Ordinal));
        }
    }

    // As they are, in capitals, and with other marks.
    void Leaked(IntentSet set)
    {
        static TrainingRecord Asked(string text, string intent) =>
            new() { Messages = [new("user", text), new("assistant", intent)] };
        var leaked = set.Test.Take(150).Select((u, i) => Asked(i % 3 == 0 ? u.Text
            : i % 3 == 1 ? u.Text.ToUpperInvariant() : u.Text.Replace(" ", ",  ") + " !", u.Intent)).ToList();
        var test = set.Test.Select(u => Asked(u.Text, u.Intent)).ToList();
        var build = DatasetBuilder.Build([.. set.Train.Select(u => Asked(u.Text, u.Intent)), .. leaked], test,
            new DatasetOptions { NearDuplicateSimilarity = 0, RedactPii = false, ValidationShare = 0 }, null,
            CancellationToken.None);
        var hidden = leaked.Select(r => Words(r.Messages[0].Content)).ToHashSet(StringComparer.Ordinal);
        var left = build.Train.Count(r => hidden.Contains(Words(r.Messages[0].Content)));
        var filter = build.Filters.Single(f => f.Filter == "decontamination");
        Say("150 leaked test rows", left == 0, "decontamination",
            $"{filter.Before - filter.After} records taken out, {left} of the planted are left");
    }

    static string Words(string text) =>
        string.Concat(text.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    void WorseByThree()
    {
        var passed = Enumerable.Range(1, GateFigures.Candidates)
            .Count(seed => GateFigures.Quality(3000, 0.03, (ulong)seed).Verdict == GateVerdict.Passed);
        var one = GateFigures.Quality(3000, 0.03, seed: 1);
        Say("candidate 3 points worse", passed <= GateFigures.Candidates / 20, one.Gate,
            $"{passed} of {GateFigures.Candidates} pass; the first: {one.Evidence}");
    }

    void Canary()
    {
        var (back, promoted, answers) = GateFigures.Promotions(0.03, 0.01);
        Say("canary with 2 % more errors", promoted == 0 && back >= 0.95 * GateFigures.Canaries,
            "guard errors", $"{back} of {GateFigures.Canaries} rolled back by themselves, {promoted} "
                + $"promoted; {answers:F0} of the candidate's answers on average");
    }

    void Expect(GateVerdict expected, string fault, GateOutcome found) =>
        Say(fault, found.Verdict == expected, found.Gate,
            $"{found.Verdict.ToString().ToLowerInvariant()}: {found.Evidence}");

    void Say(string fault, bool asExpected, string gate, string evidence)
    {
        _missed += asExpected ? 0 : 1;
        Console.WriteLine($"{(asExpected ? "ok    " : "MISSED")} {fault,-34} {gate,-15} {evidence}");
    }

    static GgufWriter Changed(GgufFile file, Func<string, float[], float[]> change)
    {
        var writer = new GgufWriter(file.Architecture!).SetAll(file.Metadata);
        foreach (var tensor in file.Tensors)
        {
            writer.Add(tensor.Name, [.. tensor.Shape], tensor.Format,
                change(tensor.Name, file.ReadFloats(tensor)));
        }
        return writer;
    }

    string At(string name) => Path.Combine(_folder, name);
}
