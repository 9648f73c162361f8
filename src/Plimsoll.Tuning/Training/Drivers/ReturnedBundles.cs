using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>
/// Takes back what a driver's trainer has made of a spec. From there on it is an adapter like any other: the
/// same gates judge it.
/// </summary>
public sealed class ReturnedBundles(TuneWorkspace workspace)
{
    static readonly string[] _kept =
        [PeftAdapter.ConfigFile, PeftAdapter.WeightsFile, "trainer_state.json", "README.md"];

    /// <param name="folder">A PEFT folder.</param>
    /// <param name="version">Of the trainer, as its own words.</param>
    /// <param name="usd">What the run cost; null when it is not known, and no cost is then claimed.</param>
    /// <returns>The adapter's hash.</returns>
    /// <exception cref="BadInputException">It is not of this spec or not of this base, or holds what engines
    /// would drop.</exception>
    public string Keep(string baseHash, string datasetHash, TrainingOptions options, string driver,
        string version, string folder, double? usd)
    {
        if (!DriverFiles.Names.Contains(driver))
        {
            throw new BadInputException(
                $"driver {driver}; expected {string.Join(", ", DriverFiles.Names)}");
        }
        using var model = workspace.OpenFolder(baseHash);
        var spec = HeldSpec.Of(workspace, options, model, baseHash, datasetHash, initialAdapter: null);
        var lora = PeftAdapter.ReadConfig(folder);
        Same(folder, "r", spec.Lora!.Rank, lora.Rank);
        Same(folder, "lora_alpha", spec.Lora.Alpha, lora.Alpha);
        Same(folder, "use_rslora", spec.Lora.RankStabilised, lora.RankStabilised);
        Same(folder, "target_modules", string.Join(",", spec.Lora.Targets), string.Join(",", lora.Targets));
        AdapterBase.Check(model, folder);
        PeftAdapter.ReadWeights(folder, lora, model.Config);
        var registry = workspace.Registry;
        var specManifest = Manifest.Of(ManifestKind.Spec,
            JsonSerializer.SerializeToNode(spec, CanonicalJson.Options)!.AsObject(),
            new Dictionary<string, string> { ["base"] = baseHash, ["dataset"] = datasetHash });
        var facts = new JsonObject { ["engine"] = driver, ["engine_version"] = version };
        if (usd is { } price)
            facts["usd"] = price;
        var run = Manifest.Of(
            ManifestKind.Run, facts, new Dictionary<string, string> { ["spec"] = specManifest.Hash });
        return registry.AddAll([specManifest, run, Manifest.Of(ManifestKind.Adapter, new JsonObject
        {
            ["base_weights_sha256"] = spec.BaseHash,
            ["template_sha256"] = spec.TemplateHash,
            ["tokenizer_sha256"] = spec.TokenizerHash,
        }, new Dictionary<string, string> { ["run"] = run.Hash }, _kept
            .Where(f => File.Exists(Path.Combine(folder, f)))
            .ToDictionary(f => f, f => registry.Blobs.Put(Path.Combine(folder, f))))]);
    }

    static void Same<T>(string folder, string key, T expected, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, found))
        {
            throw new BadInputException(FormattableString.Invariant(
                $"{Path.Combine(folder, PeftAdapter.ConfigFile)}: {key} {found}; the spec says {expected}"));
        }
    }
}
