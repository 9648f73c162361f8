using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tuning.Drafts;

/// <summary>
/// Where a draft model's training starts: the release itself with fewer of its layers. Vocabulary and
/// template are then the target's by construction, which speculation needs.
/// </summary>
public static class DraftStart
{
    /// <summary>Writes a Hugging Face folder.</summary>
    /// <param name="adapterFolder">Merged into the weights; null for none.</param>
    /// <param name="layers">Fewer than the target's.</param>
    /// <exception cref="BadInputException">Not fewer, or the adapter is of another base.</exception>
    public static void Write(ModelFolder target, string? adapterFolder, int layers, string folder)
    {
        Check(target, layers);
        if (adapterFolder is not null)
            AdapterBase.Check(target, adapterFolder);
        var config = target.Config with { Layers = layers };
        ModelFolder.WriteParts(folder, config, target.Tokenizer, target.Template.Source);
        using var stream = File.Create(Path.Combine(folder, ModelFolder.WeightsFile));
        Safetensors.Write(stream, Tensors(target, adapterFolder, config));
    }

    /// <exception cref="BadInputException">Not fewer layers than the target has.</exception>
    public static void Check(ModelFolder target, int layers)
    {
        if (layers < 1 || layers >= target.Config.Layers)
        {
            throw new BadInputException($"draft of {layers} layers: expected 1 to "
                + $"{target.Config.Layers - 1}, fewer than the target has");
        }
    }

    /// <summary>The target's layers that stay: evenly spread, the first and the last among them.</summary>
    public static int[] Kept(int of, int layers) => [.. Enumerable.Range(0, layers)
        .Select(i => layers == 1 ? 0 : (int)Math.Round(i * (of - 1.0) / (layers - 1)))];

    static IEnumerable<NamedTensor> Tensors(ModelFolder target, string? adapterFolder, ModelConfig config)
    {
        var lora = adapterFolder is null ? null : PeftAdapter.ReadConfig(adapterFolder);
        var factors = adapterFolder is null ? []
            : PeftAdapter.ReadWeights(adapterFolder, lora!, target.Config);
        var kept = Kept(target.Config.Layers, config.Layers);
        foreach (var (name, shape) in config.Weights())
        {
            var source = Source(name, kept);
            var values = target.Read(source).ToFloats();
            if (factors.TryGetValue(source[..source.LastIndexOf('.')], out var pair))
                LoraMerge.Add(values, pair.A.ToFloats(), pair.B.ToFloats(), lora!);
            yield return NamedTensor.Of(name, shape, values);
        }
    }

    static string Source(string name, int[] kept)
    {
        const string layers = "model.layers.";
        if (!name.StartsWith(layers, StringComparison.Ordinal))
            return name;
        var end = name.IndexOf('.', layers.Length);
        return $"{layers}{kept[int.Parse(name.AsSpan(layers.Length, end - layers.Length))]}{name[end..]}";
    }
}
