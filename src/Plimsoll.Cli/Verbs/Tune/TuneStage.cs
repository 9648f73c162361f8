using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>What every command of <c>tune</c> needs: the registry, the base, the trainer.</summary>
sealed class TuneStage(TextWriter output, TextWriter story)
{
    public const string DefaultBase = "plimsoll";

    public TextWriter Output => output;

    public TextWriter Story => story;

    /// <summary>A fresh one for each command, since an option belongs to one command.</summary>
    public static Option<string> RegistryOption() => new("--registry")
    {
        Description = "Folder of blobs, manifests and names",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("PLIMSOLL_REGISTRY")
            ?? "plimsoll-registry",
    };

    public static Option<string> BaseOption() => new("--base")
    {
        Description =
            "Model to tune: a Hugging Face folder, a GGUF file, a hash; plimsoll is the built-in one",
        DefaultValueFactory = _ => DefaultBase,
    };

    /// <exception cref="BadInputException">There is none: a name that is not quite right makes no
    /// new one.</exception>
    public static TuneWorkspace Open(string registry) => File.Exists(Path.Combine(registry, "registry.db"))
        ? OpenOrCreate(registry)
        : throw new BadInputException(
            $"{registry}: no registry; expected one that plimsoll tune dataset has made");

    public static TuneWorkspace OpenOrCreate(string registry) => new(registry, TimeProvider.System);

    public TrainerProcess Trainer() => TrainerProcess.Locate(text => story.WriteLine($"plimsoll: {text}"));

    /// <summary>
    /// Takes a base in by whatever it is named; the built-in one's name comes before any file's.
    /// </summary>
    public static string BaseOf(TuneWorkspace workspace, string name)
    {
        if (name == DefaultBase)
        {
            var file = Path.Combine(workspace.Folder, "plimsoll-tiny.gguf");
            BuiltInModel.WriteTo(file);
            return workspace.AddGguf(file);
        }
        if (Directory.Exists(name))
            return workspace.AddBase(name);
        if (File.Exists(name))
            return workspace.AddGguf(name);
        return workspace.Registry.Resolve(name);
    }

    /// <summary>An adapter by hash, by a release's hash or by a task's name.</summary>
    public static string AdapterOf(TuneWorkspace workspace, string name)
    {
        var hash = workspace.Registry.Resolve(name);
        var manifest = workspace.Registry.Get(hash);
        return manifest.Kind switch
        {
            ManifestKind.Adapter when manifest.Blobs.ContainsKey(PeftAdapter.WeightsFile) => hash,
            ManifestKind.Adapter => throw new BadInputException(
                $"{name} is a whole model; expected an adapter or a release"),
            ManifestKind.Release => manifest.Links["adapter"],
            ManifestKind.Run => workspace.Registry.Users(hash, "run").FirstOrDefault()
                ?? throw new BadInputException(
                    $"{name} is a run whose weights lie elsewhere; expected an adapter or a release"),
            _ => throw new BadInputException($"{name} is of kind "
                + $"{manifest.Kind.ToString().ToLowerInvariant()}; expected an adapter or a release"),
        };
    }
}
