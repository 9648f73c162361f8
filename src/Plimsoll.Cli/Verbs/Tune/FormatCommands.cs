using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune export|import</c>: between Hugging Face's, PEFT's and llama.cpp's files.
/// </summary>
sealed class FormatCommands(TuneStage stage)
{
    public Command Export()
    {
        var registry = TuneStage.RegistryOption();
        var name = new Argument<string>("NAME") { Description =
            "Hash of a base, an adapter, a release or a draft, or task@alias" };
        var to = new Option<string>("--out") { Description = "The GGUF file to write", Required = true };
        var format = new Option<TensorFormat>("--format") { Description = "F32, F16, BF16 or "
            + "Q8_0, of whole models", DefaultValueFactory = _ => TensorFormat.Q8_0 };
        var merged = new Option<bool>("--merged") { Description = "Base and adapter as one model" };
        var command = new Command("export", "A base, an adapter or both merged, as GGUF.") { name, registry,
            to, format, merged };
        command.SetAction(parsed =>
        {
            using var workspace = TuneStage.Open(parsed.GetValue(registry)!);
            var form = parsed.GetValue(format);
            if (!TensorNumbers.CanConvert(form))
                throw new BadInputException($"--format {form}: expected F32, F16, BF16 or Q8_0");
            var hash = workspace.Registry.Resolve(parsed.GetValue(name)!);
            if (WholeOf(workspace, hash) is { } whole)
            {
                using var draft = ModelFolder.Open(workspace.FolderOf(whole));
                GgufExport.Model(draft, null, form, whole).Save(parsed.GetValue(to)!);
                stage.Output.WriteLine(parsed.GetValue(to));
                return CommandLine.Done;
            }
            var isBase = workspace.Registry.Get(hash).Kind == ManifestKind.Base;
            var adapter = isBase ? null : TuneStage.AdapterOf(workspace, hash);
            using var model = workspace.OpenFolder(
                adapter is null ? hash : workspace.SpecOf(adapter).Links["base"]);
            var writer = adapter is not null && !parsed.GetValue(merged)
                ? GgufExport.Adapter(model, workspace.FolderOf(adapter), adapter)
                : GgufExport.Model(model, adapter is null ? null : workspace.FolderOf(adapter), form, hash);
            writer.Save(parsed.GetValue(to)!);
            stage.Output.WriteLine(parsed.GetValue(to));
            return CommandLine.Done;
        });
        return command;
    }

    /// <summary>A draft's model, or a model whose weights were all trained; null for anything else.</summary>
    static string? WholeOf(TuneWorkspace workspace, string hash)
    {
        var manifest = workspace.Registry.Get(hash);
        if (manifest.Kind == ManifestKind.Draft)
        {
            return manifest.Links.GetValueOrDefault("model") ?? throw new BadInputException(
                $"draft {hash[..12]} measures guesses from text, which have no model; expected another");
        }
        return manifest.Kind == ManifestKind.Adapter && manifest.Blobs.ContainsKey(ModelFolder.WeightsFile)
            ? hash : null;
    }

    public Command Import()
    {
        var file = new Argument<string>("FILE") { Description = "A GGUF model" };
        var to = new Option<string>("--out") { Description = "The Hugging Face folder to write",
            Required = true };
        var command = new Command("import", "A GGUF model as a Hugging Face folder, to be tuned.") { file,
            to };
        command.SetAction(parsed =>
        {
            if (Directory.Exists(parsed.GetValue(to)!))
                throw new BadInputException($"{parsed.GetValue(to)}: exists already; expected a new folder");
            using var gguf = GgufFile.Open(parsed.GetValue(file)!);
            GgufImport.Model(gguf, parsed.GetValue(to)!);
            stage.Output.WriteLine(parsed.GetValue(to));
            return CommandLine.Done;
        });
        return command;
    }
}
