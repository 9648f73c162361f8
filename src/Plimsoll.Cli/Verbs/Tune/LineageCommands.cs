using System;
using System.CommandLine;
using Plimsoll.Cli.Terminal;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary><c>plimsoll tune lineage|reproduce|list</c>.</summary>
sealed class LineageCommands(TuneStage stage)
{
    public Command Lineage()
    {
        var registry = TuneStage.RegistryOption();
        var name = new Argument<string>("NAME") { Description = "Hash, beginning of a hash, or task@alias" };
        var records = new Option<int>("--records") { Description = "Record hashes printed of each dataset",
            DefaultValueFactory = _ => 3 };
        var command = new Command("lineage", "Where an object comes from, down to the records.") { name,
            registry, records };
        command.SetAction(parsed =>
        {
            using var workspace = TuneStage.Open(parsed.GetValue(registry)!);
            stage.Output.Write(Tuning.Registry.Lineage.Of(
                workspace.Registry, workspace.Registry.Resolve(parsed.GetValue(name)!),
                    parsed.GetValue(records)));
            return CommandLine.Done;
        });
        return command;
    }

    public Command Reproduce()
    {
        var registry = TuneStage.RegistryOption();
        var adapter = new Argument<string>("ADAPTER") { Description = "Hash of an adapter or a release" };
        var command = new Command("reproduce", "Trains an adapter's spec "
            + "again and compares every byte.") { adapter, registry };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var workspace = TuneStage.Open(parsed.GetValue(registry)!);
            var hash = TuneStage.AdapterOf(workspace, parsed.GetValue(adapter)!);
            var differing = await new EmbeddedRuns(workspace, stage.Trainer)
                .ReproduceAsync(hash, _ => { }, cancellation);
            stage.Output.WriteLine(differing.Count == 0
                ? $"{hash} reproduced, byte for byte"
                : $"{hash} not reproduced: {string.Join(", ", differing)} differ");
            return differing.Count == 0 ? CommandLine.Done : CommandLine.Failed;
        });
        return command;
    }

    public Command List()
    {
        var registry = TuneStage.RegistryOption();
        var command = new Command("list", "What is in the registry.") { registry };
        command.SetAction(parsed =>
        {
            using var workspace = TuneStage.Open(parsed.GetValue(registry)!);
            stage.Output.Write(Listed(workspace));
            return CommandLine.Done;
        });
        return command;
    }

    static string Listed(TuneWorkspace workspace)
    {
        var objects = new TextTable("kind", "hash");
        foreach (var kind in Enum.GetValues<ManifestKind>())
        {
            foreach (var hash in workspace.Registry.OfKind(kind))
                objects.Add(kind.ToString().ToLowerInvariant(), hash);
        }
        var names = new TextTable("name", "hash", "since (UTC)", "reason");
        foreach (var name in workspace.Registry.AliasNames())
        {
            var entry = workspace.Registry.Alias(name)!;
            names.Add(name, entry.Hash, $"{entry.At:yyyy-MM-dd HH:mm}", entry.Reason);
        }
        return $"{objects}\n{names}";
    }
}
