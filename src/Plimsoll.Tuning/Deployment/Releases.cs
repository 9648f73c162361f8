using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Deployment;

/// <summary>
/// Evaluations become releases, releases become names. Nothing is released that a gate has not passed.
/// </summary>
public sealed class Releases(TuneWorkspace workspace)
{
    static readonly string[] _deployed = ["set_sha256", "format", "most_tokens", "engine"];

    readonly ModelRegistry _registry = workspace.Registry;

    /// <summary>An evaluation by these very settings; null when there is none.</summary>
    /// <param name="settings">Everything that decides what the gates see, files by their hash.</param>
    public (string Hash, IReadOnlyList<GateOutcome> Gates)? Evaluated(string adapter, JsonObject settings)
    {
        foreach (var hash in _registry.Users(adapter, "adapter"))
        {
            var manifest = _registry.Get(hash);
            if (manifest.Kind == ManifestKind.Evaluation
                && JsonNode.DeepEquals(manifest.Facts["settings"], settings))
            {
                return (hash, manifest.Facts["gates"].Deserialize<List<GateOutcome>>(
                    CanonicalJson.Options)!);
            }
        }
        return null;
    }

    /// <summary>What an adapter answered to a set before, deployed alike; null where not kept.</summary>
    /// <param name="settings">Of the evaluation that asks.</param>
    public IReadOnlyList<string>? Answers(string adapter, JsonObject settings)
    {
        foreach (var hash in _registry.Users(adapter, "adapter"))
        {
            var manifest = _registry.Get(hash);
            if (manifest.Kind == ManifestKind.Evaluation && manifest.Facts["settings"] is JsonObject kept
                && _deployed.All(key => JsonNode.DeepEquals(kept[key], settings[key])))
            {
                var lines = Encoding.UTF8.GetString(_registry.Blobs.Read(manifest.Blobs["answers.jsonl"]));
                return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l =>
                    JsonSerializer.Deserialize<JudgedExample>(l, CanonicalJson.Options)!.Candidate)];
            }
        }
        return null;
    }

    /// <summary>Keeps what a candidate was measured to do, with the answers.</summary>
    /// <param name="settings">As <see cref="Evaluated"/> will look for them.</param>
    public string AddEvaluation(string adapter, string set, string deployedForm,
        IReadOnlyList<JudgedExample> answers, IReadOnlyList<GateOutcome> gates, JsonObject? settings = null)
    {
        workspace.Of(adapter, ManifestKind.Adapter);
        var lines = answers.Select(a => CanonicalJson.Of(a));
        return _registry.Add(Manifest.Of(ManifestKind.Evaluation, new JsonObject
        {
            ["set"] = set,
            ["deployed_form"] = deployedForm,
            ["examples"] = answers.Count,
            ["settings"] = settings?.DeepClone(),
            ["gates"] = JsonSerializer.SerializeToNode(gates, CanonicalJson.Options),
        }, new Dictionary<string, string> { ["adapter"] = adapter },
            new Dictionary<string, string> { ["answers.jsonl"] = workspace.PutLines(lines) }));
    }

    /// <summary>The latest word of each gate over an adapter's evaluations.</summary>
    public IReadOnlyList<GateOutcome> GatesOf(string adapter)
    {
        var latest = new Dictionary<string, GateOutcome>();
        foreach (var evaluation in _registry.Users(adapter, "adapter").Select(_registry.Get)
            .Where(m => m.Kind == ManifestKind.Evaluation))
        {
            foreach (var gate in evaluation.Facts["gates"].Deserialize<List<GateOutcome>>(
                CanonicalJson.Options)!)
            {
                latest.TryAdd(gate.Gate, gate);
            }
        }
        return [.. latest.Values.OrderBy(g => g.Gate, StringComparer.Ordinal)];
    }

    /// <summary>Releases an adapter whose gates have all passed, parity and quality among them.</summary>
    /// <returns>The release; null when a gate stands in the way, named
    /// in <paramref name="refusal"/>.</returns>
    public string? Release(string adapter, string task, out string refusal)
    {
        var gates = GatesOf(adapter);
        refusal = "";
        foreach (var needed in new[] { "parity", "quality" })
        {
            if (gates.All(g => g.Gate != needed))
                refusal = $"{needed} has not been judged; expected an evaluation";
        }
        foreach (var gate in gates.Where(g => g.Verdict != GateVerdict.Passed))
            refusal = $"{gate.Gate} {gate.Verdict.ToString().ToLowerInvariant()}: {gate.Evidence}";
        if (refusal.Length > 0)
            return null;
        var evaluations = _registry.Users(adapter, "adapter")
            .Where(h => _registry.Get(h).Kind == ManifestKind.Evaluation)
            .Select((h, i) => KeyValuePair.Create($"evaluation-{i + 1}", h))
                .Append(KeyValuePair.Create("adapter", adapter));
        var release = _registry.Add(Manifest.Of(ManifestKind.Release, new JsonObject
        {
            ["task"] = task,
            ["gates"] = JsonSerializer.SerializeToNode(gates, CanonicalJson.Options),
        }, evaluations.ToDictionary()));
        _registry.SetAlias($"{task}@candidate", release, "released");
        return release;
    }

    /// <summary>Makes the candidate the task's production.</summary>
    public void Promote(string task, string release, string reason)
    {
        var manifest = workspace.Of(release, ManifestKind.Release);
        if (manifest.Facts["task"]!.GetValue<string>() != task)
        {
            throw new BadInputException($"release {release[..12]} is of task {manifest.Facts["task"]}; "
                + $"expected {task}");
        }
        _registry.SetAlias($"{task}@production", release, reason);
    }

    /// <summary>Points production at the release before the present one.</summary>
    /// <returns>That release.</returns>
    /// <exception cref="BadInputException">There is none before it.</exception>
    public string RollBack(string task, string reason)
    {
        var history = _registry.History($"{task}@production");
        if (history.Count == 0)
            throw new BadInputException($"{task}@production: no such name; expected a promoted task");
        // A release that was rolled back from is not what one goes back to.
        var stack = new List<string>();
        foreach (var entry in history)
        {
            if (stack.Count > 1 && stack[^2] == entry.Hash)
                stack.RemoveAt(stack.Count - 1);
            else if (stack.Count == 0 || stack[^1] != entry.Hash)
                stack.Add(entry.Hash);
        }
        if (stack.Count < 2)
            throw new BadInputException($"{task}: no release before {stack[^1][..12]}");
        _registry.SetAlias($"{task}@production", stack[^2], reason);
        return stack[^2];
    }
}
