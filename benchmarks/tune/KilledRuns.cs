using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// <c>plimsoll tune run</c> killed (kill -9) at a drawn moment of each of equal parts of its length, itself
/// or its trainer in turn, and typed again: the adapter's bytes beside those of a run that nobody killed.
/// </summary>
static class KilledRuns
{
    const string Options = "--rank 8 --epochs 100 --most-steps 400 --learning-rate 0.001 "
        + "--sequence-tokens 96 --batch-tokens 96";

    /// <returns>Kills that did not end in the same bytes, or that left something.</returns>
    public static int Run(string work, string modelFolder, int times)
    {
        var folder = Path.Combine(work, "killed");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        var whole = new KilledRun(Path.Combine(folder, "whole"), modelFolder, Options);
        var clock = Stopwatch.StartNew();
        whole.ToTheEnd();
        var length = clock.Elapsed;
        var bytes = whole.Adapter();
        Console.WriteLine($"a run of {length.TotalSeconds:F1} s: {bytes[..16]}");
        var draws = new RandomStream(seed: 1);
        var (differing, resumed) = (0, 0);
        for (var i = 0; i < times; i++)
        {
            var run = new KilledRun(Path.Combine(folder, $"{i}"), modelFolder, Options);
            var after = length * ((i + draws.NextDouble()) / times);
            var victim = i % 2 == 0 ? "plimsoll" : "its trainer";
            var was = run.Killed(after, trainer: i % 2 == 1);
            run.ToTheEnd();
            var same = run.Adapter() == bytes;
            var left = run.Left();
            differing += same && left == 0 ? 0 : 1;
            var from = run.ResumedFrom();
            resumed += from > 0 ? 1 : 0;
            Console.WriteLine($"{victim} killed after {after.TotalSeconds:F1} s, {was}: "
                + $"{(from > 0 ? $"went on from step {from}" : "began anew")}, "
                + $"{(same ? "the same bytes" : $"NOT {run.Adapter()[..16]}")}"
                + (left == 0 ? "" : $", {left} things LEFT in work"));
            Directory.Delete(run.Registry, recursive: true);
        }
        Console.WriteLine(
            $"{times} kills, {resumed} went on from a checkpoint, {differing} with other bytes or leavings");
        return differing;
    }
}

/// <summary>One registry in which one run is started, killed and started again, as by hand.</summary>
sealed class KilledRun
{
    readonly string _arguments;

    public KilledRun(string registry, string modelFolder, string options)
    {
        Registry = registry;
        using var workspace = new TuneWorkspace(registry, TimeProvider.System);
        var records = IntentSet.Load("banking77").Train.Where(u => u.Text.Length < 80).Take(600)
            .Select(u => new TrainingRecord
            {
                Messages = [new("user", u.Text), new("assistant", u.Intent)],
            });
        var (dataset, _) = workspace.AddDataset([.. records], new DatasetOptions { ValidationShare = 0 },
            workspace.AddBase(modelFolder), new JsonObject(), default);
        _arguments = $"tune run --registry {registry} --base {modelFolder} --dataset {dataset} {options}";
    }

    public string Registry { get; }

    public void ToTheEnd()
    {
        using var process = Start();
        var story = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new BadInputException($"{_arguments}: ended with code {process.ExitCode}: {story}");
    }

    /// <returns>What it was doing.</returns>
    public string Killed(TimeSpan after, bool trainer)
    {
        using var process = Start();
        var story = process.StandardError.ReadToEndAsync();
        if (process.WaitForExit(after))
            return "when it had ended";
        var was = Doing();
        var victims = trainer ? Children(process.Id) : [process.Id];
        foreach (var victim in victims.DefaultIfEmpty(process.Id))
            Kill(victim);
        process.WaitForExit();
        story.Wait();
        return victims.Count == 0 ? "before it had one" : was;
    }

    /// <summary>The hash of the one adapter's weights.</summary>
    public string Adapter()
    {
        using var workspace = new TuneWorkspace(Registry, TimeProvider.System);
        var registry = workspace.Registry;
        return registry.Get(registry.OfKind(ManifestKind.Adapter).Single()).Blobs[PeftAdapter.WeightsFile];
    }

    /// <summary>What is in the folder of work under way once nothing is.</summary>
    public int Left() => Directory.GetFileSystemEntries(Path.Combine(Registry, "work")).Length;

    /// <summary>0: from the beginning.</summary>
    public int ResumedFrom()
    {
        using var workspace = new TuneWorkspace(Registry, TimeProvider.System);
        var registry = workspace.Registry;
        var run = registry.Get(registry.Get(registry.OfKind(ManifestKind.Adapter).Single()).Links["run"]);
        var first = Encoding.UTF8.GetString(registry.Blobs.Read(run.Blobs["log.jsonl"])).Split('\n')[0];
        return JsonNode.Parse(first)! is var e && (string)e["kind"]! == "resumed" ? (int)e["step"]! : 0;
    }

    string Doing()
    {
        using var workspace = new TuneWorkspace(Registry, TimeProvider.System);
        return Plimsoll.Tuning.Training.RunProgress.Of(workspace) is [var run, ..]
            ? $"at about step {run.Event.Step}" : "before its first step or after its last";
    }

    Process Start() => Process.Start(new ProcessStartInfo(
        Path.Combine(SharedData.Root(), "plimsoll"), _arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    static void Kill(int id)
    {
        try
        {
            using var killed = Process.GetProcessById(id);
            killed.Kill();
        }
        catch (ArgumentException)
        {
            // It has just ended by itself.
        }
    }

    static List<int> Children(int parent)
    {
        var tasks = $"/proc/{parent}/task";
        if (!Directory.Exists(tasks))
            throw new BadInputException($"{tasks}: no such folder; expected Linux and a process that runs");
        var children = new List<int>();
        foreach (var task in Directory.GetDirectories(tasks))
        {
            try
            {
                children.AddRange(File.ReadAllText(Path.Combine(task, "children"))
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
            }
            catch (IOException)
            {
                // A thread that has just ended.
            }
        }
        return children;
    }
}
