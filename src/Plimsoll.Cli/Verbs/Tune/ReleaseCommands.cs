using System.CommandLine;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Drafts;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary><c>plimsoll tune release|promote|rollback</c>.</summary>
sealed class ReleaseCommands(TuneStage stage)
{
    public Command Release()
    {
        var registry = TuneStage.RegistryOption();
        var adapter = new Argument<string>("ADAPTER") { Description = "Hash of the candidate" };
        var task = new Option<string>("--task") { Description = "Name of the task", Required = true };
        var (traffic, by) = (DraftCommand.TrafficOption(), DraftCommand.AnsweredByOption());
        var command = new Command("release", "Releases an adapter whose gates have all passed, and measures "
            + "how far drafts carry its answers.") { adapter, registry, task, traffic, by };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var workspace = TuneStage.Open(parsed.GetValue(registry)!);
            var hash = TuneStage.AdapterOf(workspace, parsed.GetValue(adapter)!);
            if (new Releases(workspace).Release(hash, parsed.GetValue(task)!, out var refusal)
                is not { } release)
            {
                stage.Output.WriteLine($"not released: {refusal}");
                return CommandLine.Failed;
            }
            stage.Output.WriteLine($"release {release}\n  {parsed.GetValue(task)}@candidate");
            await new DraftMeasure(stage, workspace).AfterReleaseAsync(
                release, parsed.GetValue(traffic), parsed.GetValue(by), cancellation);
            return CommandLine.Done;
        });
        return command;
    }

    public Command Promote()
    {
        var registry = TuneStage.RegistryOption();
        var task = new Argument<string>("TASK") { Description = "Name of the task" };
        var release = new Option<string?>("--release") { Description = "Its hash [default: TASK@candidate]" };
        var reason = new Option<string>("--reason") { Description = "Kept in the history",
            DefaultValueFactory = _ => "promoted" };
        var command = new Command("promote", "Makes a release the task's production.") { task, registry,
            release, reason };
        command.SetAction(parsed =>
        {
            using var workspace = TuneStage.Open(parsed.GetValue(registry)!);
            var name = parsed.GetValue(task)!;
            var hash = workspace.Registry.Resolve(parsed.GetValue(release) ?? $"{name}@candidate");
            new Releases(workspace).Promote(name, hash, parsed.GetValue(reason)!);
            stage.Output.WriteLine($"{name}@production {hash}");
            SayStale(workspace, name);
            return CommandLine.Done;
        });
        return command;
    }

    public Command Rollback()
    {
        var registry = TuneStage.RegistryOption();
        var task = new Argument<string>("TASK") { Description = "Name of the task" };
        var reason = new Option<string>("--reason") { Description = "Kept in the history",
            DefaultValueFactory = _ => "rolled back" };
        var command = new Command("rollback", "Points production at the release before.") { task, registry,
            reason };
        command.SetAction(parsed =>
        {
            using var workspace = TuneStage.Open(parsed.GetValue(registry)!);
            var name = parsed.GetValue(task)!;
            stage.Output.WriteLine($"{name}@production "
                + $"{new Releases(workspace).RollBack(name, parsed.GetValue(reason)!)}");
            SayStale(workspace, name);
            return CommandLine.Done;
        });
        return command;
    }

    // Another target answers now; what its draft was measured at no longer holds.
    void SayStale(TuneWorkspace workspace, string task)
    {
        if (new DraftRecords(workspace).InUse(task) is { IsStale: true } used)
            stage.Output.WriteLine($"  {DraftLines.Stale(used)}");
    }
}
